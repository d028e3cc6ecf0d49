using Steelyard.Config;

namespace Steelyard.Engine.Metering;

/// <summary>What the routes of a configuration are counted under: their names, or what they match. Routes of one name are counted together. Immutable.</summary>
public sealed class RouteNames
{
    /// <summary>Requests that no route takes, or that were not understood so far.</summary>
    public const string None = "(none)";

    private readonly List<string> _names = [None];
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.Ordinal) { [None] = 0 };

    /// <param name="snapshot">The configuration.</param>
    public RouteNames(Snapshot snapshot)
    {
        foreach (var listener in snapshot.Listeners)
        {
            foreach (var route in listener.Routes)
            {
                if (_ordinals.TryAdd(Of(route), _names.Count))
                    _names.Add(Of(route));
            }
        }
    }

    /// <summary>How many there are; the first is <see cref="None"/>.</summary>
    public int Count => _names.Count;

    /// <summary>The name with an ordinal.</summary>
    public string this[int ordinal] => _names[ordinal];

    /// <summary>The ordinal of a name; -1 for none.</summary>
    public int Find(string name) => _ordinals.GetValueOrDefault(name, -1);

    /// <summary>The ordinal of a route of the same configuration.</summary>
    public int OrdinalOf(RouteSettings route) => _ordinals[Of(route)];

    /// <summary>The name of a route: the one it was given, else host and path as they are matched, <c>*</c> for anything.</summary>
    public static string Of(RouteSettings route) => route.Name ?? (route.Host, route.Path) switch
    {
        (null, null) => "*",
        (null, var path) => path,
        (var host, null) => host + "/*",
        var (host, path) => host + path,
    };
}

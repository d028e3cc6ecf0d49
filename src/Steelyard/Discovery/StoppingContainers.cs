using System.Globalization;
using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>
/// Containers that were sent the signal to end: they run, and are no servers any more. One that goes on in spite of it is
/// one again after a while.
/// </summary>
internal sealed class StoppingContainers
{
    // Longer than Docker waits by default before it kills, which is 10 s.
    private const long PatienceMilliseconds = 30_000;
    private const int FirstRealTimeSignal = 34;

    private static readonly (string Name, int Number)[] s_signals =
        [("HUP", 1), ("INT", 2), ("QUIT", 3), ("ABRT", 6), ("KILL", 9), ("USR1", 10), ("USR2", 12), ("TERM", 15), ("WINCH", 28), ("PWR", 30)];

    private readonly Dictionary<string, int> _stopSignals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _until = new(StringComparer.Ordinal);

    /// <summary>Takes notice of what happens to a container.</summary>
    public void Note(string id, DockerEvent happened)
    {
        if (happened.Action == "kill" && SignalOf(happened) is { } signal && (signal is 9 || signal == _stopSignals.GetValueOrDefault(id, 15)))
            _until[id] = Environment.TickCount64 + PatienceMilliseconds;
        else if (happened.Action is "die" or "start")
            _until.Remove(id);
    }

    /// <summary>Forgets all containers but these.</summary>
    public void Keep(IReadOnlyList<ContainerDetail> containers)
    {
        _stopSignals.Clear();
        foreach (var container in containers)
            _stopSignals[container.Id] = NumberOf(container.Config?.StopSignal);
        foreach (var (id, until) in _until.ToList())
        {
            if (!_stopSignals.ContainsKey(id) || until <= Environment.TickCount64)
                _until.Remove(id);
        }
    }

    public bool Has(string id) => _until.ContainsKey(id);

    /// <summary>The signal that was sent; null for none that is known.</summary>
    public static int? SignalOf(DockerEvent happened) =>
        int.TryParse(happened.Actor?.Attributes?.GetValueOrDefault("signal"), NumberStyles.None, CultureInfo.InvariantCulture, out var signal) ? signal : null;

    private static int NumberOf(string? signal)
    {
        if (string.IsNullOrEmpty(signal))
            return 15;
        if (int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        var name = signal.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        if (name.StartsWith("RTMIN+", StringComparison.Ordinal) && int.TryParse(name.AsSpan("RTMIN+".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var above))
            return FirstRealTimeSignal + above;
        return Array.Find(s_signals, known => known.Name == name) is { Number: > 0 } found ? found.Number : 15;
    }
}

using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>An app's command with the places an instance fills in: <c>{port}</c>, <c>{socket}</c>, <c>{instance}</c>.</summary>
internal sealed class CommandTemplate(ValueList<string> words)
{
    public bool UsesSocket { get; } = words.Any(word => word.Contains("{socket}"));

    /// <summary>A command that names neither place is told its port in the environment.</summary>
    public bool UsesPort => !UsesSocket || words.Any(word => word.Contains("{port}"));

    /// <summary>The words for one instance, with this program's own words in place of a first word <c>steelyard</c>.</summary>
    public IReadOnlyList<string> Fill(int instance, string? socket, int? port, IReadOnlyList<string> thisProgram)
    {
        var filled = new List<string>();
        foreach (var word in words)
        {
            if (filled.Count == 0 && word == "steelyard")
                filled.AddRange(thisProgram);
            else
                filled.Add(word.Replace("{socket}", socket).Replace("{port}", port?.ToString()).Replace("{instance}", instance.ToString()));
        }
        return filled;
    }
}

using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>An app's command with the places an instance fills in: <c>{port}</c>, <c>{socket}</c>, <c>{instance}</c> from 1 and <c>{index}</c> from 0.</summary>
internal sealed class CommandTemplate(ValueList<string> words)
{
    /// <summary>The words for one instance, with this program's own words in place of a first word <c>steelyard</c>.</summary>
    public IReadOnlyList<string> Fill(int instance, string? socket, int? port, IReadOnlyList<string> thisProgram)
    {
        var filled = new List<string>();
        foreach (var word in words)
        {
            if (filled.Count == 0 && word == "steelyard")
                filled.AddRange(thisProgram);
            else
                filled.Add(Fill(word, instance, socket, port));
        }
        return filled;
    }

    /// <summary>One text for one instance; a place that it does not have stays as it is written.</summary>
    public static string Fill(string text, int instance, string? socket, int? port)
    {
        if (socket is not null)
            text = text.Replace("{socket}", socket);
        if (port is not null)
            text = text.Replace("{port}", port.Value.ToString(CultureInfo.InvariantCulture));
        return text.Replace("{instance}", instance.ToString(CultureInfo.InvariantCulture)).Replace("{index}", (instance - 1).ToString(CultureInfo.InvariantCulture));
    }
}

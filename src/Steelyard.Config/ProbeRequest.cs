using System.Text;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config;

/// <summary>A request that asks for a server's health, without what the check adds itself.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The target, in origin form.</param>
/// <param name="Host">The Host; null for the server's address.</param>
/// <param name="Fields">Further fields.</param>
/// <param name="Body">The body, each character a byte; empty for none.</param>
public sealed record ProbeRequest(string Method, string Path, string? Host, ValueList<ProbeField> Fields, string Body)
{
    /// <summary>The request that settings of a check by HTTP ask for.</summary>
    public static ProbeRequest Of(HealthSettings settings) => new(settings.Method, settings.Path, settings.Host, settings.Fields, "");

    /// <summary>Reads a request as a step of a script has it, where that was found right.</summary>
    public static ProbeRequest Parse(string text) => TryParse(text, out var request, out _) ? request : throw new ArgumentException("not a request", nameof(text));

    /// <summary>Reads a request as a step of a script has it: method and target in the first line, a field in each further one, a body behind an empty one.</summary>
    internal static bool TryParse(string text, out ProbeRequest request, out Mistake mistake)
    {
        request = new("GET", "/", null, default, "");
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = (end < 0 ? text.TrimEnd('\n') : text[..end]).Split('\n');
        var first = lines[0].Split(' ');
        mistake = first is not [var method, ['/', ..] path] || !HeaderTable.IsToken(method) || method == "CONNECT" || path.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0
            ? new($"{Shown.Quote(lines[0])} is not what a request begins with", "a method and a path, such as GET /health")
            : default;
        if (mistake.Message is not null)
            return false;
        List<ProbeField> fields = [];
        string? host = null;
        foreach (var line in lines[1..])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].Trim(' '));
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                host = value;
            else
                fields.Add(new(name, value));
            mistake = colon < 0 || value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0 ? new($"{Shown.Quote(line)} is no field", "a name, a colon and a value")
                : host is null || fields.Count > 0 ? HeaderTable.FindMistakeInName(name, orOfClient: false) : default;
            if (mistake.Message is not null)
                return false;
        }

        request = new(first[0], first[1], host, fields.ToValueList(), end < 0 ? "" : text[(end + 2)..]);
        return true;
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Method).Append(' ').Append(Path);
        if (Host is not null)
            text.Append("\nHost: ").Append(Host);
        foreach (var field in Fields.AsSpan())
            text.Append('\n').Append(field.Name).Append(": ").Append(field.Value);
        return Body.Length == 0 ? text.ToString() : text.Append("\n\n").Append(Body).ToString();
    }
}

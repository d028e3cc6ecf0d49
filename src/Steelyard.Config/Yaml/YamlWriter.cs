using System.Buffers;
using System.Globalization;
using System.Text;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Yaml;

/// <summary>Writes a snapshot in Steelyard's own dialect: reading it back gives an equal snapshot. Defaults are left out.</summary>
internal sealed class YamlWriter
{
    // Whatever else a value holds, with only these after a letter or digit no parser takes it for anything but text.
    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");

    private readonly StringBuilder _text = new();

    public static string Write(Snapshot snapshot)
    {
        var writer = new YamlWriter();
        var blank = new Drafts.SnapshotDraft(default);
        writer.Settings(FileTable.Table, blank with { Loops = snapshot.Loops, Shutdown = snapshot.Shutdown }, blank, "");
        writer.Section("timeouts", TimeoutsTable.Table, snapshot.Timeouts, new());
        writer.Section("limits", LimitsTable.Table, snapshot.Limits, new());
        writer.Line("listen:");
        foreach (var listener in snapshot.Listeners)
            writer.Listener(listener);
        writer.Line("pools:");
        foreach (var pool in snapshot.Pools)
            writer.Pool(pool);
        return writer._text.ToString();
    }

    private void Section<T>(string name, DirectiveTable<T> table, T settings, T defaults)
        where T : IEquatable<T>
    {
        if (settings.Equals(defaults))
            return;
        Line($"{name}:");
        Settings(table, settings, defaults, "  ");
    }

    private void Settings<T>(DirectiveTable<T> table, T settings, T defaults, string indentation)
    {
        foreach (var directive in table.Directives)
        {
            if (directive.Write(settings) is { } value && value != directive.Write(defaults))
                Line($"{indentation}{directive.Name}: {value}");
        }
    }

    private void Listener(ListenerSettings listener)
    {
        Line($"  - bind: {OneOrMany(listener.Bind, address => address.ToString())}");
        if (listener.TrustedProxies.Count > 0)
            Line($"    trusted-proxies: {Many(listener.TrustedProxies, NetworkText.Write)}");
        if (listener.Routes.Count == 1 && listener.Routes[0] is { Host: null, Path: null } all)
        {
            Line($"    to: {Text(all.Pool)}");
            return;
        }

        Line("    routes:");
        foreach (var route in listener.Routes)
        {
            var host = route.Host is null ? "" : $"host: {Text(route.Host)}, ";
            var path = route.Path is null ? "" : $"path: {Text(route.Path)}, ";
            Line($"      - {{ {host}{path}to: {Text(route.Pool)} }}");
        }
    }

    private void Pool(PoolSettings pool)
    {
        Line($"  {Text(pool.Name)}:");
        var blank = new Drafts.PoolDraft(default(Drafts.Located<string>));
        Settings(PoolTable.Pools, blank with { Balance = pool.Balance }, blank, "    ");
        if (pool.Servers.Count > 0)
            Line("    servers:");
        foreach (var server in pool.Servers)
        {
            var address = Text(server.Address.ToString());
            Line(server.Weight == 1 ? $"      - {address}" : $"      - {{ address: {address}, weight: {server.Weight} }}");
        }

        if (pool.App is not { } app)
            return;
        Line("    app:");
        Line($"      command: {Many(app.Command, word => word)}");
        var oneInstance = new Drafts.AppDraft(default(Drafts.Place));
        Settings(PoolTable.App, oneInstance with { Instances = app.Instances }, oneInstance, "      ");
    }

    private void Line(string line) => _text.Append(line).Append('\n');

    private static string OneOrMany<T>(ValueList<T> values, Func<T, string> write) =>
        values.Count == 1 ? Text(write(values[0])) : Many(values, write);

    private static string Many<T>(ValueList<T> values, Func<T, string> write) =>
        $"[{string.Join(", ", values.Select(value => Text(write(value))))}]";

    private static string Text(string text)
    {
        if (IsPlain(text))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append((char)rune.Value);
            else if (rune.Value is (>= ' ' and < 0x7F) or > 0xFFFF || Rune.IsLetterOrDigit(rune))
                quoted.Append(rune.ToString());
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
        }

        return quoted.Append('"').ToString();
    }

    // A colon is plain where it begins no value, as in 10.0.0.1:3000.
    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!PlainCharacters.Contains(text[i]) && (text[i] != ':' || !char.IsAsciiLetterOrDigit(text[i + 1])))
                return false;
        }

        return true;
    }
}

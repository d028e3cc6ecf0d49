using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The changes of one kind of head on one route, compiled: the listener's, then the route's. Immutable, shared by all
/// loops.
/// </summary>
internal sealed class FieldEdits
{
    private readonly byte[][] _dropped;
    private readonly (byte[] NameAndColon, TemplateBytes Value, bool ReadsSent)[] _lines;
    private readonly int _hostLine;

    private FieldEdits(byte[][] dropped, (byte[], TemplateBytes, bool)[] lines, int hostLine) =>
        (_dropped, _lines, _hostLine) = (dropped, lines, hostLine);

    /// <summary>A Host line is written, so that nobody else writes one.</summary>
    public bool SetsHost => _hostLine >= 0;

    /// <summary>Works the changes out; null when there are none. What the route removes or sets, the listener does not.</summary>
    public static FieldEdits? From(HeaderEdits listener, HeaderEdits route)
    {
        var overridden = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in route.Remove)
            overridden.Add(name);
        foreach (var line in route.Set)
            overridden.Add(line.Name);

        var dropped = new HashSet<string>(overridden, StringComparer.OrdinalIgnoreCase);
        var lines = new List<HeaderLine>();
        foreach (var name in listener.Remove)
            dropped.Add(name);
        foreach (var line in listener.Set)
        {
            dropped.Add(line.Name);
            if (!overridden.Contains(line.Name))
                lines.Add(line);
        }

        foreach (var line in listener.Add)
        {
            if (!overridden.Contains(line.Name))
                lines.Add(line);
        }

        lines.AddRange(route.Set);
        lines.AddRange(route.Add);
        if (dropped.Count + lines.Count == 0)
            return null;
        var names = new List<byte[]>();
        foreach (var name in dropped)
            names.Add(Encoding.ASCII.GetBytes(name));
        return new FieldEdits(
            [.. names],
            [.. lines.ConvertAll(line => (Encoding.ASCII.GetBytes(line.Name + ": "), new TemplateBytes(line.Value), ExpressionSearch.Any(line.Value, one => one is FetchExpression { Kind: FetchKind.SentHeader })))],
            lines.FindIndex(line => line.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>Whether the lines of a name are taken out.</summary>
    public bool Drops(ReadOnlySpan<byte> name)
    {
        foreach (var dropped in _dropped)
        {
            if (dropped.Length == name.Length && Ascii.EqualsIgnoreCase(dropped, name))
                return true;
        }

        return false;
    }

    /// <summary>Whether the lines of a name are taken out of requests, for it is one of those, or cannot be told from it.</summary>
    public bool DropsAlike(ReadOnlySpan<byte> name)
    {
        foreach (var dropped in _dropped)
        {
            if (Field.IsAlike(name, dropped))
                return true;
        }

        return false;
    }

    /// <summary>Writes the lines that are set and added. A Host that comes out empty is the pool's name.</summary>
    public void Write(ref BlockWriter writer, in TemplateScope scope)
    {
        for (var i = 0; i < _lines.Length; i++)
        {
            var (name, value, readsSent) = _lines[i];
            if (readsSent)
                Write(ref writer, name, value, scope with { SentHead = writer.Written.Span }, orPool: i == _hostLine);
            else
                Write(ref writer, name, value, scope, orPool: i == _hostLine);
        }
    }

    private static void Write(ref BlockWriter writer, byte[] name, TemplateBytes value, in TemplateScope scope, bool orPool)
    {
        var empty = value.IsEmpty(scope);
        if (empty && !orPool)
            return;
        writer.Write(name);
        if (empty)
            writer.Write(scope.Pool);
        else
            value.Write(ref writer, scope);
        writer.Write("\r\n"u8);
    }
}

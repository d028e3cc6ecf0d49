using System.Globalization;
using System.Net;
using System.Text;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>What a request has to come to, so that the configuration can be used.</summary>
/// <param name="Request">Method and target, as in <c>GET http://host/path</c>; scheme and host may be left out.</param>
/// <param name="Fields">Further fields of the request.</param>
/// <param name="From">The address it comes from; null for 127.0.0.1.</param>
/// <param name="Listener">The listener it comes to, by one of its addresses; null for the one that the URL's port belongs to.</param>
/// <param name="End">What it comes to.</param>
public sealed record Expectation(string Request, ValueList<ProbeField> Fields, IPAddress? From, NetworkAddress? Listener, ExpectedEnd End)
{
    internal const string Accepts = "a request, an arrow and what it comes to, such as GET http://example.com/api -> pool api";

    private const string Arrow = " -> ";

    /// <summary>Reads <c>GET /path [Name: value] from ADDRESS at ADDRESS -> END</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="expectation">What it says.</param>
    /// <param name="mistake">Why it says nothing.</param>
    internal static bool TryParse(string text, out Expectation expectation, out Mistake mistake)
    {
        (expectation, mistake) = (null!, default);
        var arrow = text.LastIndexOf(Arrow, StringComparison.Ordinal);
        if (arrow < 0)
        {
            mistake = new($"{Shown.Quote(text)} has no ' -> '", Accepts);
            return false;
        }

        if (!ExpectedEnd.TryParse(text[(arrow + Arrow.Length)..].Trim(), out var end, out mistake))
            return false;
        var rest = text[..arrow].Trim();
        List<ProbeField> fields = [];
        while (rest.IndexOf('[', StringComparison.Ordinal) is var open and >= 0 && IsField(rest, open))
        {
            var close = rest.IndexOf(']', open);
            var colon = rest.IndexOf(':', open);
            if (close < 0 || colon < 0 || colon > close || rest[(open + 1)..colon].Trim().Length == 0)
            {
                mistake = new($"{Shown.Quote(rest[open..])} is not a field", "such as [Host: example.com]");
                return false;
            }

            fields.Add(new(rest[(open + 1)..colon].Trim(), rest[(colon + 1)..close].Trim()));
            rest = (rest[..open].TrimEnd() + " " + rest[(close + 1)..].TrimStart()).Trim();
        }

        var words = rest.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        (IPAddress? from, NetworkAddress? listener) = (null, null);
        var count = words.Length;
        for (; count >= 3 && words[count - 2] is "from" or "at"; count -= 2)
        {
            if (words[count - 2] == "from" ? !IPAddress.TryParse(words[count - 1], out from) : !NetworkAddress.TryParse(words[count - 1], out listener, out _))
            {
                mistake = new($"{Shown.Quote(words[count - 1])} is not an address", words[count - 2] == "from" ? "such as 203.0.113.7" : "that of a listener, such as :8080");
                return false;
            }
        }

        var target = count is 1 or 2 ? words[count - 1] : "";
        if (!(target.StartsWith('/') || target.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || target.StartsWith("https://", StringComparison.OrdinalIgnoreCase)))
        {
            mistake = new($"{Shown.Quote(rest)} is not a request", "a method and a URL or a path, such as GET http://example.com/api");
            return false;
        }

        expectation = new(count == 1 ? "GET " + target : $"{words[0]} {target}", fields.ToValueList(), from, listener, end);
        return true;
    }

    // An IPv6 host has brackets too, and no blank before them.
    private static bool IsField(string text, int open) => open > 0 && text[open - 1] == ' ';

    /// <summary>The expectation as the configuration writes it; reading that gives an equal one.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Request);
        foreach (var field in Fields)
            text.Append(CultureInfo.InvariantCulture, $" [{field.Name}: {field.Value}]");
        if (From is not null)
            text.Append(" from ").Append(From);
        if (Listener is not null)
            text.Append(" at ").Append(Listener);
        return text.Append(Arrow).Append(End).ToString();
    }
}

/// <summary>What a request comes to.</summary>
/// <param name="Kind">Which of the ways.</param>
/// <param name="Name">The pool, the server, or where the client is sent; empty for any, or where there is none.</param>
/// <param name="Status">The status of an answer; 0 where that is not it.</param>
public sealed record ExpectedEnd(ExpectedKind Kind, string Name = "", int Status = 0)
{
    private const string Accepts = "'pool NAME', 'server NAME', 'files', 'closed', or a status such as 403 or 301 https://example.com/";

    internal static bool TryParse(string text, out ExpectedEnd end, out Mistake mistake)
    {
        mistake = default;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        end = words switch
        {
            ["pool", var name] => new(ExpectedKind.Pool, name),
            ["server", var name] => new(ExpectedKind.Server, name),
            ["files"] => new(ExpectedKind.Files),
            ["closed"] => new(ExpectedKind.Closed),
            [var status] when IsStatus(status, out var number) => new(ExpectedKind.Answer, Status: number),
            [var status, var location] when IsStatus(status, out var number) && number is >= 300 and < 400 => new(ExpectedKind.Answer, location, number),
            _ => null!,
        };
        if (end is null)
            mistake = new($"{Shown.Quote(text)} is nothing that a request comes to", Accepts);
        return end is not null;
    }

    private static bool IsStatus(string text, out int status) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 200 and <= 599;

    /// <summary>As the configuration writes it.</summary>
    public override string ToString() => Kind switch
    {
        ExpectedKind.Pool => $"pool {Name}",
        ExpectedKind.Server => $"server {Name}",
        ExpectedKind.Files => "files",
        ExpectedKind.Closed => "closed",
        _ => Name.Length == 0 ? Status.ToString(CultureInfo.InvariantCulture) : $"{Status.ToString(CultureInfo.InvariantCulture)} {Name}",
    };
}

/// <summary>The ways in which a request can end.</summary>
public enum ExpectedKind
{
    /// <summary>A pool gets it.</summary>
    Pool,

    /// <summary>A server gets it, whichever turn it is.</summary>
    Server,

    /// <summary>The client is told a status, and sent elsewhere perhaps.</summary>
    Answer,

    /// <summary>The client gets a file.</summary>
    Files,

    /// <summary>The connection is closed.</summary>
    Closed,
}

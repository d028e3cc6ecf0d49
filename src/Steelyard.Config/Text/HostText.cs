using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Text;

/// <summary>Hosts: names and addresses as servers have them, and the patterns of routes.</summary>
internal static class HostText
{
    /// <summary>A name of letters, digits, hyphens and underscores; each part 1 to 63, all at most 253.</summary>
    public static bool IsName(string host)
    {
        foreach (var range in host.AsSpan().Split('.'))
        {
            var label = host.AsSpan(range);
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
                return false;
            foreach (var c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                    return false;
            }
        }

        return host.Length <= 253;
    }

    /// <summary>Whether the last part is a number, which no name of the network has.</summary>
    public static bool LooksLikeIPv4(string host)
    {
        var last = host.AsSpan(host.LastIndexOf('.') + 1);
        return last.Length > 0 && !last.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Four decimal numbers; <c>010</c> is refused, for half the world's parsers take it for 8.</summary>
    public static bool IsIPv4(string host)
    {
        var parts = 0;
        foreach (var range in host.AsSpan().Split('.'))
        {
            var part = host.AsSpan(range);
            if (!byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _) || (part.Length > 1 && part[0] == '0'))
                return false;
            parts++;
        }

        return parts == 4;
    }

    /// <summary>The host of a route: lower case; exact, everything below a name or that starts with one, or what an expression matches.</summary>
    public static bool TryParsePattern(string text, out string host, out Mistake mistake)
    {
        if (text.StartsWith('~'))
        {
            host = text;
            mistake = default;
            if (text.Length == 1)
                mistake = new("the expression is empty", "a regular expression, such as ~^www\\d+\\.example\\.com$");
            else
                _ = BytePattern.TryParse(text[1..], ignoreCase: true, out _, out mistake);
            return mistake.Message is null;
        }

        host = text.ToLowerInvariant();
        mistake = FindMistake(text, host);
        return mistake.Message is null;
    }

    private static Mistake FindMistake(string text, string host)
    {
        const string Expected = "a host name such as api.example.com, or *.example.com for every name below it";
        if (host.Length == 0)
            return new("the host is empty", "a host name, or no 'host' for any host");
        if (host == "*")
            return new("'*' alone is not a host", "no 'host' for any host");
        if (host.Contains("://", StringComparison.Ordinal))
            return new($"{Shown.Quote(text)} is a URL, not a host", Expected);
        if (host.Contains('/'))
            return new($"the host {Shown.Quote(text)} contains a path", "the host alone, and its path as 'path'");
        if (host[0] == '[')
            return FindMistakeInBrackets(text, host);
        if (IPAddress.TryParse(host, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6)
            return new($"the IPv6 host {Shown.Quote(text)} has no brackets", "brackets as a browser sends them", $"[{host}]");
        if (host.LastIndexOf(':') is var colon and >= 0)
            return new($"the host {Shown.Quote(text)} contains a port", "the host alone: a route matches on every port its listener binds", colon > 0 ? Shown.Cut(host[..colon]) : null);

        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host.EndsWith(".*", StringComparison.Ordinal) ? host[..^2] : host;
        if (name.Contains('*'))
            return new($"the host {Shown.Quote(text)} has a '*' that is neither at its front nor at its end", "*. at the front or .* at the end, as in *.example.com");
        if (name.EndsWith('.') && IsName(name[..^1]))
            return new($"the host {Shown.Quote(text)} ends in a dot", "the name without its last dot", host[..^1]);
        if (LooksLikeIPv4(name) && (!IsIPv4(name) || name.Length != host.Length))
            return new($"{Shown.Quote(text)} is neither a name nor an address", Expected);
        if (!System.Text.Ascii.IsValid(name))
            return new($"the host {Shown.Quote(text)} has letters outside ASCII", "the form that browsers send, which begins with xn--");
        return IsName(name) ? default : new($"{Shown.Quote(text)} is not a host name", Expected);
    }

    private static Mistake FindMistakeInBrackets(string text, string host)
    {
        var close = host.IndexOf(']');
        if (close < 0 || !IPAddress.TryParse(host.AsSpan(1, close - 1), out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
            return new($"{Shown.Quote(text)} is not an IPv6 address in brackets", "an address such as [::1]");
        return close == host.Length - 1 ? default
            : new($"the host {Shown.Quote(text)} contains a port", "the host alone: a route matches on every port its listener binds", host[..(close + 1)]);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Steelyard.Config.Text;

namespace Steelyard.Config;

/// <summary>
/// Where something listens: a host with a port, or the path of a Unix socket. Hosts are kept in one spelling
/// (names in lower case, IPv6 in its shortest form), so that equal addresses are equal.
/// </summary>
public sealed record NetworkAddress
{
    private const string WorkerPrefix = "worker:";
    private const string DescriptorPrefix = "fd@";
    private const int MostDescriptors = 1_000_000;

    /// <summary>How a configuration calls <see cref="OfApp"/>.</summary>
    internal const string AppWord = "app";

    private NetworkAddress(string host, int port, string? unixPath) => (Host, Port, UnixPath) = (host, port, unixPath);

    /// <summary>An IP address (IPv6 without brackets) or a name in lower case; empty for every address of the machine, or with <see cref="UnixPath"/>.</summary>
    public string Host { get; }

    /// <summary>1 to 65535, or 0 for a port the kernel picks; 0 with <see cref="UnixPath"/>.</summary>
    public int Port { get; }

    /// <summary>The absolute path of a Unix socket, at most 107 bytes; null when this is a host and port.</summary>
    public string? UnixPath { get; }

    /// <summary>The descriptor of a socket that whoever started the program has bound and passed to it, from 3 on; null for none (HAProxy: fd@).</summary>
    public int? Descriptor { get; private init; }

    /// <summary>Whether only this machine reaches it: a Unix socket, or the loopback. Of one that is passed on whoever has bound it knows.</summary>
    internal bool IsLocal => UnixPath is not null || Descriptor is not null || Host == "localhost" || (IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>
    /// Whether each connection begins with one byte from the other end, by which it says that it has taken it: so it is
    /// with workers that the keeper hands connections to. Before it, a connection counts as not opened.
    /// </summary>
    public bool Greets { get; private init; }

    /// <summary>The same address, of somebody who greets.</summary>
    public NetworkAddress AsGreeting() => this with { Greets = true };

    /// <summary>Which of several servers of one address it is, from 2 on; 0 for the first, or the only one.</summary>
    public int Number { get; private init; }

    /// <summary>The same address, of another one of the servers there.</summary>
    /// <param name="number">From 2 on; 0 for the first.</param>
    public NetworkAddress Numbered(int number) => this with { Number = number };

    /// <summary>Where the workers of a Node cluster listen, as they say themselves: known once they have been started.</summary>
    public static NetworkAddress OfApp { get; } = new("", 0, unixPath: null) { IsOfApp = true };

    /// <summary>Whether this is <see cref="OfApp"/>, which nobody can bind.</summary>
    public bool IsOfApp { get; private init; }

    /// <summary>How a configuration calls <see cref="OfRequest"/>.</summary>
    internal const string RequestWord = "request";

    /// <summary>Where a server is of which each request says where that is.</summary>
    public static NetworkAddress OfRequest { get; } = new("", 0, unixPath: null) { IsOfRequest = true };

    /// <summary>Whether this is <see cref="OfRequest"/>.</summary>
    public bool IsOfRequest { get; private init; }

    /// <summary>How a configuration calls <see cref="Nowhere"/>.</summary>
    internal const string NowhereWord = "nowhere";

    /// <summary>Where a server is whose name has not resolved.</summary>
    public static NetworkAddress Nowhere { get; } = new("", 0, unixPath: null) { IsNowhere = true };

    /// <summary>Whether this is <see cref="Nowhere"/>, which nobody can connect to.</summary>
    public bool IsNowhere { get; private init; }

    /// <summary>Whether the host is a name that has to be looked up before anybody can connect.</summary>
    public bool HasName => UnixPath is null && Host.Length > 0 && !IPAddress.TryParse(Host, out _);

    /// <summary>An address of a host and port.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The port is not between 0 and 65535.</exception>
    public static NetworkAddress ForHost(string host, int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        return new(InOneSpelling(host), port, unixPath: null);
    }

    /// <summary>An address of a Unix socket.</summary>
    public static NetworkAddress ForUnix(string path) => new("", 0, path);

    /// <summary>
    /// Reads <c>host:port</c>, <c>:port</c>, <c>[v6]:port</c>, <c>unix:/path</c> or <c>fd@N</c>, and behind <c>#</c> which of several servers of that address it is.
    /// </summary>
    /// <param name="text">The text as it stands in a configuration.</param>
    /// <param name="address">The address, when the text is one.</param>
    /// <param name="expected">What would be accepted, when it is not.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out NetworkAddress? address, [NotNullWhen(false)] out string? expected)
    {
        (address, expected) = (null, null);
        if (text == RequestWord)
        {
            address = OfRequest;
            return true;
        }

        if (text.StartsWith(DescriptorPrefix, StringComparison.Ordinal))
        {
            if (int.TryParse(text.AsSpan(DescriptorPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) && descriptor is > 2 and <= MostDescriptors)
                address = new("", 0, unixPath: null) { Descriptor = descriptor };
            else
                expected = "the number of a descriptor from 3 on, as in fd@3";
            return address is not null;
        }

        if (text.StartsWith(WorkerPrefix, StringComparison.Ordinal) && TryParse(text[WorkerPrefix.Length..], out var worker, out expected))
        {
            address = worker.AsGreeting();
            return true;
        }

        if (text.StartsWith("unix:", StringComparison.Ordinal))
            return TryParseUnix(text["unix:".Length..], out address, out expected);
        if (text.LastIndexOf('#') is > 0 and var mark && int.TryParse(text.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 1 and <= 10_000)
        {
            address = TryParse(text[..mark], out var shared, out expected) ? shared.Numbered(number) : null;
            return address is not null;
        }

        var colon = text.LastIndexOf(':');
        var bracketed = text.StartsWith('[');
        if (colon < 0 || (bracketed && text.IndexOf(']') != colon - 1))
        {
            expected = "host:port, :port, [ipv6]:port or unix:/path";
            return false;
        }

        var host = bracketed ? text[1..(colon - 1)] : text[..colon];
        if (bracketed && !(IPAddress.TryParse(host, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6))
            expected = "an IPv6 address between the brackets";
        else if (!bracketed && host.Contains(':'))
            expected = "brackets around the IPv6 address, as in [::1]:8080";
        else if (!bracketed && host == "*")
            expected = "nothing before the colon for every address of the machine, as in :8080";
        else if (!bracketed && HostText.LooksLikeIPv4(host) && !HostText.IsIPv4(host))
            expected = "four numbers from 0 to 255, as in 10.0.0.1, before the colon";
        else if (!bracketed && host.Length > 0 && !HostText.IsName(host))
            expected = "a host name or an address before the colon";
        else if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            expected = "a port between 0 and 65535 after the colon";
        else
            address = ForHost(host, port);
        return address is not null;
    }

    private static bool TryParseUnix(string path, out NetworkAddress? address, out string? expected)
    {
        address = null;
        expected = !path.StartsWith('/') ? "an absolute path after unix:"
            : System.Text.Encoding.UTF8.GetByteCount(path) > 107 ? "a path of at most 107 bytes (the kernel's limit for a Unix socket)"
            : path.Contains('\0') ? "a path without a NUL character"
            : null;
        if (expected is null)
            address = ForUnix(path);
        return expected is null;
    }

    // An address with a zone keeps its text: the zone is a name of this machine.
    private static string InOneSpelling(string host) =>
        host.Contains(':') && !host.Contains('%') && IPAddress.TryParse(host, out var ip) ? ip.ToString() : host.ToLowerInvariant();

    /// <summary>The address as the configuration writes it, as in <c>10.0.0.1:3000</c>, <c>[::1]:80</c> or <c>unix:/run/a.sock</c>.</summary>
    public override string ToString() => $"{(Greets ? WorkerPrefix : "")}{Place}{(Number > 0 ? $"#{Number}" : "")}";

    private string Place =>
        IsOfApp ? AppWord
        : IsNowhere ? NowhereWord
        : IsOfRequest ? RequestWord
        : Descriptor is { } number ? string.Create(CultureInfo.InvariantCulture, $"{DescriptorPrefix}{number}")
        : UnixPath is not null ? $"unix:{UnixPath}"
        : Host.Contains(':') ? $"[{Host}]:{Port}"
        : $"{Host}:{Port}";
}

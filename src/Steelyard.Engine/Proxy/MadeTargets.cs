using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Proxy;

/// <summary>Where a request goes that says so itself.</summary>
/// <param name="place">The address.</param>
/// <param name="host">The host as the request says it, which a certificate has to be for.</param>
/// <param name="text">The address, for logs.</param>
/// <param name="until">How long it may be used, in the loop's milliseconds.</param>
internal sealed class MadeTarget(KernelAddress place, string host, byte[] text, long until)
{
    public KernelAddress Place { get; } = place;

    public string Host { get; } = host;

    public byte[] Text { get; } = text;

    public long Until { get; } = until;
}

/// <summary>
/// The places that requests have named, as long as their names may be used: one that was named before costs nothing but to
/// look for it. Owned by its loop.
/// </summary>
internal sealed class MadeTargets(ProxyLoop loop)
{
    // Who names more of them lets the others be looked up again.
    private const int Most = 1024;

    // A name, and a port.
    private const int Longest = 253 + 6;

    // Five bits in each byte, of those that are no letters: keys are compared without regard to case.
    private const int NumberLength = 7;

    /// <summary>Where a request goes that names no place at all.</summary>
    public static readonly MadeTarget Wrong = new(default, "", [], 0);

    private readonly Dictionary<byte[], MadeTarget> _known = new(BytesComparer.IgnoreCase);

    /// <summary>Finds the place that a request names; null where nobody knows it, <see cref="Wrong"/> where it is none.</summary>
    /// <param name="pool">The pool of the server.</param>
    /// <param name="server">The server that each request says the place of.</param>
    /// <param name="made">What makes that of a request.</param>
    /// <param name="port">The port where it says none.</param>
    /// <param name="scope">The request.</param>
    public ValueTask<MadeTarget?> Find(Pool pool, Server server, TemplateBytes made, int port, scoped in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        if (!made.TryMake(scope, out var text) || text.Length is 0 or > Longest)
            return new(Wrong);

        // Pools differ in whom they ask.
        var key = loop.PathRoom.AsSpan(0, NumberLength + text.Length);
        for (var i = 0; i < NumberLength; i++)
            key[i] = (byte)(' ' | ((server.Ordinal >> (5 * i)) & 31));
        text.CopyTo(key[NumberLength..]);
        if (_known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var known) && loop.Events.Now < known.Until)
            return new(known);
        var named = Encoding.Latin1.GetString(text);
        return !HasHostAndPort(named) ? new(Wrong) : TryRead(named, port) is { } address ? LookUp(pool, address, key.ToArray()) : new((MadeTarget?)null);
    }

    /// <summary>Forgets what servers were called by numbers that may be others' now.</summary>
    public void Clear() => _known.Clear();

    // No socket of this machine, nor anything else that only a configuration may name.
    private static NetworkAddress? TryRead(string text, int port)
    {
        var hasPort = text.LastIndexOf(':') > text.LastIndexOf(']');
        return NetworkAddress.TryParse(hasPort ? text : $"{text}:{port}", out var address, out _) && address is { UnixPath: null, Greets: false, Number: 0, IsOfRequest: false, Port: > 0, Host.Length: > 0 } ? address : null;
    }

    private static bool HasHostAndPort(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon <= text.LastIndexOf(']') ? text.Length > 0 : colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<MadeTarget?> LookUp(Pool pool, NetworkAddress address, byte[] key)
    {
        var place = new NamedPlace(IPAddress.TryParse(address.Host, out var literal) ? literal : null, TimeSpan.FromDays(1));
        if (place.Address is null && pool.Settings.Resolver is { } resolver && loop.Names is { } names)
            place = await names(resolver, address.Host);
        if (place.Address is not { } ip)
            return null;
        var target = new MadeTarget(KernelAddress.For(ip, address.Port), address.Host, Encoding.ASCII.GetBytes(new IPEndPoint(ip, address.Port).ToString()), loop.Events.In((long)place.Lasts.TotalMilliseconds));
        if (_known.Count >= Most)
            _known.Clear();
        return _known[key] = target;
    }
}

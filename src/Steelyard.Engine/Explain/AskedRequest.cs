using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Sticky;

namespace Steelyard.Engine.Explain;

/// <summary>A request that is asked about, read as one that came: what choices go by beside the servers.</summary>
internal sealed class AskedRequest
{
    // Any port: nothing goes by it.
    private const int ClientPort = 49152;

    private readonly ForwardedFields _client = new();
    private readonly long _time;

    /// <param name="question">What was asked.</param>
    /// <param name="listener">Where it comes to.</param>
    /// <param name="table">The routes of the listener.</param>
    public AskedRequest(Question question, ListenerSettings listener, RouteTable table)
    {
        Request = new RequestHead { AllowsConnect = listener.Connect };
        Request.Clear();
        _time = Math.Max(0, question.Time.ToUnixTimeSeconds());
        _client.Reset(KernelAddress.For(question.From, ClientPort), new ListenerState(table, [.. listener.TrustedProxies]), listener.Tls is not null);
    }

    /// <summary>What was read of it; nothing in TCP mode.</summary>
    public RequestHead Request { get; }

    /// <summary>The bytes it was read from.</summary>
    public byte[] Head { get; set; } = [];

    /// <summary>The name in its TLS hello, in TCP mode.</summary>
    public byte[] ServerName { get; init; } = [];

    /// <summary>What a pool hashes of it; nothing where it hashes nothing.</summary>
    public ReadOnlySpan<byte> KeyFor(Pool pool) => pool.Settings.Balance.Hash is { Key: var key } ? Read(key) : default;

    /// <summary>What conditions and keys are asked of it.</summary>
    public TemplateScope Scope => new() { Request = Request, Head = Head, Client = _client, ServerName = ServerName, Pools = Pools };

    /// <summary>The pools there are.</summary>
    public required IReadOnlyDictionary<string, Pool> Pools { get; init; }

    /// <summary>The server of a pool that the client belongs to, by its cookies or by what is remembered of it; null for none.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public Server? OwnerIn(Pool pool, long now)
    {
        if (pool.Cookies is { } cookies)
            return CookieLine.Read(Request.Fields, Head, cookies, _time) is { Server: >= 0 } seen ? pool.Servers[seen.Server] : null;
        if (pool.Clients is not { } clients)
            return null;
        var key = Read(pool.Settings.Sticky!.Key!);
        return key.IsEmpty ? null : clients.OwnerOf(clients.Table.KeyOf(key), now, touch: false);
    }

    private ReadOnlySpan<byte> Read(RequestKey key) =>
        new RequestKeyReader(key).Read(Scope);
}

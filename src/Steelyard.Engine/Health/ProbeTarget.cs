using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Health;

/// <summary>What is asked, and where: servers of several pools that are asked the same in the same place are asked once.</summary>
/// <param name="Server">The server as the configuration writes it.</param>
/// <param name="Settings">How it is asked.</param>
/// <param name="Tls">How TLS is spoken to it; null for a plain connection.</param>
/// <param name="ProxyProtocol">What it is told before.</param>
internal sealed record ProbeKey(NetworkAddress Server, HealthSettings Settings, ServerTls? Tls, ProxyProtocolVersion ProxyProtocol);

/// <summary>A server that is asked for its health, and what it has answered so far. Owned by the loop of its prober.</summary>
internal sealed class ProbeTarget : TimerEntry
{
    private readonly Prober _prober;
    private AgentReply _heard;

    public ProbeTarget(Prober prober, ProbeKey key, bool up)
    {
        (_prober, Key) = (prober, key);
        Count = new(key.Settings, up);
        Host = key.Server.UnixPath is null ? key.Server.Host : "";
        Body = key.Settings.Body is { } body ? Encoding.UTF8.GetBytes(body) : null;
        BodyPattern = key.Settings.BodyPattern is { } pattern ? new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant) : null;
        Request = WriteRequest(key);
        Script = key.Settings.Kind == ProbeKind.Script ? new(key.Settings.Script) : null;
    }

    /// <summary>What is said and expected; null for checks of other kinds.</summary>
    public ProbeScript? Script { get; }

    public ProbeKey Key { get; }

    public HealthSettings Settings => Key.Settings;

    /// <summary>Whether a check is over when the other kernel has answered, or says something at once: nobody who waits for the connection is kept waiting, as an agent would be that speaks first.</summary>
    public bool IsBrief => Tls is null && !Key.Server.Greets && Settings.Kind != ProbeKind.Script && (Settings.Kind != ProbeKind.Agent || Request.Length > 0);

    /// <summary>Where it is; null where its name did not resolve.</summary>
    public KernelAddress? Address { get; private set; }

    /// <summary>How TLS is spoken to it; null for a plain connection.</summary>
    public TlsClient? Tls { get; private set; }

    public ProxyProtocolVersion ProxyProtocol => Key.ProxyProtocol;

    /// <summary>The name its certificate has to have, unless the settings have another.</summary>
    public string Host { get; }

    /// <summary>The request, where one is sent.</summary>
    public byte[] Request { get; }

    /// <summary>What its answer has to contain; null for anything.</summary>
    public byte[]? Body { get; }

    /// <summary>What has to match in its answer; null for anything.</summary>
    public Regex? BodyPattern { get; }

    public HealthCount Count { get; }

    /// <summary>What was wrong at the last check.</summary>
    public ProbeFault Fault { get; private set; }

    /// <summary>The status of the answer to the last check; 0 for none.</summary>
    public int Status { get; private set; }

    /// <summary>Takes the result of a check.</summary>
    public void Report(in ProbeResult result, long now)
    {
        if (Settings.Kind == ProbeKind.Agent)
        {
            // One that cannot be asked changes nothing: what the server is, its check says.
            Count.Report(passed: true);
            _heard = result.Passed ? result.Reply : _heard;
            foreach (var (pool, server) in result.Passed ? Members : [])
                pool.Heard(server, result.Reply, now);
            return;
        }

        (Fault, Status) = (result.Fault, result.Status);
        Count.Report(result.Passed);
        foreach (var (pool, server) in Members)
            pool.Checked(server, Count.Up, Fault, Status, now);
    }

    /// <summary>The check that is under way; null for none.</summary>
    public Probe? Present { get; set; }

    /// <summary>The servers it speaks for.</summary>
    public IReadOnlyList<(Pool Pool, Server Server)> Members { get; private set; } = [];

    /// <summary>Speaks for these servers from now on.</summary>
    public void Serve(IReadOnlyList<(Pool Pool, Server Server)> members, KernelAddress? address, TlsClient? tls, long now)
    {
        (Members, Address, Tls) = (members, address, tls);
        if (!Count.Checked)
            return;
        foreach (var (pool, server) in Settings.Kind == ProbeKind.Agent ? members : [])
            pool.Heard(server, _heard, now);
        if (Settings.Kind == ProbeKind.Agent)
            return;
        foreach (var (pool, server) in members)
            pool.Checked(server, Count.Up, Fault, Status, now);
    }

    /// <summary>Whether a status is that of a server that is well.</summary>
    public bool Passes(int status)
    {
        foreach (var range in Settings.Statuses.AsSpan())
        {
            if (range.Contains(status))
                return true;
        }

        return false;
    }

    protected internal override void Expire() => _prober.Begin(this);

    private static byte[] WriteRequest(ProbeKey key)
    {
        if (key.Settings.Kind == ProbeKind.Agent)
            return Encoding.ASCII.GetBytes(key.Settings.Body!.Replace("\\n", "\n", StringComparison.Ordinal));
        if (key.Settings.Kind != ProbeKind.Http)
            return [];
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{key.Settings.Method} {key.Settings.Path} HTTP/1.1\r\nHost: {key.Settings.Host ?? HostOf(key)}\r\n");
        var named = false;
        foreach (var field in key.Settings.Fields.AsSpan())
        {
            text.Append(CultureInfo.InvariantCulture, $"{field.Name}: {field.Value}\r\n");
            named |= field.Name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);
        }

        if (!named)
            text.Append("User-Agent: Steelyard health check\r\n");
        return Encoding.ASCII.GetBytes(text.Append("Connection: close\r\n\r\n").ToString());
    }

    private static string HostOf(ProbeKey key) => key.Server is { UnixPath: null, Greets: false } ? key.Server.ToString() : "localhost";
}

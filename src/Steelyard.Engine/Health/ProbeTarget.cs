using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Health;

/// <summary>What is asked, and where: servers of several pools that are asked the same in the same place are asked once.</summary>
/// <param name="Server">The server as the configuration writes it.</param>
/// <param name="Settings">How it is asked.</param>
/// <param name="Tls">How TLS is spoken to it; null for a plain connection.</param>
/// <param name="ProxyProtocol">What it is told before.</param>
/// <param name="Source">The address that the connection comes from; null for the kernel's choice.</param>
internal sealed record ProbeKey(NetworkAddress Server, HealthSettings Settings, ServerTls? Tls, ProxyProtocolVersion ProxyProtocol, string? Source = null);

/// <summary>A server that is asked for its health, and what it has answered so far. Owned by the loop of its prober.</summary>
internal sealed class ProbeTarget : TimerEntry, IIdleObserver
{
    private readonly Prober _prober;

    // Members that an operator has forced are counted by themselves until checks say of them again what they say of the others.
    private readonly List<(Server Server, HealthCount Count)> _forced = [];
    private AgentReply _heard;

    // The connection of the last check, which the next one is to use.
    private Transport? _kept;
    private long _keptUntil;

    public ProbeTarget(Prober prober, ProbeKey key, bool up)
    {
        (_prober, Key) = (prober, key);
        Count = new(key.Settings, up);
        Host = key.Server.UnixPath is null ? key.Server.Host : "";
        Question = key.Settings.Kind == ProbeKind.Agent ? Encoding.ASCII.GetBytes(key.Settings.Body!.Replace("\\n", "\n", StringComparison.Ordinal)) : [];
        Script = ProbeScript.Of(key);
        KeepAlive = key.Settings.KeepsConnection() && key.Settings.KeepAlive is { } time ? (long)time.TotalMilliseconds : 0;
        Source = key.Source is { } source ? KernelAddress.For(System.Net.IPAddress.Parse(source), 0) : null;
    }

    /// <summary>What is said and expected; null for checks that only connect, and agents.</summary>
    public ProbeScript? Script { get; }

    public ProbeKey Key { get; }

    /// <summary>How long a connection serves check after check, in milliseconds; 0 where each has its own.</summary>
    public long KeepAlive { get; }

    /// <summary>The address that connections come from; null for the kernel's choice.</summary>
    public KernelAddress? Source { get; }

    public HealthSettings Settings => Key.Settings;

    /// <summary>Whether a check is over when the other kernel has answered, or says something at once: nobody who waits for the connection is kept waiting, as an agent would be that speaks first.</summary>
    public bool IsBrief => Tls is null && !Key.Server.Greets && Settings.Kind != ProbeKind.Script && KeepAlive == 0 && (Settings.Kind != ProbeKind.Agent || Question.Length > 0);

    /// <summary>Where it is; null where its name did not resolve.</summary>
    public KernelAddress? Address { get; private set; }

    /// <summary>How TLS is spoken to it; null for a plain connection.</summary>
    public TlsClient? Tls { get; private set; }

    public ProxyProtocolVersion ProxyProtocol => Key.ProxyProtocol;

    /// <summary>The name its certificate has to have, unless the settings have another.</summary>
    public string Host { get; }

    /// <summary>What an agent is sent.</summary>
    public byte[] Question { get; }

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

        // HAProxy: that counts of running servers alone.
        var drains = Settings.DrainStatuses.Count > 0 && Count.Up && IsOneOf(Settings.DrainStatuses, result.Status);
        (Fault, Status) = (drains ? ProbeFault.None : result.Fault, result.Status);
        Count.Report(drains || result.Passed);
        foreach (var (_, count) in _forced)
            count.Report(drains || result.Passed);
        foreach (var (pool, server) in Members)
        {
            pool.Checked(server, CountOf(server).Up, Fault, Status, now);
            if (Settings.DrainStatuses.Count > 0)
                pool.DrainByCheck(server, drains, now);
        }

        if (_forced.Count > 0)
            _forced.RemoveAll(forced => forced.Count.Up == Count.Up && forced.Count.Against == Count.Against);
    }

    private HealthCount CountOf(Server server)
    {
        foreach (var (forced, count) in _forced)
        {
            if (forced.IsTwinOf(server))
                return count;
        }

        return Count;
    }

    private static bool IsOneOf(ValueList<StatusRange> ranges, int status)
    {
        foreach (var range in ranges.AsSpan())
        {
            if (range.Contains(status))
                return true;
        }

        return false;
    }

    /// <summary>Whether nobody would listen to what a check says.</summary>
    public bool IsUnheard
    {
        get
        {
            foreach (var (_, server) in Members)
            {
                if (!(Settings.Kind == ProbeKind.Agent ? server.IgnoresAgent : server.IgnoresChecks))
                    return false;
            }

            return true;
        }
    }

    /// <summary>An operator knows better what one of its servers is; those of other pools stay what they are, as with HAProxy, which asks for each.</summary>
    public void Force(Server server, bool up)
    {
        if (Settings.Kind == ProbeKind.Agent)
            return;
        foreach (var (_, member) in Members)
        {
            if (!member.IsTwinOf(server))
                continue;
            var count = Members.Count == 1 ? Count : new(Settings, up);
            count.Force(up);
            _forced.RemoveAll(forced => forced.Server.IsTwinOf(server));
            if (count != Count)
                _forced.Add((member, count));
        }
    }

    /// <summary>Takes that too many of its requests went wrong.</summary>
    public void Suspect(long now)
    {
        var changed = Count.Suspect();
        foreach (var (_, count) in _forced)
            changed |= count.Suspect();
        if (!changed)
            return;
        (Fault, Status) = (ProbeFault.Observed, 0);
        foreach (var (pool, server) in Members)
            pool.Checked(server, CountOf(server).Up, Fault, Status, now);
    }

    /// <summary>The check that is under way; null for none.</summary>
    public Probe? Present { get; set; }

    /// <summary>The servers it speaks for.</summary>
    public IReadOnlyList<(Pool Pool, Server Server)> Members { get; private set; } = [];

    /// <summary>Speaks for these servers from now on.</summary>
    public void Serve(IReadOnlyList<(Pool Pool, Server Server)> members, KernelAddress? address, TlsClient? tls, long now)
    {
        if (Tls != tls || !(Address is { } before && address is { } after ? before.SameAs(after) : Address is null && address is null))
        {
            LetGo();
            Present?.UseOnce();
        }

        (Members, Address, Tls) = (members, address, tls);
        foreach (var (_, server) in Settings.Observe == HealthObserve.None ? [] : members)
            server.Observation?.Exceeded = () => _prober.Suspect(this);
        if (!Count.Checked)
            return;
        foreach (var (pool, server) in Settings.Kind == ProbeKind.Agent ? members : [])
            pool.Heard(server, _heard, now);
        if (Settings.Kind == ProbeKind.Agent)
            return;
        foreach (var (pool, server) in members)
            pool.Checked(server, CountOf(server).Up, Fault, Status, now);
    }

    /// <summary>Keeps the connection of a check for the next one.</summary>
    /// <param name="connection">A connection on which all that was asked has been answered.</param>
    /// <param name="until">When it has served long enough, in the loop's milliseconds.</param>
    public void Keep(Transport connection, long until)
    {
        (_kept, _keptUntil) = (connection, until);
        connection.IdleObserver = this;
    }

    /// <summary>Takes the connection of the check before; null when there is none that may still be used.</summary>
    public Transport? TakeKept(long now, out long until)
    {
        until = _keptUntil;
        if (now >= until)
            LetGo();
        var kept = _kept;
        _kept = null;
        kept?.IdleObserver = null;
        return kept;
    }

    /// <summary>Closes the connection that was kept.</summary>
    public void LetGo()
    {
        _kept?.Close();
        _kept = null;
    }

    void IIdleObserver.BrokeWhileIdle() => LetGo();

    protected internal override void Expire() => _prober.Begin(this);
}

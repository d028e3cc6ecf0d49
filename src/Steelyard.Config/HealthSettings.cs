namespace Steelyard.Config;

/// <summary>How the servers of a pool are asked whether they are well.</summary>
public sealed record HealthSettings
{
    /// <summary>What a server has to do. Default: take a connection.</summary>
    public ProbeKind Kind { get; init; }

    /// <summary>The target of the request, in origin form. Default <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The method of the request; HEAD and GET among them. Default GET (HAProxy: OPTIONS).</summary>
    public string Method { get; init; } = "GET";

    /// <summary>The Host of the request; null for the server's address.</summary>
    public string? Host { get; init; }

    /// <summary>Further fields of the request.</summary>
    public ValueList<ProbeField> Fields { get; init; }

    /// <summary>The statuses of a server that is well. Default 200 to 399 (HAProxy: option httpchk).</summary>
    public ValueList<StatusRange> Statuses { get; init; } = [new(200, 399)];

    /// <summary>Statuses by which a server that is up says that it wants no new clients: it is well, and drained until it answers otherwise. None is the default (HAProxy: http-check disable-on-404).</summary>
    public ValueList<StatusRange> DrainStatuses { get; init; }

    /// <summary>A text that its answer has to contain within the first 64 KiB of its body, null for any; of an agent what it is sent.</summary>
    public string? Body { get; init; }

    /// <summary>An expression that has to match in the first 64 KiB of its body, without backtracking; null for none (HAProxy: http-check expect rstring).</summary>
    public string? BodyPattern { get; init; }

    /// <summary>What is said to a server and expected of it, in order; nothing for checks of other kinds (HAProxy: tcp-check).</summary>
    public ValueList<ProbeStep> Script { get; init; }

    /// <summary>The address to ask at, of IPv4 or IPv6; null for the server's own (HAProxy: addr).</summary>
    public string? Address { get; init; }

    /// <summary>The port to ask at, 1 to 65535; null for the server's own (HAProxy: port).</summary>
    public int? Port { get; init; }

    /// <summary>Whether TLS is spoken; null for what its requests get (HAProxy: check-ssl).</summary>
    public bool? Tls { get; init; }

    /// <summary>How TLS is spoken where it is; null for as with requests, and with a certificate that is valid and names the server where those get none.</summary>
    public ServerTls? TlsSettings { get; init; }

    /// <summary>From the end of a check to the next: 10 ms to 24 h. Default 2 s (HAProxy: inter).</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same while a server is neither surely up nor surely down; null for <see cref="Interval"/> (HAProxy: fastinter).</summary>
    public TimeSpan? FastInterval { get; init; }

    /// <summary>The same while a server is down; null for <see cref="Interval"/> (HAProxy: downinter).</summary>
    public TimeSpan? DownInterval { get; init; }

    /// <summary>How much of an interval is left to chance, so that checks do not run in step: 0 to 50 percent. Default 10.</summary>
    public int Jitter { get; init; } = 10;

    /// <summary>How long a check may take: 1 ms to 24 h. Default 2 s (HAProxy: timeout check, else inter).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long one connection is used for the requests of one check after another before another is opened: 1 ms to 24 h.
    /// Null, the default, is a connection for each check (nginx: health_check keepalive_time; Envoy: reuse_connection).
    /// </summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Whether the connection of a check serves the next one: it has to be the only one of a check, and to end with an answer of HTTP.</summary>
    public bool KeepsConnection() => KeepAlive is not null && (Kind == ProbeKind.Http
        || (Kind == ProbeKind.Script && Script.Any(step => step.Do == ProbeStepKind.Request) && !Script.Skip(1).Any(step => step.Do == ProbeStepKind.Connect)));

    /// <summary>How many checks in a row a server that is down has to pass: 1 to 100. Default 2 (HAProxy: rise).</summary>
    public int Rise { get; init; } = 2;

    /// <summary>How many in a row a server that is up has to fail: 1 to 100. Default 3 (HAProxy: fall).</summary>
    public int Fall { get; init; } = 3;

    /// <summary>Which ends of requests count besides checks. Default none (HAProxy: observe).</summary>
    public HealthObserve Observe { get; init; }

    /// <summary>How many failed requests in a row are too many: 1 to 10,000. Default 10 (HAProxy: error-limit).</summary>
    public int ErrorLimit { get; init; } = 10;

    /// <summary>What becomes of a server then. Default <see cref="HealthOnError.FailCheck"/> (HAProxy: on-error).</summary>
    public HealthOnError OnError { get; init; } = HealthOnError.FailCheck;

    /// <summary>What a server counts as until its first check, whose result alone decides. Default <see cref="HealthStart.Auto"/>.</summary>
    public HealthStart Start { get; init; }
}

/// <summary>What a check asks of a server.</summary>
public enum ProbeKind
{
    /// <summary>It takes a connection, and shakes hands where TLS is spoken.</summary>
    Tcp,

    /// <summary>It answers a request of HTTP/1.1.</summary>
    Http,

    /// <summary>What it says is what <see cref="HealthSettings.Script"/> expects.</summary>
    Script,

    /// <summary>An agent says how much it can do; see <see cref="AgentSettings"/>.</summary>
    Agent,
}

/// <summary>What of requests is looked at.</summary>
public enum HealthObserve
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Whether connections are taken.</summary>
    Layer4,

    /// <summary>The same, and whether there is an answer, with a status from 100 to 499, 501 or 505.</summary>
    Layer7,
}

/// <summary>What becomes of a server whose requests fail.</summary>
public enum HealthOnError
{
    /// <summary>It is asked after the interval of those of which nothing is sure.</summary>
    FastInterval,

    /// <summary>It counts as a failed check.</summary>
    FailCheck,

    /// <summary>The same, and the next failed check takes it down.</summary>
    SuddenDeath,

    /// <summary>It is down.</summary>
    MarkDown,
}

/// <summary>A step of what is said to a server to see whether it is well.</summary>
public sealed record ProbeStep
{
    /// <summary>What is done. Default something is sent.</summary>
    public ProbeStepKind Do { get; init; }

    /// <summary>What is sent or expected: each character is a byte, U+0000 to U+00FF; or an expression.</summary>
    public string Text { get; init; } = "";

    /// <summary>Whether it must not come instead. Default not.</summary>
    public bool Not { get; init; }

    /// <summary>How many bytes have to have come before it is judged, once and for all: 0 to 65536. Null, the default, for judging it until it has come or the end is there (HAProxy: min-recv).</summary>
    public int? Least { get; init; }

    /// <summary>The statuses that are expected.</summary>
    public ValueList<StatusRange> Statuses { get; init; }

    /// <summary>Of a connection: the address, of IPv4 or IPv6; null for that of the check.</summary>
    public string? Address { get; init; }

    /// <summary>Of a connection: the port, 1 to 65535; null for that of the check.</summary>
    public int? Port { get; init; }

    /// <summary>Of a connection: whether TLS is spoken; null for what the check says.</summary>
    public bool? Tls { get; init; }

    /// <summary>Of a connection: whether it begins with a PROXY header; null for what the server gets.</summary>
    public bool? ProxyProtocol { get; init; }
}

/// <summary>What a step does.</summary>
public enum ProbeStepKind
{
    /// <summary>Sends bytes, and forgets what came before.</summary>
    Send,

    /// <summary>Waits until what has come since contains bytes.</summary>
    Expect,

    /// <summary>Waits until an expression matches in it, without backtracking.</summary>
    ExpectPattern,

    /// <summary>The same, in its hexadecimal digits in upper case.</summary>
    ExpectHex,

    /// <summary>Opens a connection, and closes the one before.</summary>
    Connect,

    /// <summary>Sends a request of HTTP/1.1, in the form of <see cref="ProbeRequest"/>, and reads the head of the answer; what comes then is its body.</summary>
    Request,

    /// <summary>The answer has one of <see cref="ProbeStep.Statuses"/>.</summary>
    ExpectStatus,

    /// <summary>An expression matches in the fields of the answer, a line <c>name: value</c> for each, names in small letters.</summary>
    ExpectHead,
}

/// <summary>What a server counts as before its first check.</summary>
public enum HealthStart
{
    /// <summary>Up where the program starts with it, for somebody has to answer; down where it joins others by a reload, unless none of them can serve.</summary>
    Auto,

    /// <summary>Up (HAProxy: init-state up).</summary>
    Up,

    /// <summary>Down (HAProxy: init-state down; nginx: mandatory).</summary>
    Down,
}

/// <summary>A field of the request that asks for a server's health.</summary>
/// <param name="Name">The name, a token.</param>
/// <param name="Value">The value.</param>
public sealed record ProbeField(string Name, string Value);

/// <summary>Statuses in a row.</summary>
/// <param name="First">100 to 599.</param>
/// <param name="Last">The same, not less than <paramref name="First"/>.</param>
public sealed record StatusRange(int First, int Last)
{
    /// <summary>Whether a status is one of them.</summary>
    public bool Contains(int status) => status >= First && status <= Last;

    /// <summary>All statuses of which something holds.</summary>
    internal static ValueList<StatusRange> Where(Func<int, bool> holds)
    {
        List<StatusRange> ranges = [];
        for (var status = 100; status <= 599; status++)
        {
            if (!holds(status))
                continue;
            if (ranges is [.., var last] && last.Last == status - 1)
                ranges[^1] = last with { Last = status };
            else
                ranges.Add(new(status, status));
        }

        return ranges.ToValueList();
    }
}

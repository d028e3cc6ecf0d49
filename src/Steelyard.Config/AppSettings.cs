namespace Steelyard.Config;

/// <summary>A program that is started in several instances, its workers, each of which becomes a server of the pool.</summary>
public sealed record AppSettings
{
    /// <summary>
    /// The command, split into words by blanks and quotes. <c>{port}</c> and <c>{socket}</c> stand for the address
    /// the worker must listen on, <c>{instance}</c> for its number from 1. A first word <c>steelyard</c> means this program.
    /// </summary>
    public required ValueList<string> Command { get; init; }

    /// <summary>How many: 1 to 1024; null (<c>max</c>) for one per core. Default 1.</summary>
    public int? Instances { get; init; } = 1;

    /// <summary>Whether and how their number goes by what they have to do; null for <see cref="Instances"/>, until somebody says otherwise.</summary>
    public ScaleSettings? Scale { get; init; }

    /// <summary>How workers are reached; null for what the command says, see <see cref="ListensBy"/>.</summary>
    public WorkerListen? Listen { get; init; }

    /// <summary>The port a worker of a Node cluster calls listen() with that is the app's: 1 to 65535; null for the first it listens on.</summary>
    public int? Port { get; init; }

    /// <summary>The folder workers start in, seen from that of the configuration; null for that one.</summary>
    public string? Folder { get; init; }

    /// <summary>Variables of the workers' environment beside those of Steelyard's own; <c>{port}</c>, <c>{socket}</c> and <c>{instance}</c> are filled in.</summary>
    public ValueList<EnvironmentVariable> Environment { get; init; }

    /// <summary>Variables of Steelyard's own environment that workers do not get: names, with <c>*</c> for any letters (PM2: filter_env).</summary>
    public ValueList<string> WithoutVariables { get; init; }

    /// <summary>Whether workers do not get a variable that Steelyard was started with.</summary>
    public bool Withholds(string name)
    {
        foreach (var pattern in WithoutVariables)
        {
            if (System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
                return true;
        }

        return false;
    }

    /// <summary>Pools whose workers have to be ready before those of this app are started with the balancer (Compose: depends_on).</summary>
    public ValueList<string> After { get; init; }

    /// <summary>The user workers become; null for the one who started Steelyard. Only root can have it otherwise.</summary>
    public string? User { get; init; }

    /// <summary>The group they become; null for that of <see cref="User"/>, with all of its groups.</summary>
    public string? Group { get; init; }

    /// <summary>What the kernel lets each worker have (setrlimit(2)).</summary>
    public ResourceLimits Limits { get; init; } = new();

    /// <summary>When a worker that was started gets requests.</summary>
    public ReadySettings Ready { get; init; } = new();

    /// <summary>How a worker is told to end.</summary>
    public StopSettings Stop { get; init; } = new();

    /// <summary>What happens when a worker ends by itself.</summary>
    public RestartSettings Restart { get; init; } = new();

    /// <summary>How workers are replaced by new ones.</summary>
    public RollingSettings Rolling { get; init; } = new();

    /// <summary>Resident memory of a worker and what it started; one that holds more is replaced by a new one. Null for no limit (PM2: max_memory_restart).</summary>
    public ByteSize? MostMemory { get; init; }

    /// <summary>When all workers are replaced, as crontab(5) has it: minute, hour, day, month, day of the week, in local time. Null for never (PM2: cron_restart).</summary>
    public string? Schedule { get; init; }

    /// <summary>Files and folders, seen from <see cref="Folder"/>; a change of one replaces all workers (PM2: watch).</summary>
    public ValueList<string> Watch { get; init; }

    /// <summary>What is passed over there: a name with <c>*</c> and <c>?</c> at any depth, or with a slash a path seen from <see cref="Folder"/> (PM2: ignore_watch).</summary>
    public ValueList<string> IgnoreWatch { get; init; }

    /// <summary>Where each worker says by HTTP what it counts, in the text format of Prometheus: a path; <c>cluster</c> for workers that prom-client's AggregatorRegistry answers for. Null for nowhere.</summary>
    public string? Metrics { get; init; }

    /// <summary>What stands for <see cref="Metrics"/> over the channel of a Node cluster.</summary>
    public const string ClusterMetrics = "cluster";

    /// <summary>Where the workers' output goes beside the terminal.</summary>
    public LogSettings Log { get; init; } = new();

    /// <summary>
    /// How workers are reached: as <see cref="Listen"/> says, else by a Unix socket where the command names <c>{socket}</c>,
    /// as in a cluster where it starts node and names no place, else by a port.
    /// </summary>
    public WorkerListen ListensBy => Listen
        ?? (Names("{socket}") ? WorkerListen.Socket
        : StartsNode && !Names("{port}") ? WorkerListen.Cluster
        : WorkerListen.Port);

    /// <summary>Whether workers are those of a Node cluster.</summary>
    public bool IsCluster => ListensBy is WorkerListen.Cluster or WorkerListen.Raw;

    /// <summary>Whether workers can say that they are ready and be told things over a channel of Node's: those of a cluster, and other programs of Node that are only looked after.</summary>
    public bool HasChannel => IsCluster || (ListensBy == WorkerListen.None && StartsNode);

    /// <summary>Whether workers are servers of the pool.</summary>
    public bool TakesRequests => ListensBy is not (WorkerListen.Raw or WorkerListen.None);

    private bool StartsNode => Command.Count > 0 && (Path.GetFileName(Command[0]) is "node" or "nodejs" || Path.GetExtension(Command[0]) is ".js" or ".mjs" or ".cjs");

    private bool Names(string place) =>
        Command.Any(word => word.Contains(place, StringComparison.Ordinal)) || Environment.Any(variable => variable.Value.Contains(place, StringComparison.Ordinal));

    /// <summary>Whether what these settings start is the same, so that running workers may stay.</summary>
    public bool StartsTheSameAs(AppSettings other) => Process(this) == Process(other);

    // What a worker that runs does not know, or can be told while it does.
    private static AppSettings Process(AppSettings app) => app with
    {
        Instances = 1,
        After = default,
        Scale = null,
        Ready = new() { Watchdog = app.Ready.Watchdog },
        Stop = new(),
        Restart = new(),
        Rolling = new(),
        MostMemory = null,
        Schedule = null,
        Watch = default,
        IgnoreWatch = default,
        Metrics = null,
        Log = new(),
    };
}

/// <summary>A variable of a worker's environment.</summary>
/// <param name="Name">Letters, digits and <c>- _ .</c>, no digit first.</param>
/// <param name="Value">Without NUL.</param>
public readonly record struct EnvironmentVariable(string Name, string Value)
{
    internal const string NameAccepts = "letters, digits and - _ ., no digit first";

    // Shells have no dots in names, programs have: spring.profiles.active.
    internal static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0]))
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
                return false;
        }

        return true;
    }
}

/// <summary>How a worker is reached.</summary>
public enum WorkerListen
{
    /// <summary>It listens on a port of 127.0.0.1 that it is told: by <c>{port}</c>, PORT and ASPNETCORE_URLS.</summary>
    Port,

    /// <summary>It listens on a Unix socket that it is told: by <c>{socket}</c> and ASPNETCORE_URLS.</summary>
    Socket,

    /// <summary>It is handed a listening socket, as systemd does (sd_listen_fds(3)).</summary>
    Activation,

    /// <summary>It is a worker of a Node cluster: whatever port it calls listen() with, it is given connections.</summary>
    Cluster,

    /// <summary>
    /// As a worker of a Node cluster whose connections are the clients' own, on the port it calls listen() with: it is no
    /// server of the pool, and nobody reads what passes.
    /// </summary>
    Raw,

    /// <summary>By nobody: it is only looked after, and no server of the pool.</summary>
    None,
}

/// <summary>Limits of the kernel for a process; null for what Steelyard itself has.</summary>
public sealed record ResourceLimits
{
    /// <summary>Open descriptors: 16 to 10,000,000 (RLIMIT_NOFILE).</summary>
    public int? OpenFiles { get; init; }

    /// <summary>Processes and threads of the worker's user: 1 to 1,000,000 (RLIMIT_NPROC).</summary>
    public int? Processes { get; init; }

    /// <summary>Address space, which is more than the memory that is used (RLIMIT_AS).</summary>
    public ByteSize? AddressSpace { get; init; }

    /// <summary>The largest core dump (RLIMIT_CORE).</summary>
    public ByteSize? Core { get; init; }

    /// <summary>The largest file it may write (RLIMIT_FSIZE).</summary>
    public ByteSize? FileSize { get; init; }
}

/// <summary>When a worker that was started counts as ready. One that is late, or ends before, has failed.</summary>
public sealed record ReadySettings
{
    /// <summary>What shows it.</summary>
    public ReadySign On { get; init; }

    /// <summary>What is asked for by HTTP until its answer has a status from 200 to 399. Default /.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Whether TLS is spoken for that, as the pool's <c>tls</c> says it for requests.</summary>
    public bool OverTls { get; init; }

    /// <summary>The text that a line of its output has to contain.</summary>
    public string? Text { get; init; }

    /// <summary>How long after its start it counts as ready where nothing else shows it: 0 to 1 h. Default 1 s.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time it has: 1 ms to 1 h. Default 15 s (PM2: listen_timeout, after which it counts as ready).</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often it has to say WATCHDOG=1 once it is ready, or it is killed: 100 ms to 1 h; null for never (systemd: WatchdogSec).</summary>
    public TimeSpan? Watchdog { get; init; }
}

/// <summary>What shows that a worker is ready.</summary>
public enum ReadySign
{
    /// <summary>It accepts a connection.</summary>
    Listening,

    /// <summary>It sends 'ready' to the primary of its Node cluster (PM2: wait_ready).</summary>
    Signal,

    /// <summary>It says READY=1 to the socket that NOTIFY_SOCKET names (sd_notify(3)).</summary>
    Notify,

    /// <summary>It answers a request.</summary>
    Http,

    /// <summary>It prints a line with a text.</summary>
    Log,

    /// <summary>It has lived for some time.</summary>
    Delay,

    /// <summary>It has ended with exit code 0: it does something once that others wait for.</summary>
    Exit,
}

/// <summary>How a worker is told to end: first it gets no new requests, then a signal, then SIGKILL with all that it started.</summary>
public sealed record StopSettings
{
    /// <summary>The signal. Default TERM (PM2: kill_signal, INT).</summary>
    public StopSignal Signal { get; init; } = StopSignal.Term;

    /// <summary>Whether all that the worker has started gets the signal with it, as from a terminal; else when it has ended (PM2: treekill, systemd: KillMode=control-group).</summary>
    public bool ToAll { get; init; }

    /// <summary>Whether a worker of a Node cluster is told to disconnect before any signal, and so ends by itself where nothing keeps it; else the signal comes at once (as from PM2 and systemd). Default true.</summary>
    public bool Disconnect { get; init; } = true;

    /// <summary>A text that a worker of a Node cluster gets by process.on('message') before any signal; null for none (PM2: shutdown_with_message).</summary>
    public string? Message { get; init; }

    /// <summary>How long requests in flight have before the signal: 0 to 24 h. Default 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after the signal it is killed: 0 to 24 h. Default 5 s (PM2: kill_timeout, 1.6 s).</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Signals that ask for an end; the numbers are Linux's.</summary>
public enum StopSignal
{
    /// <summary>SIGHUP.</summary>
    Hup = 1,

    /// <summary>SIGINT.</summary>
    Int = 2,

    /// <summary>SIGQUIT.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGUSR1.</summary>
    Usr1 = 10,

    /// <summary>SIGUSR2.</summary>
    Usr2 = 12,

    /// <summary>SIGTERM.</summary>
    Term = 15,

    /// <summary>SIGWINCH, on which Apache ends gracefully.</summary>
    Winch = 28,
}

/// <summary>What happens when a worker ends without having been told to.</summary>
public sealed record RestartSettings
{
    /// <summary>Whether it is started again. Default always.</summary>
    public RestartOn On { get; init; }

    /// <summary>Exit codes after which it is not (PM2: stop_exit_codes). Default none.</summary>
    public ValueList<int> LeaveOn { get; init; }

    /// <summary>The pause after the first failure: 1 ms to 1 h; each in a row doubles it, give or take a tenth. Default 100 ms.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause: 1 ms to 24 h. Default 15 s.</summary>
    public TimeSpan MostDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a worker has to live for the next pause to be the first again: 1 ms to 24 h. Default 30 s.</summary>
    public TimeSpan Stable { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many ends within <see cref="Window"/> are too many, however long the lives between them were: 1 to 10,000; null for none. Default 16 (PM2: max_restarts).</summary>
    public int? Most { get; init; } = 16;

    /// <summary>How long a life has to be for its end not to count among <see cref="Most"/>: 1 ms to 24 h; null for however long (PM2: min_uptime, 1 s). Default null.</summary>
    public TimeSpan? MinUptime { get; init; }

    /// <summary>The time in which they are counted; it slides: 1 s to 24 h. Default 10 min.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether a worker that ends with an exit code is left alone.</summary>
    public bool Leaves(int code) => On == RestartOn.Never || (On == RestartOn.Failure && code == 0) || LeaveOn.Contains(code);
}

/// <summary>After which ends a worker is started again.</summary>
public enum RestartOn
{
    /// <summary>After each.</summary>
    Always,

    /// <summary>After each but with exit code 0.</summary>
    Failure,

    /// <summary>After none.</summary>
    Never,
}

/// <summary>How running workers are replaced: after a change of the app, by <c>steelyard restart</c>, for their memory, on schedule.</summary>
public sealed record RollingSettings
{
    /// <summary>Whether the new one is ready before the old one leaves. Default yes (Compose: order, stop-first).</summary>
    public RollingOrder Order { get; init; }

    /// <summary>How many at a time: 1 to 1024. Default 1 (Compose: parallelism).</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>The pause before the next ones: 0 to 24 h. Default none (Compose: delay).</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How long new ones are watched, the old ones kept at hand: 0 to 24 h. Default 1 s (Compose: monitor).</summary>
    public TimeSpan Monitor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What happens when a new one fails. Default rollback (Compose: failure_action, pause).</summary>
    public RollingFailure OnFailure { get; init; }
}

/// <summary>Which comes first.</summary>
public enum RollingOrder
{
    /// <summary>The start of the new one.</summary>
    StartFirst,

    /// <summary>The end of the old one.</summary>
    StopFirst,
}

/// <summary>What happens to a replacement that fails.</summary>
public enum RollingFailure
{
    /// <summary>All old ones come back.</summary>
    Rollback,

    /// <summary>It ends; what has been replaced stays so.</summary>
    Pause,

    /// <summary>The next ones are tried.</summary>
    Continue,
}

/// <summary>Where the output of workers goes.</summary>
public sealed record LogSettings
{
    /// <summary>A file for both outputs, seen from the configuration's folder; <c>{instance}</c> in its name makes one for each worker. Null for none.</summary>
    public string? File { get; init; }

    /// <summary>The same for standard output alone.</summary>
    public string? OutputFile { get; init; }

    /// <summary>The same for standard error alone.</summary>
    public string? ErrorFile { get; init; }

    /// <summary>At which size a new file is begun: 1 KiB to 1 TiB; null for none. Default 10 MiB.</summary>
    public ByteSize? Size { get; init; } = ByteSize.FromKibibytes(10 * 1024);

    /// <summary>After which time: 1 min to 365 d, counted from midnight UTC; null for none. Default none.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>How many older files are kept: 0 to 10,000. Default 5.</summary>
    public int Keep { get; init; } = 5;

    /// <summary>What a line looks like. Default text.</summary>
    public LogFormat Format { get; init; }

    /// <summary>How a <see cref="TimePattern"/> has the time, in local time and before lines of <see cref="LogFormat.Raw"/> too. Null for ISO 8601 in UTC, and none before those.</summary>
    public string? Time { get; init; }

    /// <summary>Whether the output goes to the terminal too. Default yes.</summary>
    public bool Terminal { get; init; } = true;
}

/// <summary>What a line in a log file looks like.</summary>
public enum LogFormat
{
    /// <summary>Time, name of the worker, and what it printed.</summary>
    Text,

    /// <summary>An object of JSON with <c>time</c>, <c>worker</c>, <c>stream</c>, <c>pid</c> and <c>message</c>.</summary>
    Json,

    /// <summary>What it printed.</summary>
    Raw,
}

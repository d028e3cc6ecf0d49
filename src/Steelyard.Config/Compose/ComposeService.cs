using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Compose;

/// <summary>What a Compose file has said of one service so far; in the end a pool and its listeners.</summary>
/// <param name="name">What it is called.</param>
internal sealed class ComposeService(Located<string> name)
{
    // What a check has where the file says nothing, as Docker has it.
    private static readonly TimeSpan s_checks = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestWork = TimeSpan.FromHours(1);

    private readonly List<PublishedPort> _ports = [];
    private readonly HashSet<PublishedPort> _published = [];

    public Located<string> Name { get; } = name;

    public Place? Image { get; set; }

    /// <summary>What Docker Swarm is to run; null for what runs on this machine.</summary>
    public SwarmServiceSettings? Container { get; set; }

    /// <summary>Why Docker Swarm does not run it; null where that was not asked for.</summary>
    public string? WhyNoSwarm { get; set; }

    public IReadOnlyList<string>? Entrypoint { get; set; }

    public Located<IReadOnlyList<string>>? Command { get; set; }

    /// <summary>What is run here instead, as x-steelyard says.</summary>
    public Located<IReadOnlyList<string>>? OwnCommand { get; set; }

    public bool IsLeftOut { get; set; }

    public Dictionary<string, Located<string>> FileEnvironment { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Located<string>> Environment { get; } = new(StringComparer.Ordinal);

    /// <summary>Each once, as where an override file says a port again.</summary>
    public IReadOnlyList<PublishedPort> Ports => _ports;

    public void Publish(PublishedPort port)
    {
        if (_published.Add(port with { Place = default }))
            _ports.Add(port);
    }

    public Located<int>? Exposed { get; set; }

    public Located<int>? OwnPort { get; set; }

    public WorkerListen? Listen { get; set; }

    public int? Replicas { get; set; }

    public Located<bool>? StartsFirst { get; set; }

    public List<ComposeDependency> After { get; } = [];

    /// <summary>Whether others wait for its end, which then has to be a good one.</summary>
    public bool IsToEnd { get; set; }

    public IReadOnlyList<string> Profiles { get; set; } = [];

    public Located<string>? CheckedPath { get; set; }

    public bool ChecksNothing { get; set; }

    public HealthSettings Health { get; set; } = new() { Kind = ProbeKind.Http, Interval = s_checks, Timeout = s_checks, Rise = 1 };

    public TimeSpan StartPeriod { get; set; }

    /// <summary>All that is as it is in the settings of an app. Compose waits 10 s for the end of a container.</summary>
    public AppSettings Settings { get; set; } = new() { Command = [], Stop = new() { Grace = TimeSpan.FromSeconds(10) } };

    /// <summary>Makes the pool and its listeners; nothing where something is wrong with it, which is reported.</summary>
    public (PoolDraft Pool, IReadOnlyList<ListenerDraft> Listeners)? Finish(ProblemList problems)
    {
        if (WordsToRun() is not { } run)
        {
            problems.Error(
                Image ?? Name.Place,
                $"the service {Shown.Quote(Name.Value)} says no command, and {(WhyNoSwarm is null ? "containers are not started here" : $"no Docker Swarm can run its image: {WhyNoSwarm}")}",
                $"'command' in an override file or under 'x-steelyard', as in compose.override.yaml: services: {{ {Name.Value}: {{ command: node app.js }} }}; or 'x-steelyard: {{ container: true }}', which leaves the service to a container engine{(WhyNoSwarm is null ? "" : "; or 'docker swarm init' on this machine")}");
            return null;
        }

        var app = Settings with { Command = run.Words.ToValueList(), Listen = Listen };
        var targets = Ports.Select(port => port.Target).Distinct().ToList();
        if (targets.Count == 0 && Exposed is { } exposed)
            targets.Add(exposed.Value);
        if (targets.Count == 0 && OwnPort is null && Listen is null)
            app = app with { Listen = WorkerListen.None, Ready = app.Ready with { On = ReadySign.Delay } };
        if (IsToEnd && (targets.Count > 0 || app.Listen != WorkerListen.None))
            problems.Error(Name.Place, $"others wait for the end of the service {Shown.Quote(Name.Value)} (service_completed_successfully), which has a port and is to stay", "'service_started' or 'service_healthy', or the service without a port");
        else if (IsToEnd)
            app = app with { Ready = app.Ready with { On = ReadySign.Exit, Within = s_longestWork }, Restart = app.Restart.On == RestartOn.Always ? app.Restart with { On = RestartOn.Never } : app.Restart };
        if (targets.Count > 1)
            problems.Error(Ports.First(port => port.Target != targets[0]).Place, $"a second port of the service {Shown.Quote(Name.Value)}, whose workers are known by one", "a service for each port, or the port unpublished: a Node app that listens on it is reached there all the same");
        if (targets.Count > 0)
            app = WithPort(app, targets[0], run, problems);
        if (CheckedPath is { } check && !ChecksNothing)
        {
            if (!app.TakesRequests)
                problems.Error(check.Place, $"a check of the service {Shown.Quote(Name.Value)}, which has no port to be asked on", "'ports' or 'expose', or no 'healthcheck'");
            app = app with { Ready = app.Ready with { On = ReadySign.Http, Path = check.Value, Within = app.Ready.Within + StartPeriod } };
        }

        var order = StartsFirst is { Value: false } || (StartsFirst is null && app.Listen == WorkerListen.None) ? RollingOrder.StopFirst : RollingOrder.StartFirst;
        app = app with
        {
            Instances = Replicas ?? 1,
            Environment = EnvironmentOf(app, targets).ToValueList(),
            After = After.Select(other => other.Service.Value).ToValueList(),
            Rolling = app.Rolling with { Order = order },
        };
        var pool = new PoolDraft(Name)
        {
            Balance = BalancePolicy.LeastConnections,
            Health = CheckedPath is { } path && !ChecksNothing ? Health with { Path = path.Value } : null,
            App = new(Name.Place) { Command = new(app.Command, run.Place), Settings = app },
        };
        return (pool, ListenersFor(targets));
    }

    private (IReadOnlyList<string> Words, Place Place)? WordsToRun() =>
        OwnCommand is { } own ? (own.Value, own.Place)
        : Command is { Value.Count: > 0 } command ? ([.. Entrypoint ?? [], .. command.Value], command.Place)
        : Entrypoint is { Count: > 0 } entrypoint ? (entrypoint, Name.Place)
        : null;

    private List<ListenerDraft> ListenersFor(List<int> targets)
    {
        var listeners = new List<ListenerDraft>();
        foreach (var ports in Ports.GroupBy(port => port.IsTcp))
        {
            listeners.Add(new(ports.First().Place)
            {
                Bind = [.. ports.Select(port => new Located<NetworkAddress>(port.Address, port.Place))],
                Mode = ports.Key ? new(ListenerMode.Tcp, ports.First().Place) : null,
                To = new(Name.Value, ports.First().Place),
            });
        }

        // Other services reach it, and nobody else does.
        if (listeners.Count == 0 && Exposed is { } exposed && targets.Count > 0)
            listeners.Add(new(exposed.Place) { Bind = [new(NetworkAddress.ForHost("127.0.0.1", exposed.Value), exposed.Place)], To = new(Name.Value, exposed.Place) });
        return listeners;
    }

    /// <summary>Lets each worker have a port of its own in the place of that which they would all have in containers of their own.</summary>
    private AppSettings WithPort(AppSettings app, int target, (IReadOnlyList<string> Words, Place Place) run, ProblemList problems)
    {
        var port = OwnPort?.Value ?? target;
        if (app.IsCluster)
            return app with { Port = port };
        if (app.ListensBy != WorkerListen.Port)
            return app;
        var text = port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var words = run.Words.Select(word => word == text ? "{port}" : word.EndsWith($":{text}", StringComparison.Ordinal) || word.EndsWith($"={text}", StringComparison.Ordinal) ? word[..^text.Length] + "{port}" : word).ToValueList();
        if (words != app.Command)
            problems.Note(run.Place, $"{text} in the command stands for a port of each worker's own");
        return app with { Command = words };
    }

    private IEnumerable<EnvironmentVariable> EnvironmentOf(AppSettings app, List<int> targets)
    {
        var all = new Dictionary<string, Located<string>>(FileEnvironment, StringComparer.Ordinal);
        foreach (var (variable, value) in Environment)
            all[variable] = value;
        foreach (var (variable, value) in all)
        {
            // In its container each would have had the same port.
            var isPort = app.ListensBy == WorkerListen.Port && targets.Count > 0 && value.Value == (OwnPort?.Value ?? targets[0]).ToString(System.Globalization.CultureInfo.InvariantCulture) && variable.EndsWith("PORT", StringComparison.Ordinal);
            yield return new(variable, isPort ? "{port}" : value.Value);
        }
    }
}

/// <summary>A service that another waits for.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Optional">Whether it may be missing.</param>
/// <param name="Ended">Whether it is to have ended well, and not to be ready.</param>
internal readonly record struct ComposeDependency(Located<string> Service, bool Optional, bool Ended);

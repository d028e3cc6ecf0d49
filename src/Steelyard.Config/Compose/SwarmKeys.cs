using Steelyard.Config.Dialects;
using Steelyard.Config.Yaml;
using static Steelyard.Config.Dialects.KeyRow<Steelyard.Config.Compose.ComposeService>;

namespace Steelyard.Config.Compose;

/// <summary>The keys of a service in a Compose file that Docker Swarm runs.</summary>
internal static class SwarmKeys
{
    private const string AsDocker = "As `docker stack deploy` has it.";
    private const string OfOneMachine = "Swarm does not know it, and `docker stack deploy` passes over it too.";

    private static readonly KeyRows<ComposeService> s_healthCheck = new(
        [
            Done("test", "text, or list of words", "The command that is run in the container.", ReadTest),
            Done("interval", "duration", "How often.", use => Set(use, container => container with { HealthInterval = ComposeValues.Time(use, ComposeValues.Day) })),
            Done("timeout", "duration", "How long it may take.", use => Set(use, container => container with { HealthTimeout = ComposeValues.Time(use, ComposeValues.Day) })),
            Done("start_period", "duration", "How long it may fail after a start.", use => Set(use, container => container with { HealthStartPeriod = ComposeValues.Time(use, ComposeValues.Day) })),
            Done("retries", "number", "After how many failures in a row a container is replaced.", use => Set(use, container => container with { HealthRetries = use.TryNumber(1, 1000, out var retries) ? retries : null })),
            Done("disable", "true or false", "With true there is none.", use => Set(use, container => use.TryFlag(out var off) && off ? container with { HealthTest = ["NONE"] } : container)),
            Refused("start_interval", "'interval'"),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_limits = new(
        [
            Done("memory", "size", "How much memory a container may have.", use => Set(use, container => container with { MostMemory = ComposeValues.Size(use) })),
            Refused("cpus", "'memory' alone, or 'docker service update --limit-cpu'"),
            Refused("pids", "'memory' alone, or 'docker service update --limit-pids'"),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_resources = new(
        [
            Done("limits", "mapping with `memory`", "What each container may have.", use => ComposeValues.ReadInto(use, s_limits)),
            Refused("reservations", "'limits'"),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_restart = new(
        [
            Done("condition", "none, on-failure, any", "After which ends a task is replaced.", use => Set(use, container => container with { RestartOn = ComposeValues.Word(use, "any", "on-failure", "none") })),
            Done("delay", "duration", "The pause before.", use => Set(use, container => container with { RestartDelay = ComposeValues.Time(use, ComposeValues.Day) })),
            Done("max_attempts", "number", "How many times within `window`.", use => Set(use, container => container with { RestartMost = use.TryNumber(0, 9999, out var most) ? most : null })),
            Done("window", "duration", "The time in which they are counted.", use => Set(use, container => container with { RestartWindow = ComposeValues.Time(use, ComposeValues.Day) })),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_placement = new(
        [
            Done("constraints", "list", "On which nodes tasks may be.", use => Set(use, container => use.TryList("a list of conditions", out var items) ? container with { Constraints = items.Select(item => item.Value).ToValueList() } : container)),
            Refused("preferences", "'constraints'"),
            Refused("max_replicas_per_node", "'constraints'"),
        ],
        unknownIsError: true);

    /// <summary>The keys of <c>deploy</c>.</summary>
    public static KeyRows<ComposeService> Deploy { get; } = new(
        [
            Done("replicas", "number", "How many tasks.", ReadReplicas),
            Done("mode", "replicated, global", "`global` is a task on each node.", use => Set(use, container => ComposeValues.Word(use, ("replicated", false), ("global", true)) ? container with { Replicas = null } : container)),
            Done("update_config", "mapping", "How tasks are replaced: `parallelism`, `delay`, `monitor`, `failure_action` (`rollback` when left out), `order` (`start-first` when left out, by which no request is lost).", use => ReadUpdate(use, container => container.Update, (container, update) => container with { Update = update })),
            Done("rollback_config", "mapping", "The same of the way back; `failure_action` is `pause` when left out.", use => ReadUpdate(use, container => container.Rollback, (container, update) => container with { Rollback = update })),
            Done("restart_policy", "mapping", AsDocker, use => ComposeValues.ReadInto(use, s_restart)),
            Done("resources", "`limits` with `memory`", "What each container may have.", use => ComposeValues.ReadInto(use, s_resources)),
            Done("placement", "`constraints`", "On which nodes tasks may be.", use => ComposeValues.ReadInto(use, s_placement)),
            Done("labels", "mapping, or list", "Labels of the service.", use => Set(use, container => container with { Labels = Pairs(use) })),
            Harmless("endpoint_mode", "Clients connect to Steelyard, and Steelyard to tasks."),
        ],
        unknownIsError: true);

    /// <summary>The keys of a service.</summary>
    public static KeyRows<ComposeService> Service { get; } = new(
        [
            Done("x-steelyard", "`container`, `swarm`", "Whether it is left out, or Swarm's although it has a command.", use => ComposeValues.ReadInto(use, ComposeKeys.Own)),
            Done("image", "name", "What is run.", ReadImage),
            Done("command", "text, or list of words", "What the image's program is given.", use => Set(use, container => ComposeValues.Command(use) is { } words ? container with { Arguments = words.ToValueList() } : container)),
            Done("entrypoint", "text, or list of words", "The program, in the place of the image's.", use => Set(use, container => ComposeValues.Command(use) is { } words ? container with { Entrypoint = words.ToValueList() } : container)),
            Done("working_dir", "path", "The folder in the container that it starts in.", use => Set(use, container => use.TryText("a path", out var text) ? container with { Folder = text } : container)),
            Done("user", "user, or user:group", "Who it is in the container.", use => Set(use, container => use.TryText("a user", out var text) ? container with { User = text } : container)),
            Done("ports", "list, short or long", "Where clients connect: a listener of Steelyard, whose requests go to the tasks by `least-connections`. Docker publishes the port behind the colon on the hosts, by a number of its own for each task.", ComposePorts.Read),
            Done("environment", "mapping, or list", "Variables of its environment.", static _ => { }),
            Done("env_file", "path, list, or list of mappings", "Files of variables, under those of `environment`.", static _ => { }),
            Done("labels", "mapping, or list", "Labels of its containers.", use => Set(use, container => container with { ContainerLabels = Pairs(use) })),
            Done("volumes", "list of source:target[:ro]", "Paths of the node, and volumes that Docker keeps.", ReadMounts),
            Done("networks", "list, or mapping", "Networks of the swarm, which are made where they are not there; that of the project when left out.", static _ => { }),
            Done("read_only", "true or false", "Whether the root can be read only.", use => Set(use, container => use.TryFlag(out var flag) ? container with { ReadOnly = flag } : container)),
            Done("init", "true or false", "Whether a small program takes the place of process 1.", use => Set(use, container => use.TryFlag(out var flag) ? container with { Init = flag } : container)),
            Done("deploy", "mapping", "See below.", use => ComposeValues.ReadInto(use, Deploy)),
            Done("scale", "number", "How many tasks.", ReadReplicas),
            Done("healthcheck", "mapping", "Docker runs it, and a task is a server once it is healthy: `test`, `interval`, `timeout`, `start_period`, `retries`, `disable`.", use => ComposeValues.ReadInto(use, s_healthCheck)),
            Done("stop_signal", "signal", "That of the image when left out.", use => Set(use, container => use.TryText("a signal", out var text) ? container with { StopSignal = text } : container)),
            Done("stop_grace_period", "duration", "How long after the signal it is killed; 10 s when left out.", use => Set(use, container => container with { StopGrace = ComposeValues.Time(use, ComposeValues.Day) ?? container.StopGrace })),
            .. ComposeKeys.OfEveryService,
            .. new[] { "expose", "depends_on", "links", "external_links", "restart", "container_name", "build", "pull_policy", "platform", "attach", "develop", "tty", "stdin_open" }.Select(key => Harmless(key, OfOneMachine)),
            .. new[] { "secrets", "configs", "cap_add", "cap_drop", "tmpfs", "ulimits", "sysctls", "devices", "dns", "dns_search", "extra_hosts", "hostname", "logging", "isolation", "group_add", "network_mode", "privileged", "security_opt", "mem_limit", "cpus", "shm_size", "post_start", "pre_stop" }
                .Select(key => Refused(key, "'docker stack deploy' for this service, 'x-steelyard: { container: true }', and 'discover: { service: ... }' in a steelyard.yaml")),
        ],
        unknownIsError: true);

    private static void Set(KeyUse<ComposeService> use, Func<SwarmServiceSettings, SwarmServiceSettings> set) => use.Target.Container = set(use.Target.Container!);

    private static void ReadImage(KeyUse<ComposeService> use)
    {
        if (use.TryText("the name of an image", out var image) && image.Length > 0 && !image.Any(char.IsWhiteSpace))
            Set(use, container => container with { Image = image });
        else
            use.Refuse("the name of an image");
    }

    private static void ReadReplicas(KeyUse<ComposeService> use)
    {
        if (use.TryNumber(0, 1024, out var count))
            Set(use, container => container with { Replicas = count });
    }

    private static void ReadTest(KeyUse<ComposeService> use)
    {
        if (use.Value is YamlText { Value: "NONE" })
            Set(use, container => container with { HealthTest = ["NONE"] });
        else if (use.Value is YamlText line)
            Set(use, container => container with { HealthTest = ["CMD-SHELL", line.Value] });
        else if (use.TryList("a command", out var items) && items is [{ Value: "NONE" or "CMD" or "CMD-SHELL" }, ..])
            Set(use, container => container with { HealthTest = items.Select(item => item.Value).ToValueList() });
        else
            use.Refuse("a text, or a list that begins with CMD, CMD-SHELL or NONE");
    }

    private static void ReadMounts(KeyUse<ComposeService> use)
    {
        if (use.Value is not YamlList list)
        {
            use.Refuse("a list");
            return;
        }

        var mounts = new List<MountSettings>();
        foreach (var item in list.Items)
        {
            var parts = item is YamlText text ? text.Value.Split(':') : [];
            if (parts.Length is 2 or 3 && parts[0].Length > 0 && parts[0][0] is not ('.' or '~') && parts[1].StartsWith('/') && (parts.Length == 2 || parts[2] is "ro" or "rw"))
                mounts.Add(new(parts[0].StartsWith('/') ? parts[0] : $"{use.Target.Container!.Stack}_{parts[0]}", parts[1], parts.Length == 3 && parts[2] == "ro"));
            else
                use.Problems.Error(item.Place, "a mount that is not handed on to Swarm", "source:target or source:target:ro, where the source is a whole path, which has to be there on each node, or the name of a volume");
        }

        Set(use, container => container with { Mounts = mounts.ToValueList() });
    }

    private static ValueList<EnvironmentVariable> Pairs(KeyUse<ComposeService> use)
    {
        if (ComposeMerge.AsMapping(use.Value) is not YamlMapping mapping || mapping.Entries.Any(entry => entry.Value is not YamlText))
        {
            use.Refuse("a mapping of names and texts, or a list of NAME=value");
            return [];
        }

        return mapping.Entries.Select(entry => new EnvironmentVariable(entry.Key.Value, ((YamlText)entry.Value).Value)).ToValueList();
    }

    private sealed class Draft
    {
        public SwarmUpdate Update { get; set; } = new();
    }

    private static readonly KeyRows<Draft> s_update = new(
        [
            KeyRow<Draft>.Done("parallelism", "number", "How many at a time.", use => use.Target.Update = use.TryNumber(0, 1024, out var count) ? use.Target.Update with { Parallel = count } : use.Target.Update),
            KeyRow<Draft>.Done("delay", "duration", "The pause before the next ones.", use => use.Target.Update = use.Target.Update with { Delay = ComposeValues.Time(use, ComposeValues.Day) ?? default }),
            KeyRow<Draft>.Done("monitor", "duration", "How long a new one is watched.", use => use.Target.Update = use.Target.Update with { Monitor = ComposeValues.Time(use, ComposeValues.Day) }),
            KeyRow<Draft>.Done("failure_action", "continue, rollback, pause", "What happens when a new one fails.", use => use.Target.Update = use.Target.Update with { OnFailure = ComposeValues.Word(use, "pause", "rollback", "continue") }),
            KeyRow<Draft>.Done("order", "start-first, stop-first", "Which comes first.", use => use.Target.Update = use.Target.Update with { StartsFirst = ComposeValues.Word(use, ("start-first", true), ("stop-first", false)) }),
            KeyRow<Draft>.Refused("max_failure_ratio", "'failure_action', which one failure is enough for"),
        ],
        unknownIsError: true);

    private static void ReadUpdate(KeyUse<ComposeService> use, Func<SwarmServiceSettings, SwarmUpdate> get, Func<SwarmServiceSettings, SwarmUpdate, SwarmServiceSettings> set)
    {
        if (use.Value is not YamlMapping mapping)
        {
            use.Refuse("a mapping");
            return;
        }

        var draft = new Draft { Update = get(use.Target.Container!) };
        s_update.Read(mapping, draft, use.Problems);
        Set(use, container => set(container, draft.Update));
    }
}

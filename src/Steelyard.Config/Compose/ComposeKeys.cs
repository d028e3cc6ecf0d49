using System.Globalization;
using Steelyard.Config.Dialects;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;
using static Steelyard.Config.Dialects.KeyRow<Steelyard.Config.Compose.ComposeService>;

namespace Steelyard.Config.Compose;

/// <summary>The keys of a service in a Compose file, as the Compose specification has them, with those of version 3.</summary>
internal static class ComposeKeys
{
    private const string Containers = "It is of containers, and the program runs on this machine itself.";
    private const string Isolation = "The program runs on this machine itself, with the rights of `user`; systemd can take more away.";

    /// <summary>The keys of <c>x-steelyard</c>, which other programs pass over.</summary>
    public static KeyRows<ComposeService> Own { get; } = new(
        [
            Done("command", "text, or list of words", "What is run here, in the place of what the image would run.", use => use.Target.OwnCommand = ComposeValues.Command(use) is { Count: > 0 } words ? new(words, use.Value.Place) : null),
            Done("working_dir", "path", "The folder on this machine that it starts in, from that of the file.", use => Set(use, app => app with { Folder = Text(use) })),
            Done("port", "port", "The port that the program listens on, where it is not the one behind the colon of `ports`.", use => use.Target.OwnPort = use.TryNumber(1, 65535, out var port) ? new(port, use.Value.Place) : null),
            Done("listen", "port, socket, activation, cluster, raw, none", "How it is reached, see [Workers](workers.md#how-a-worker-is-reached); by the command when left out.", ReadListen),
            Done("container", "true or false", "With true the service is left to a container engine, and nothing is done about it here.", use => use.Target.IsLeftOut = use.TryFlag(out var left) && left),
            Done("swarm", "true or false", "With true Docker Swarm runs the image although there is a `command`, which is then its own.", use => use.TryFlag(out _)),
        ],
        unknownIsError: true);

    public static KeyRows<ComposeService> HealthCheck { get; } = new(
        [
            Done("test", "curl or wget of an address of the service itself", "The path is asked for by HTTP, of each worker; `NONE` for no check.", ReadTest),
            Done("interval", "duration", "How often; 30 s when left out.", use => SetHealth(use, health => health with { Interval = ComposeValues.Time(use, TimeSpan.FromHours(1)) ?? health.Interval })),
            Done("timeout", "duration", "How long an answer may take; 30 s when left out.", use => SetHealth(use, health => health with { Timeout = ComposeValues.Time(use, TimeSpan.FromHours(1)) ?? health.Timeout })),
            Done("retries", "number", "After so many failures in a row a worker gets no requests; 3 when left out.", use => SetHealth(use, health => health with { Fall = use.TryNumber(1, 100, out var fall) ? fall : health.Fall })),
            Done("start_period", "duration", "A worker has so much longer to become ready.", use => use.Target.StartPeriod = ComposeValues.Time(use, TimeSpan.FromMinutes(59)) ?? default),
            Harmless("start_interval", "A worker that starts is asked until it answers."),
            Done("disable", "true or false", "With true there is no check.", use => use.Target.ChecksNothing = use.TryFlag(out var off) && off),
        ],
        unknownIsError: true);

    public static KeyRows<ComposeService> UpdateConfig { get; } = new(
        [
            Done("parallelism", "number", "How many workers are replaced at a time; 0 for all.", use => SetRolling(use, rolling => rolling with { Parallel = use.TryNumber(0, 1024, out var count) ? count == 0 ? 1024 : count : rolling.Parallel })),
            Done("delay", "duration", "The pause before the next ones.", use => SetRolling(use, rolling => rolling with { Delay = ComposeValues.Time(use, ComposeValues.Day) ?? rolling.Delay })),
            Done("failure_action", "continue, rollback, pause", "What happens when a new worker fails; `rollback` when left out.", ReadFailure),
            Done("monitor", "duration", "How long a new worker is watched; 1 s when left out.", use => SetRolling(use, rolling => rolling with { Monitor = ComposeValues.Time(use, ComposeValues.Day) ?? rolling.Monitor })),
            Harmless("max_failure_ratio", "One that fails is a failure."),
            Done("order", "start-first, stop-first", "Which comes first, the new worker or the end of the old one; `start-first` when left out, by which no request is lost.", ReadOrder),
        ],
        unknownIsError: true);

    public static KeyRows<ComposeService> RestartPolicy { get; } = new(
        [
            Done("condition", "none, on-failure, any", "After which ends a worker is started again.", use => SetRestart(use, restart => restart with { On = ComposeValues.Word(use, ("none", RestartOn.Never), ("on-failure", RestartOn.Failure), ("any", RestartOn.Always)) })),
            Done("delay", "duration", "The first pause, which doubles up to 15 s.", ReadDelay),
            Done("max_attempts", "number", "How many starts within `window` are tried.", use => SetRestart(use, restart => restart with { Most = use.TryNumber(0, 9999, out var most) ? most + 1 : restart.Most })),
            Done("window", "duration", "The time in which they are counted; 10 min when left out.", use => SetRestart(use, restart => restart with { Window = ComposeValues.Time(use, ComposeValues.Day) is { } window && window >= TimeSpan.FromSeconds(1) ? window : restart.Window })),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_limits = new(
        [
            Done("memory", "size", "A worker that holds more is replaced by a new one, and loses no request.", use => Set(use, app => app with { MostMemory = ComposeValues.Size(use) ?? app.MostMemory })),
            Harmless("cpus", "Processors are shared out by the kernel; CPUQuota= of systemd limits all."),
            Harmless("pids", "Processes are counted by user, in `limits`."),
        ],
        unknownIsError: true);

    private static readonly KeyRows<ComposeService> s_resources = new(
        [
            Done("limits", "mapping with `memory`", "What each worker may have.", use => ComposeValues.ReadInto(use, s_limits)),
            Harmless("reservations", "There is one machine."),
        ],
        unknownIsError: true);

    public static KeyRows<ComposeService> Deploy { get; } = new(
        [
            Done("replicas", "number", "How many workers.", ReadReplicas),
            Done("mode", "replicated, global", "`global` is one worker, for there is one machine.", ReadDeployMode),
            Done("update_config", "mapping", "How workers are replaced, see below.", use => ComposeValues.ReadInto(use, UpdateConfig)),
            Harmless("rollback_config", "A way back goes as `update_config` says."),
            Done("restart_policy", "mapping", "What happens when a worker ends by itself, see below.", use => ComposeValues.ReadInto(use, RestartPolicy)),
            Done("resources", "`limits` with `memory`", "A worker that holds more is replaced by a new one, and loses no request.", use => ComposeValues.ReadInto(use, s_resources)),
            Harmless("endpoint_mode", "Clients connect to Steelyard."),
            Harmless("placement", "There is one machine."),
            Harmless("labels", "They are for other programs."),
        ],
        unknownIsError: true);

    /// <summary>The keys that mean the same of a service, whoever runs it.</summary>
    public static IReadOnlyList<KeyRow<ComposeService>> OfEveryService =>
    [
        Done("profiles", "list", "The service is left out, unless the variable `COMPOSE_PROFILES` names one of them.", use => use.Target.Profiles = use.TryList("a list of names", out var names) ? [.. names.Select(one => one.Value)] : []),
        Done("extends", "service, or { service, file }", "What the other service says, under what this one does.", static _ => { }),
    ];

    public static KeyRows<ComposeService> Service { get; } = new(
        [
            Done("x-steelyard", "mapping", "What is different here, see below; other programs pass over it.", use => ComposeValues.ReadInto(use, Own)),
            Done("image", "name", "Nothing, beside a `command`; alone it is [Docker Swarm's](#images-and-docker-swarm), and without one an error that says what to do.", static use => use.Target.Image = use.Key.Place with { End = use.Value.Place.End }),
            Done("build", "path, or mapping", "The same.", static use => use.Target.Image ??= use.Key.Place),
            Done("command", "text, or list of words", "What is run, on this machine.", use => use.Target.Command = ComposeValues.Command(use) is { } words ? new(words, use.Value.Place) : null),
            Done("entrypoint", "text, or list of words", "Goes before the command.", use => use.Target.Entrypoint = ComposeValues.Command(use)),
            Done("working_dir", "path", "The folder that it starts in; that of the file when left out, and here `x-steelyard` has the last word.", use => Set(use, app => app.Folder is null ? app with { Folder = Text(use) } : app)),
            Done("ports", "list, short or long", "Where clients connect: a listener, whose requests go to the workers by `least-connections`.", ComposePorts.Read),
            Done("expose", "list of ports", "The first is a listener on 127.0.0.1 where there are no `ports`: what other services reach.", ReadExposed),
            Done("environment", "mapping, or list", "Variables of its environment; one without a value is that which Steelyard was started with.", static _ => { }),
            Done("env_file", "path, list, or list of mappings", "Files of variables, under those of `environment`.", static _ => { }),
            Done("deploy", "mapping", "See below.", use => ComposeValues.ReadInto(use, Deploy)),
            Done("scale", "number", "How many workers.", ReadReplicas),
            Done("restart", "no, always, on-failure[:n], unless-stopped", "What happens when a worker ends by itself; `always` when left out.", ReadRestart),
            Done("healthcheck", "mapping", "See below.", use => ComposeValues.ReadInto(use, HealthCheck)),
            Done("depends_on", "list, or mapping", "Services whose workers have to be ready before: `service_started` and `service_healthy` alike. With `service_completed_successfully` they are to have ended with exit code 0, within an hour, and stay ended.", ReadDependencies),
            Done("stop_signal", "signal", "SIGTERM when left out.", ReadSignal),
            Done("stop_grace_period", "duration", "How long after the signal it is killed; 10 s when left out.", use => Set(use, app => app with { Stop = app.Stop with { Grace = ComposeValues.Time(use, ComposeValues.Day) ?? app.Stop.Grace } })),
            Done("user", "user, or user:group, by name or number", "The user that workers become; only root can have it so.", ReadUser),
            Done("mem_limit", "size", "As `memory` in `deploy`.", use => Set(use, app => app with { MostMemory = ComposeValues.Size(use) ?? app.MostMemory })),
            Done("ulimits", "mapping", "nofile, nproc, core, fsize, as.", ReadLimits),
            .. OfEveryService,
            .. new[] { "networks", "links", "external_links", "network_mode", "dns", "dns_opt", "dns_search", "extra_hosts", "hostname", "domainname", "mac_address" }
                .Select(key => Harmless(key, "Services reach each other on 127.0.0.1, by the ports that they publish or expose.")),
            .. new[] { "volumes", "volumes_from", "tmpfs", "read_only", "storage_opt", "devices", "device_cgroup_rules", "gpus", "shm_size" }
                .Select(key => Harmless(key, "Nothing is mounted: the program sees the files of this machine.")),
            .. new[] { "cap_add", "cap_drop", "security_opt", "privileged", "userns_mode", "pid", "ipc", "uts", "isolation", "sysctls", "cgroup", "cgroup_parent", "credential_spec", "runtime" }
                .Select(key => Harmless(key, Isolation)),
            .. new[] { "container_name", "platform", "pull_policy", "pull_refresh_after", "init", "tty", "stdin_open", "attach", "labels", "label_file", "annotations", "develop" }
                .Select(key => Harmless(key, Containers)),
            Harmless("logging", "`steelyard logs` shows what workers print; `log` of an app writes files."),
            .. new[] { "cpus", "cpu_count", "cpu_percent", "cpu_shares", "cpu_period", "cpu_quota", "cpu_rt_runtime", "cpu_rt_period", "cpuset", "blkio_config", "mem_reservation", "mem_swappiness", "memswap_limit", "oom_kill_disable", "oom_score_adj", "pids_limit" }
                .Select(key => Harmless(key, "The kernel shares the machine out; systemd can limit all workers together.")),
            Refused("secrets", "the path of the file in 'environment'"),
            Refused("configs", "the file where the program looks for it"),
            Refused("group_add", "'user' with all of its groups"),
            Refused("post_start", "a service of its own that comes before, in 'depends_on'"),
            Refused("pre_stop", "a handler of the signal in the program"),
            Refused("provider", "a service with a command"),
            Refused("models", "a service with a command"),
        ],
        unknownIsError: true);

    private static string Text(KeyUse<ComposeService> use) => use.TryText("a text", out var text) ? text : "";

    private static void Set(KeyUse<ComposeService> use, Func<AppSettings, AppSettings> set) => use.Target.Settings = set(use.Target.Settings);

    private static void SetHealth(KeyUse<ComposeService> use, Func<HealthSettings, HealthSettings> set) => use.Target.Health = set(use.Target.Health);

    private static void SetRolling(KeyUse<ComposeService> use, Func<RollingSettings, RollingSettings> set) => Set(use, app => app with { Rolling = set(app.Rolling) });

    private static void SetRestart(KeyUse<ComposeService> use, Func<RestartSettings, RestartSettings> set) => Set(use, app => app with { Restart = set(app.Restart) });

    private static void ReadListen(KeyUse<ComposeService> use)
    {
        use.Target.Listen = ComposeValues.Word(use, ("port", WorkerListen.Port), ("socket", WorkerListen.Socket), ("activation", WorkerListen.Activation), ("cluster", WorkerListen.Cluster), ("raw", WorkerListen.Raw), ("none", WorkerListen.None));
        if (use.Target.Listen == WorkerListen.None)
            Set(use, app => app with { Ready = app.Ready with { On = ReadySign.Delay } });
    }

    private static void ReadFailure(KeyUse<ComposeService> use) =>
        SetRolling(use, rolling => rolling with { OnFailure = ComposeValues.Word(use, ("continue", RollingFailure.Continue), ("rollback", RollingFailure.Rollback), ("pause", RollingFailure.Pause)) });

    private static void ReadOrder(KeyUse<ComposeService> use) =>
        use.Target.StartsFirst = new(ComposeValues.Word(use, ("start-first", true), ("stop-first", false)), use.Value.Place);

    private static void ReadDelay(KeyUse<ComposeService> use)
    {
        if (ComposeValues.Time(use, TimeSpan.FromHours(1)) is { } delay && delay >= TimeSpan.FromMilliseconds(1))
            SetRestart(use, restart => restart with { Delay = delay, MostDelay = delay > restart.MostDelay ? delay : restart.MostDelay });
    }

    private static void ReadReplicas(KeyUse<ComposeService> use) => use.Target.Replicas = use.TryNumber(0, 1024, out var count) ? count : null;

    private static void ReadDeployMode(KeyUse<ComposeService> use)
    {
        if (use.Value is YamlText { Value: "replicated-job" or "global-job" })
            use.Problems.Error(use.Value.Place, "a job, which ends, is not run here", "a service that stays, or 'x-steelyard: { container: true }'");
        else
            _ = ComposeValues.Word(use, ("replicated", true), ("global", true));
    }

    private static void ReadRestart(KeyUse<ComposeService> use)
    {
        var text = Text(use);
        if (text.StartsWith("on-failure:", StringComparison.Ordinal) && int.TryParse(text.AsSpan("on-failure:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most < 10_000)
        {
            SetRestart(use, restart => restart with { On = RestartOn.Failure, Most = most + 1 });
            return;
        }

        // Where deploy says it too, that counts, as with Compose.
        SetRestart(use, restart => restart with { On = ComposeValues.Word(use, ("always", RestartOn.Always), ("no", RestartOn.Never), ("false", RestartOn.Never), ("on-failure", RestartOn.Failure), ("unless-stopped", RestartOn.Always)) });
    }

    private static void ReadExposed(KeyUse<ComposeService> use)
    {
        if (use.TryList("a list of ports", out var ports) && ports.Count > 0)
        {
            if (int.TryParse(ports[0].Value.Replace("/tcp", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535)
                use.Target.Exposed = new(port, ports[0].Place);
            else
                use.Refuse(ports[0], "a port");
        }
    }

    private static void ReadDependencies(KeyUse<ComposeService> use)
    {
        if (ComposeMerge.AsMapping(use.Value) is not YamlMapping mapping)
        {
            use.Refuse("a list of services, or a mapping");
            return;
        }

        foreach (var (name, value) in mapping.Entries)
        {
            var parts = value as YamlMapping;
            var condition = parts?.ValueOf("condition") as YamlText;
            var optional = parts?.ValueOf("required") is YamlText { Value: "false" };
            if (condition is { Value: not ("service_started" or "service_healthy" or "service_completed_successfully" or "") })
                use.Refuse(condition, "service_started, service_healthy or service_completed_successfully");
            else
                use.Target.After.Add(new(new(name.Value, name.Place), optional, condition is { Value: "service_completed_successfully" }));
        }
    }

    private static void ReadSignal(KeyUse<ComposeService> use)
    {
        var name = Text(use);
        name = name.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? name[3..] : name;
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Enum.IsDefined((StopSignal)number) : Enum.GetNames<StopSignal>().Contains(name, StringComparer.OrdinalIgnoreCase))
            Set(use, app => app with { Stop = app.Stop with { Signal = number > 0 ? (StopSignal)number : Enum.Parse<StopSignal>(name, ignoreCase: true) } });
        else
            use.Refuse(Shown.OneOf([.. Enum.GetNames<StopSignal>().Select(one => "SIG" + one.ToUpperInvariant())]));
    }

    private static void ReadUser(KeyUse<ComposeService> use)
    {
        var parts = Text(use).Split(':', 2);
        if (parts.Any(part => part.Length == 0 || part.Length > 32 || part[0] == '-' || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')))
            use.Refuse("a user of this machine, and a group behind a colon, by name or number");
        else
            Set(use, app => app with { User = parts[0], Group = parts.Length > 1 ? parts[1] : null });
    }

    private static void ReadLimits(KeyUse<ComposeService> use)
    {
        if (use.Value is not YamlMapping mapping)
        {
            use.Refuse("a mapping");
            return;
        }

        foreach (var (key, value) in mapping.Entries)
        {
            var text = (value as YamlMapping)?.ValueOf("soft") as YamlText ?? value as YamlText;
            if (!long.TryParse(text?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                use.Refuse(value, "a number, or { soft: ..., hard: ... }");
                continue;
            }

            var limits = use.Target.Settings.Limits;
            var size = ByteSize.FromKibibytes(number / 1024);
            switch (key.Value)
            {
                case "nofile" when number is >= 16 and <= 10_000_000:
                    limits = limits with { OpenFiles = (int)number };
                    break;
                case "nproc" when number is >= 1 and <= 1_000_000:
                    limits = limits with { Processes = (int)number };
                    break;
                case "core":
                    limits = limits with { Core = size };
                    break;
                case "fsize":
                    limits = limits with { FileSize = size };
                    break;
                case "as":
                    limits = limits with { AddressSpace = size };
                    break;
                default:
                    use.Problems.Error(key.Place, $"the limit {Shown.Quote(key.Value)} of {number} is not set here", "nofile, nproc, core, fsize or as");
                    break;
            }

            Set(use, app => app with { Limits = limits });
        }
    }

    private static void ReadTest(KeyUse<ComposeService> use)
    {
        List<string> words = [];
        if (use.Value is YamlText line)
            words = [.. line.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        else if (use.TryList("a command", out var items))
            words = items is [{ Value: "CMD-SHELL" }, { Value: var shell }] ? [.. shell.Split(' ', StringSplitOptions.RemoveEmptyEntries)] : [.. items.Select(item => item.Value)];
        if (words is ["NONE"])
        {
            use.Target.ChecksNothing = true;
            return;
        }

        if (words.Count > 0 && words[0] == "CMD")
            words.RemoveAt(0);
        if (words is [.., "||", "exit", "1"])
            words.RemoveRange(words.Count - 3, 3);
        if (words is [.., "||", "false"])
            words.RemoveRange(words.Count - 2, 2);
        var address = words.Skip(1).Select(AddressOf).FirstOrDefault(address => address is not null);
        if (words.Count < 2 || Path.GetFileName(words[0]) is not ("curl" or "wget") || words.Any(word => word is "|" or "||" or "&&" or ";" or ">") || address is null || !Uri.TryCreate(address, UriKind.Absolute, out var url) || !(url.IsLoopback || url.Host == "0.0.0.0"))
            use.Problems.Error(use.Value.Place, "commands are not run as checks here", "[ CMD, curl, -f, \"http://localhost:PORT/path\" ], whose path is asked for; or 'disable: true'");
        else
            use.Target.CheckedPath = new(url.PathAndQuery, use.Value.Place);
    }
    /// <summary>What a word of curl's or wget's asks for; null where it is another word.</summary>
    private static string? AddressOf(string word)
    {
        word = word.Trim('"', '\'');
        return word.StartsWith("http://", StringComparison.Ordinal) ? word
            : word.StartsWith("localhost", StringComparison.Ordinal) || word.StartsWith("127.0.0.1", StringComparison.Ordinal) ? "http://" + word
            : null;
    }
}

using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Pm2;

/// <summary>What an ecosystem file has said of one app so far; in the end a pool and its listener.</summary>
internal sealed class EcosystemApp(Place place)
{
    // What PM2 waits after its signal (kill_timeout), and the signal, of which apps are told by nothing else before.
    private static readonly StopSettings s_stop = new() { Signal = StopSignal.Int, Disconnect = false, ToAll = true, Grace = TimeSpan.FromMilliseconds(1600) };

    private static readonly TimeSpan s_longestGrown = TimeSpan.FromSeconds(15);

    public Place Place { get; } = place;

    public Located<string>? Name { get; set; }

    public string? NameSuffix { get; set; }

    public Located<string>? Script { get; set; }

    public IReadOnlyList<string> Arguments { get; set; } = [];

    public IReadOnlyList<string> InterpreterArguments { get; set; } = [];

    public Located<string>? Interpreter { get; set; }

    /// <summary>How many; null where the file does not say it.</summary>
    public Located<int?>? Instances { get; set; }

    /// <summary>Whether so many are left out that PM2 runs the app in fork mode.</summary>
    public bool LeavesSeveralCores { get; set; }

    /// <summary>Whether it says 'cluster', or 'fork'.</summary>
    public Located<bool>? Clusters { get; set; }

    public bool AutoStarts { get; set; } = true;

    public bool SourceMaps { get; set; }

    public Dictionary<string, Located<string>> Environment { get; } = new(StringComparer.Ordinal);

    /// <summary>The folder of the file, as a full path.</summary>
    public required string Home { get; init; }

    public Located<string>? IncrementedVariable { get; set; }

    public string? InstanceVariable { get; set; }

    public bool WaitsForReady { get; set; }

    public TimeSpan? ListenTimeout { get; set; }

    public bool SaysShutdown { get; set; }

    public TimeSpan? RestartDelay { get; set; }

    public TimeSpan? GrowingRestartDelay { get; set; }

    public bool Watches { get; set; }

    public ValueList<string> WatchedPaths { get; set; } = ["."];

    public ValueList<string> Unwatched { get; set; }

    public Located<string>? OutFile { get; set; }

    public Located<string>? ErrorFile { get; set; }

    public Located<string>? LogFile { get; set; }

    public bool MergesLogs { get; set; }

    public bool LogsTime { get; set; }

    public string? DateFormat { get; set; }

    public bool LogsJson { get; set; }

    public bool LogsNothing { get; set; }

    /// <summary>All that is as it is in the settings of an app.</summary>
    public AppSettings Settings { get; set; } = new() { Command = [], Stop = s_stop };

    private static readonly Dictionary<string, string[]> s_interpreters = new(StringComparer.Ordinal)
    {
        [".js"] = ["node"],
        [".cjs"] = ["node"],
        [".mjs"] = ["node"],
        [".py"] = ["python3"],
        [".sh"] = ["bash"],
        [".rb"] = ["ruby"],
        [".php"] = ["php"],
        [".pl"] = ["perl"],
        [".ts"] = ["bun"],
        [".tsx"] = ["bun"],
        [".coffee"] = ["coffee"],
        [".ls"] = ["lsc"],
    };

    /// <summary>Makes the pool, and the listener where it has one.</summary>
    public (PoolDraft Pool, ListenerDraft? Listener)? Finish(ProblemList problems)
    {
        if (Script is not { } script)
        {
            problems.Error(Place, "an app without 'script'", "'script', such as 'app.js'");
            return null;
        }

        if (script.Value == "serve")
        {
            problems.Error(script.Place, "'serve' is PM2's own server of files, which is not here", "a route with 'files' in a steelyard.yaml, or a program that serves them");
            return null;
        }

        var command = Command(script, out var runtime);
        var isNode = runtime is "node" or "nodejs";
        var clusters = Clusters is { } said ? said.Value : Instances is not null && runtime is "node" or "nodejs" or "bun";
        var count = Instances is { } instances ? instances.Value : 1;
        if (clusters && !isNode && Clusters is { } asked)
        {
            problems.Warn(asked.Place, "only workers of node can be those of a cluster, so this app is run as with exec_mode: 'fork'");
            clusters = false;
        }
        else if (clusters && !isNode)
        {
            clusters = false;
        }

        if (clusters && Clusters is null && LeavesSeveralCores)
            problems.Warn(Instances!.Value.Place, "PM2 runs so many in fork mode, where they cannot share a port: here they are a cluster", "exec_mode: 'cluster'");
        var name = NameOf(script, problems);
        var settings = Settings with { Instances = count, Restart = Restart() };
        ListenerDraft? listener = null;
        var ports = clusters ? [] : PortsOf(count ?? System.Environment.ProcessorCount, problems);
        if (clusters)
        {
            settings = settings with { Listen = WorkerListen.Cluster, Ready = settings.Ready with { On = WaitsForReady ? ReadySign.Signal : ReadySign.Listening } };
            listener = new(Place) { Bind = [new(NetworkAddress.OfApp, Place)], To = name };
        }
        else if (ports.Count > 0)
        {
            Environment[IncrementedVariable!.Value.Value] = new("{port}", IncrementedVariable.Value.Place);
            settings = settings with { Listen = WorkerListen.Port };
            listener = new(Place) { Bind = [.. ports.Select(port => new Located<NetworkAddress>(NetworkAddress.ForHost("", port), IncrementedVariable.Value.Place))], To = name };
            if (WaitsForReady)
                problems.Warn(Place, "'wait_ready' of an app that shares its port by 'increment_var': it is ready when it listens");
        }
        else
        {
            // It binds its port itself, so the one before has to have left it.
            settings = settings with
            {
                Listen = WorkerListen.None,
                Ready = settings.Ready with { On = WaitsForReady ? ReadySign.Signal : ReadySign.Delay },
                Rolling = settings.Rolling with { Order = RollingOrder.StopFirst },
            };
        }

        settings = settings with
        {
            Ready = settings.Ready with { Within = ListenTimeout is { } limit && limit > settings.Ready.Within ? limit : settings.Ready.Within },
            Environment = EnvironmentOf(runtime).ToValueList(),
            Watch = Watches ? WatchedPaths : [],
            IgnoreWatch = Watches ? Unwatched.AsEnumerable().Where(path => !IsNeverWatched(path)).Select(NameOrPath).ToValueList() : [],
            Log = Log(count != 1, problems),
        };
        if (SaysShutdown)
        {
            if (isNode && (clusters || settings.Listen == WorkerListen.None))
                settings = settings with { Stop = settings.Stop with { Message = "shutdown" } };
            else
                problems.Warn(Place, "'shutdown_with_message' of a program that has no channel to be told by: it gets a signal");
        }

        return (new(name) { Balance = BalancePolicy.LeastConnections, App = new(Place) { Command = new(command.ToValueList(), script.Place), Settings = settings } }, listener);
    }

    private Located<string> NameOf(Located<string> script, ProblemList problems)
    {
        var name = Name is { } given ? given.Value : Path.GetFileNameWithoutExtension(script.Value.Split(' ')[0]);
        name = name + (NameSuffix is null ? "" : "-" + NameSuffix);
        var fitting = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-').Take(64)]);
        var (found, place) = (fitting.Length == 0 ? "app" : fitting, Name?.Place ?? script.Place);
        if (Name is not null && found != name)
            problems.Note(place, $"{Shown.Quote(name)} is called {Shown.Quote(found)} here, by letters, digits and - _ .");
        return new(found, place);
    }

    private List<string> Command(Located<string> script, out string runtime)
    {
        List<string> command = [];

        // As PM2 does it: what holds a blank is for a shell.
        if (script.Value.Contains(' ') && Interpreter is null)
        {
            runtime = "bash";
            return ["bash", "-c", string.Join(' ', [script.Value, .. Arguments])];
        }

        if (Interpreter is { Value: not "none" } interpreter)
            command.Add(interpreter.Value);
        else if (Interpreter is null && s_interpreters.TryGetValue(Path.GetExtension(script.Value), out var words))
            command.AddRange(words);
        else if (Interpreter is null && ScriptFile.IsForNode(Path.GetFullPath(script.Value, Path.GetFullPath(Settings.Folder ?? ".", Home))))
            command.Add("node");
        runtime = command.Count == 0 ? "" : Path.GetFileName(command[0]);
        if (runtime is "node" or "nodejs" && SourceMaps)
            command.Add("--enable-source-maps");
        if (command.Count > 0)
            command.AddRange(InterpreterArguments);
        command.Add(script.Value);
        command.AddRange(Arguments);
        return command;
    }

    /// <summary>The ports of the instances where each is to have one more than the one before.</summary>
    private List<int> PortsOf(int count, ProblemList problems)
    {
        if (IncrementedVariable is not { } variable)
            return [];
        if (!Environment.TryGetValue(variable.Value, out var first) || !int.TryParse(first.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 || port + count > 65536)
        {
            problems.Error(variable.Place, $"'increment_var' of a variable that is no port in 'env'", $"{variable.Value} in 'env', as in {{ {variable.Value}: 3000 }}");
            return [];
        }

        return [.. Enumerable.Range(port, count)];
    }

    private RestartSettings Restart()
    {
        if (GrowingRestartDelay is { Ticks: > 0 } first)
            return Settings.Restart with { Delay = first, MostDelay = first > s_longestGrown ? first : s_longestGrown };
        return RestartDelay is { Ticks: > 0 } each ? Settings.Restart with { Delay = each, MostDelay = each } : Settings.Restart;
    }

    private IEnumerable<EnvironmentVariable> EnvironmentOf(string runtime)
    {
        if (runtime.Contains("python", StringComparison.Ordinal) && !Environment.ContainsKey("PYTHONUNBUFFERED"))
            yield return new("PYTHONUNBUFFERED", "1");
        foreach (var (name, value) in Environment)
            yield return new(name, value.Value);
        if (InstanceVariable is not null)
            yield return new(InstanceVariable, "{index}");
    }

    // As chokidar has it: what stands behind **/ is meant at any depth, and a folder with all that is in it.
    private static string NameOrPath(string pattern)
    {
        var shorter = pattern.StartsWith("**/", StringComparison.Ordinal) ? pattern[3..] : pattern;
        foreach (var all in (ReadOnlySpan<string>)["/**/*", "/**", "/*", "/"])
        {
            if (shorter.Length > all.Length && shorter.EndsWith(all, StringComparison.Ordinal))
                return shorter[..^all.Length];
        }

        return shorter;
    }

    private static bool IsNeverWatched(string path) => path.TrimStart('.', '/', '\\', '[', '*').StartsWith("node_modules", StringComparison.Ordinal) || path.StartsWith('.') && !path.StartsWith("./", StringComparison.Ordinal);

    private LogSettings Log(bool several, ProblemList problems)
    {
        if (LogsNothing)
            return new() { Terminal = false };
        var log = new LogSettings
        {
            File = FileOf(LogFile, several, problems),
            OutputFile = FileOf(OutFile, several, problems),
            ErrorFile = FileOf(ErrorFile, several, problems),
        };
        if (log == new LogSettings())
            return log;
        if (log.File is null && log.OutputFile == log.ErrorFile)
            log = log with { File = log.OutputFile, OutputFile = null, ErrorFile = null };
        return log with
        {
            Format = LogsJson ? LogFormat.Json : LogFormat.Raw,
            Time = LogsTime ? "YYYY-MM-DDTHH:mm:ss" : DateFormat is "" ? null : DateFormat,
        };
    }

    private string? FileOf(Located<string>? file, bool several, ProblemList problems)
    {
        if (file is not { Value: not ("/dev/null" or "NULL" or "") and var path })
            return null;
        if (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal))
        {
            problems.Note(file.Value.Place, $"{Shown.Quote(path)} is no file of its own: what workers print goes to Steelyard's standard output in any case");
            return null;
        }

        if (path[0] == '~')
            path = System.Environment.GetEnvironmentVariable("HOME") + path[1..];
        if (several && !MergesLogs && path.EndsWith(".log", StringComparison.Ordinal))
            path = $"{WithoutNumber(path[..^".log".Length])}-{{index}}.log";
        return Path.Combine(Settings.Folder ?? "", path);
    }

    // As PM2 has it: a number that stands there already gives way to that of the instance.
    private static string WithoutNumber(string name)
    {
        var letters = name.AsSpan().TrimEnd("0123456789").Length;
        return letters > 0 && letters < name.Length && name[letters - 1] == '-' ? name[..(letters - 1)] : name;
    }
}

using System.Globalization;
using System.Text;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;
using static Steelyard.Config.Dialects.KeyRow<Steelyard.Config.Pm2.EcosystemApp>;

namespace Steelyard.Config.Pm2;

/// <summary>The keys of an app in an ecosystem file, as PM2 7 has them.</summary>
internal static class EcosystemKeys
{
    private const string Milliseconds = "milliseconds, or a text such as '5s', '1m', '1h'";

    public static KeyRows<EcosystemApp> Table { get; } = new(
        [
            Done("script, exec, cmd, command", "path, or a command with blanks", "What is run: a file from `cwd`, or a program in `PATH`; with a blank in it, by `bash -c`.", use => use.Target.Script = Located(use)),
            Done("name", "text", "What the pool is called; the name of the script when left out.", use => use.Target.Name = Located(use)),
            Harmless("name_prefix", "It counts on PM2's command line alone."),
            Done("append_env_to_name", "true or false", "The name of `--env` goes behind the name.", use => use.Target.NameSuffix = use.TryFlag(out var on) && on ? use.Target.NameSuffix : null),
            Harmless("namespace", "`steelyard restart NAME` names apps one by one."),
            Done("args", "list, or text with quotes", "The arguments of the script.", use => use.Target.Arguments = Words(use)),
            Done("interpreter, exec_interpreter", "program, or none", "What runs the script; when left out by its extension, node, python3, bash, ruby, php, perl, bun, or node where its first line says so.", ReadInterpreter),
            Done("node_args, interpreter_args", "list, or text with quotes", "The arguments of the interpreter.", use => use.Target.InterpreterArguments = Words(use)),
            Done("instances", "number, or 'max'", "How many workers; `max` and 0 are one per core, a number below 0 so many less, at least one.", ReadInstances),
            Done("exec_mode", "'cluster' or 'fork'", "`cluster`: requests go to the workers through a listener on the port that they call `listen()` with, by `least-connections`. `fork`: the program is looked after, and binds its port itself. `cluster` where there is `instances` and node runs the script.", ReadMode),
            Done("wait_ready", "true or false", "A worker is ready when it says `process.send('ready')`, and not before.", use => use.Target.WaitsForReady = Flag(use)),
            Done("listen_timeout", Milliseconds, "How long a worker has to become ready, at least 15 s: PM2 counts it as ready afterwards, here it has failed.", use => use.Target.ListenTimeout = Time(use, TimeSpan.FromHours(1))),
            Done("kill_timeout", Milliseconds, "How long after the signal, SIGINT as with PM2, a worker is killed; 1.6 s when left out, or 0.", use => Set(use, app => app with { Stop = app.Stop with { Grace = Time(use, TimeSpan.FromHours(24)) is { Ticks: > 0 } grace ? grace : app.Stop.Grace } })),
            Harmless("kill_retry_time", "The end of a process is noticed at once."),
            Done("shutdown_with_message", "true or false", "A worker of node gets the message `shutdown`, and the signal only where it has not ended after `kill_timeout`; it is killed after as long again.", use => use.Target.SaysShutdown = Flag(use)),
            Done("treekill", "true or false", "With false what a worker started gets no signal before the worker has ended.", use => Set(use, app => app with { Stop = app.Stop with { ToAll = Flag(use) } })),
            Done("autorestart", "true or false", "Whether a worker that ends is started again.", use => Set(use, app => app with { Restart = app.Restart with { On = Flag(use) ? RestartOn.Always : RestartOn.Never } })),
            Done("stop_exit_codes", "number, or list", "Exit codes after which it is not.", ReadExitCodes),
            Done("autostart", "true or false", "With false the app is left out.", use => use.Target.AutoStarts = Flag(use)),
            Done("min_uptime", Milliseconds, "A life that was longer does not count among `max_restarts`.", use => Set(use, app => app with { Restart = app.Restart with { MinUptime = Time(use, TimeSpan.FromHours(24)) is { Ticks: > 0 } least ? least : app.Restart.MinUptime } })),
            Done("max_restarts", "number", "After so many ends within ten minutes, that slide, a worker is left alone; 16 when left out, or 0.", use => Set(use, app => app with { Restart = app.Restart with { Most = use.TryNumber(0, 10_000, out var most) && most > 0 ? most : app.Restart.Most } })),
            Done("restart_delay", Milliseconds, "The pause before each start.", use => use.Target.RestartDelay = Time(use, TimeSpan.FromHours(1))),
            Done("exp_backoff_restart_delay", Milliseconds, "The first pause, which doubles up to 15 s (PM2: grows by a half); before `restart_delay`.", use => use.Target.GrowingRestartDelay = Time(use, TimeSpan.FromHours(1))),
            Done("max_memory_restart", "bytes, or '300M', '1G'", "A worker that holds more is replaced by a new one and loses no request; looked at every 5 s.", use => Set(use, app => app with { MostMemory = Size(use) ?? app.MostMemory })),
            Done("cron_restart, cron", "pattern of cron", "When all workers are replaced, as `steelyard restart` does it: five fields, or six with the seconds first.", ReadSchedule),
            Done("watch", "true, path, or list", "All workers are replaced when a file changes.", ReadWatch),
            Done("ignore_watch", "list, or text with blanks", "What is passed over beside node_modules and what begins with a dot: names, at any depth, and paths, with `*` and `?`.", use => use.Target.Unwatched = Words(use)),
            Harmless("watch_delay", "A change counts once it has stayed for a second."),
            Harmless("watch_options", "A change counts once it has stayed for a second."),
            Done("env", "mapping", "Variables of the environment; `env_NAME` goes over it with `--env NAME`.", use => ReadEnvironment(use, use.Value)),
            Done("filter_env", "true, a name, or a list of parts of names", "Which variables that Steelyard was started with the workers do not get: all (PM2 7.0.4 means to, and takes none away), the one of this name, or those whose names have one of the parts in them.", ReadFilter),
            Done("port", "number", "The variable `PORT`.", use => use.Target.Environment["PORT"] = new(use.TryNumber(1, 65535, out var port) ? port.ToString(CultureInfo.InvariantCulture) : "", use.Value.Place)),
            Done("increment_var", "name of a variable", "Each instance gets a port of its own there, and requests to the ports it would have counted up are balanced over all.", use => use.Target.IncrementedVariable = Located(use)),
            Done("instance_var", "name of a variable", "Where a worker finds its number from 0, beside `NODE_APP_INSTANCE`.", use => use.Target.InstanceVariable = Text(use) is { } name and not "NODE_APP_INSTANCE" ? name : null),
            Done("cwd", "path", "The folder the app starts in; that of the file when left out.", use => Set(use, app => app with { Folder = Text(use) })),
            Done("uid, user", "name, or number", "The user that workers become; only root can have it so.", use => Set(use, app => app with { User = Text(use) })),
            Done("gid", "name, or number", "The group, beside `user`.", use => Set(use, app => app with { Group = Text(use) })),
            Done("out_file, out, output, out_log", "path", "A file for what workers print on standard output, seen from `cwd`; a new one is begun at 10 MiB and five are kept. Without it there is none: `steelyard logs` shows what they print.", use => use.Target.OutFile = Located(use)),
            Done("error_file, error, err, err_file, err_log", "path", "The same for standard error; it may be the same file.", use => use.Target.ErrorFile = Located(use)),
            Done("log_file, log", "path", "The same for both, beside the others.", ReadLogFile),
            Done("merge_logs, combine_logs", "true or false", "One file for all instances; else each of several has its own where its name ends in `.log`: `-0.log` and so on.", use => use.Target.MergesLogs = Flag(use)),
            Done("log_date_format", "text", "Lines in files begin with their time, as day.js writes it: `YYYY-MM-DD HH:mm:ss.SSS Z`.", ReadDateFormat),
            Done("time", "true or false", "The same by `YYYY-MM-DDTHH:mm:ss`, whatever `log_date_format` says.", use => use.Target.LogsTime = Flag(use)),
            Done("log_type", "'json'", "Each line in a file is an object of JSON, with `time`, `worker`, `stream`, `pid` and `message`.", use => use.Target.LogsJson = Text(use) == "json"),
            Done("disable_logs", "true or false", "What workers print goes to no file and no terminal.", use => use.Target.LogsNothing = Flag(use)),
            Harmless("pid_file, pid", "`steelyard status` shows each worker's process."),
            Done("source_map_support", "true or false", "`node --enable-source-maps`.", use => use.Target.SourceMaps = Flag(use)),
            Harmless("disable_source_map_support", "Node reads no source maps unless `source_map_support` says so."),
            Harmless("force", "An app is started once for each time that it stands in the file."),
            Done("execute_command", "true or false", "With true the same as `exec_mode: 'fork'`.", use => use.Target.Clusters = Flag(use) ? new(false, use.Key.Place) : use.Target.Clusters),
            Harmless("vizion", "It is of PM2's own."),
            Harmless("pmx", "It is of PM2's own."),
            Harmless("automation", "It is of PM2's own."),
            Harmless("trace", "It is of PM2's own."),
            Harmless("io", "It is of PM2's own."),
            Harmless("v8", "It is of PM2's own."),
            Harmless("deep_monitoring", "It is of PM2's own."),
            Harmless("post_update", "It is of PM2's own."),
            Harmless("disable_trace", "It is of PM2's own."),
            Harmless("event_loop_inspector", "It is of PM2's own."),
            Harmless("install_url", "It is of PM2's own."),
            Harmless("username", "It is of PM2's own."),
            Harmless("windowsHide", "It is of PM2's own."),
            Harmless("write", "It is of PM2's own."),
        ],
        unknownIsError: false,
        camelCase: true);

    private static string Text(KeyUse<EcosystemApp> use) => use.TryText("a text", out var text) ? text : "";

    private static Located<string>? Located(KeyUse<EcosystemApp> use) => use.TryText("a text", out var text) ? new(text, use.Value.Place) : null;

    private static bool Flag(KeyUse<EcosystemApp> use) => use.TryFlag(out var flag) && flag;

    private static void Set(KeyUse<EcosystemApp> use, Func<AppSettings, AppSettings> set) => use.Target.Settings = set(use.Target.Settings);

    private static ValueList<string> Words(KeyUse<EcosystemApp> use)
    {
        if (use.Value is YamlText)
            return use.TryText("a list of words, or a text", out var line) ? Split(line).ToValueList() : [];
        return use.TryList("a list of words, or a text", out var items) ? items.Select(item => item.Value).ToValueList() : [];
    }

    // As PM2 does it, which is not as a shell does: quotes that begin a word hold it together and go, those behind a = stay.
    private static IEnumerable<string> Split(string line)
    {
        for (var at = 0; at < line.Length;)
        {
            if (char.IsWhiteSpace(line[at]))
            {
                at++;
                continue;
            }

            var end = EndOfWord(line, at);
            var word = line[at..end];
            at = end;
            if (word[0] is '"' or '\'' && word[^1] == word[0])
                word = word.Length > 1 ? word[1..^1] : "";
            if (!string.IsNullOrWhiteSpace(word))
                yield return word;
        }
    }

    private static int EndOfWord(string line, int start)
    {
        var quote = start;
        while (quote < line.Length && line[quote] is not ('"' or '\'' or '=') && !char.IsWhiteSpace(line[quote]))
            quote++;
        if (quote > start && quote < line.Length && line[quote] == '=')
            quote++;
        else if (quote > start)
            quote = line.Length;
        if (quote < line.Length && line[quote] is '"' or '\'' && line.IndexOf(line[quote], quote + 1) is >= 0 and var close)
            return close + 1;
        var end = start;
        while (end < line.Length && !char.IsWhiteSpace(line[end]))
            end++;
        return end;
    }

    private static TimeSpan? Time(KeyUse<EcosystemApp> use, TimeSpan most)
    {
        if (!use.TryText(Milliseconds, out var text))
            return null;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds > (long)most.TotalMilliseconds)
        {
            if (DurationText.TryParse(text, out var time, out _) && time <= most)
                return time;
            use.Refuse($"{Milliseconds}, {DurationText.Write(most)} at most");
            return null;
        }

        return TimeSpan.FromMilliseconds(milliseconds);
    }

    private static ByteSize? Size(KeyUse<EcosystemApp> use)
    {
        if (!use.TryText("bytes, or '300M', '1G'", out var text))
            return null;
        var factor = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 1024L, 'M' => 1024 * 1024, 'G' => 1024 * 1024 * 1024, _ => 0 };
        if (long.TryParse(factor == 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= (1L << 40) / Math.Max(1, factor) && count * Math.Max(1, factor) >= 1024 * 1024)
            return ByteSize.FromKibibytes(count * Math.Max(1, factor) / 1024);
        use.Refuse("at least 1 MiB, in bytes or as '300M', '1G'");
        return null;
    }

    private static void ReadFilter(KeyUse<EcosystemApp> use)
    {
        if (use.Value is YamlText { Value: "true" or "false" } flag)
            Set(use, app => app with { WithoutVariables = flag.Value == "true" ? ["*"] : [] });
        else if (use.Value is YamlText)
            Set(use, app => app with { WithoutVariables = [Text(use)] });
        else if (use.TryList("true, a name, or a list of parts of names", out var parts))
            Set(use, app => app with { WithoutVariables = parts.Select(part => $"*{part.Value}*").ToValueList() });
    }

    private static void ReadInterpreter(KeyUse<EcosystemApp> use)
    {
        if (!use.TryText("a program, or none", out var text))
            return;
        if (text.StartsWith("node@", StringComparison.Ordinal))
            use.Problems.Error(use.Value.Place, $"{Shown.Quote(text)} is a version for nvm to find", $"the path of that node, as 'nvm which {text["node@".Length..]}' says it, or 'node' for the one in PATH");
        else if (text.Length > 0)
            use.Target.Interpreter = new(text, use.Value.Place);
    }

    private static void ReadInstances(KeyUse<EcosystemApp> use)
    {
        if (!use.TryText("a number, or 'max'", out var text))
            return;
        var cores = System.Environment.ProcessorCount;
        int? count = null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number is >= -1024 and <= 1024)
        {
            count = number > 0 ? number : number < 0 ? Math.Max(1, cores + number) : null;
            use.Target.LeavesSeveralCores = number < -1;
        }
        else if (text != "max")
        {
            use.Refuse("a number from -1024 to 1024, or 'max'");
        }

        use.Target.Instances = new(count, use.Value.Place);
    }

    private static void ReadMode(KeyUse<EcosystemApp> use)
    {
        var mode = use.Value is YamlText text ? text.Value.Replace("_mode", "", StringComparison.Ordinal) : "";
        if (mode is "cluster" or "fork")
            use.Target.Clusters = new(mode == "cluster", use.Value.Place);
        else
            use.Refuse("'cluster' or 'fork'");
    }

    private static void ReadExitCodes(KeyUse<EcosystemApp> use)
    {
        if (!use.TryList("numbers from 0 to 255", out var items))
            return;
        List<int> codes = [];
        foreach (var item in items)
        {
            if (int.TryParse(item.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code <= 255)
                codes.Add(code);
            else
                use.Refuse(item, "a number from 0 to 255");
        }

        Set(use, app => app with { Restart = app.Restart with { LeaveOn = codes.ToValueList() } });
    }

    private static void ReadSchedule(KeyUse<EcosystemApp> use)
    {
        if (use.Value is YamlText { Value: "0" or "false" or "" } || !use.TryText("a pattern of cron", out var text))
            return;
        if (!CronSchedule.TryParse(text, out var schedule, out var wrong))
        {
            use.Problems.Error(use.Value.Place, wrong);
            return;
        }

        if (schedule.IsForEitherDay)
            use.Problems.Warn(use.Value.Place, "a day of the month and one of the week: PM2 waits for both to come together, here either will do, as in crontab(5)");
        Set(use, app => app with { Schedule = text });
    }

    private static void ReadDateFormat(KeyUse<EcosystemApp> use)
    {
        if (!use.TryText("a text", out var text))
            return;
        if (text.Length > TimePattern.Longest || text.Any(char.IsControl))
        {
            use.Refuse("letters of day.js in one line, such as 'YYYY-MM-DD HH:mm:ss'");
            return;
        }

        use.Target.DateFormat = text;
        if (new TimePattern(text).Unknown is { } letter)
            use.Problems.Warn(use.Value.Place, $"'{letter}' is no letter that PM2's day.js knows, and is written as it is", "YYYY, MM, DD, HH, mm, ss, SSS, Z and the like; [ ] around what is meant so");
    }

    private static void ReadWatch(KeyUse<EcosystemApp> use)
    {
        if (use.Value is YamlText { Value: "true" or "false" } flag)
        {
            use.Target.Watches = flag.Value == "true";
        }
        else if (use.TryList("true, a path, or a list of paths", out var paths))
        {
            // An empty list is PM2's other word for true.
            use.Target.Watches = true;
            if (paths.Count > 0)
                use.Target.WatchedPaths = paths.Select(path => path.Value).ToValueList();
        }
    }

    private static void ReadLogFile(KeyUse<EcosystemApp> use)
    {
        if (use.Value is YamlText { Value: "true" or "false" })
            use.Problems.Note(use.Key.Place, $"'{use.Name}' without a path has no effect here: `steelyard logs` shows what workers print");
        else
            use.Target.LogFile = Located(use);
    }

    /// <summary>Takes variables over those that are there.</summary>
    public static void ReadEnvironment(KeyUse<EcosystemApp> use, YamlNode node)
    {
        if (node is not YamlMapping mapping)
        {
            use.Refuse("a mapping of names and values");
            return;
        }

        foreach (var (key, value) in mapping.Entries)
        {
            var text = TextOf(value);
            if (!EnvironmentVariable.IsName(key.Value))
                use.Problems.Error(key.Place, $"{Shown.Quote(key.Value)} cannot be the name of a variable", EnvironmentVariable.NameAccepts);
            else if (text.Contains('\0', StringComparison.Ordinal))
                use.Problems.Error(value.Place, "the text contains a NUL character", "text without one: no program can be given it");
            else
                use.Target.Environment[key.Value] = new(text, value.Place);
        }
    }

    // As PM2 has it: what is no text is told as JSON.
    private static string TextOf(YamlNode node)
    {
        if (node is YamlText text)
            return text.Value;
        var json = new StringBuilder();
        Write(node, json);
        return json.ToString();
    }

    private static void Write(YamlNode node, StringBuilder json)
    {
        var first = true;
        switch (node)
        {
            case YamlMapping mapping:
                json.Append('{');
                foreach (var (key, value) in mapping.Entries)
                {
                    Next();
                    WriteText(key.Value, json);
                    json.Append(':');
                    Write(value, json);
                }

                json.Append('}');
                break;
            case YamlList list:
                json.Append('[');
                foreach (var item in list.Items)
                {
                    Next();
                    Write(item, json);
                }

                json.Append(']');
                break;
            case YamlText { IsAbsent: true }:
                json.Append("null");
                break;
            case YamlText { Quoted: false } text when text.Value is "true" or "false" || (double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)):
                json.Append(text.Value);
                break;
            case YamlText text:
                WriteText(text.Value, json);
                break;
        }

        void Next()
        {
            if (!first)
                json.Append(',');
            first = false;
        }
    }

    private static void WriteText(string text, StringBuilder json)
    {
        json.Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                json.Append('\\').Append(c);
            else if (c < ' ')
                json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                json.Append(c);
        }

        json.Append('"');
    }
}

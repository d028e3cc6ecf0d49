using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of the parts of a pool's application.</summary>
internal static class WorkerTables
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_day = TimeSpan.FromHours(24);
    private static readonly ByteSize s_most = ByteSize.FromKibibytes(1L << 30);

    private static readonly IReadOnlyList<(string Word, ReadySign Value, string Description)> s_signs =
    [
        ("listening", ReadySign.Listening, ""),
        ("signal", ReadySign.Signal, ""),
        ("notify", ReadySign.Notify, ""),
        ("http", ReadySign.Http, ""),
        ("log", ReadySign.Log, ""),
        ("delay", ReadySign.Delay, ""),
        ("exit", ReadySign.Exit, ""),
    ];

    private static readonly Form<string?> s_text = Form.OfText<string?>(
        "a text",
        (string text, out string? value, out Mistake mistake) =>
        {
            (value, mistake) = (text, text.Length is > 0 and <= 1024 ? default : new Mistake($"a text of {text.Length} characters to look for", "1 to 1024 characters"));
            return mistake.Message is null;
        });

    private static readonly Form<string?> s_logFile = Form.OfText<string?>(
        "a path",
        (string text, out string? value, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and < 4096 && !text.Contains('\0') && !text.EndsWith('/');
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not the path of a file", "a path, such as logs/web.log"));
            return fits;
        });

    private static readonly Form<string> s_target = Form.OfText<string>(
        "a path, such as /health",
        (string text, out string value, out Mistake mistake) =>
        {
            var fits = text.StartsWith('/') && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not a path", "a path, such as /health"));
            return fits;
        },
        path => path);

    private static readonly Form<IReadOnlyList<int>> s_codes = Form.ListOf("a list of exit codes from 0 to 255, or one", ScalarForms.Number(0, 255), orOne: true);

    public static DirectiveTable<ResourceLimits> Limits { get; } = new(
        "'limits' of an app",
        "a mapping, as in { open-files: 4096 }",
        "What the kernel lets each worker have (setrlimit(2)); what Steelyard itself has when left out.",
        [],
        [
            new Directive<ResourceLimits, int?>(
                "open-files",
                ScalarForms.OrWord(ScalarForms.Number(16, 10_000_000), "inherited"),
                "Open descriptors.",
                limits => limits.OpenFiles,
                (limits, value) => limits with { OpenFiles = value }),
            new Directive<ResourceLimits, int?>(
                "processes",
                ScalarForms.OrWord(ScalarForms.Number(1, 1_000_000), "inherited"),
                "Processes and threads of the worker's user, all together.",
                limits => limits.Processes,
                (limits, value) => limits with { Processes = value }),
            new Directive<ResourceLimits, ByteSize?>(
                "address-space",
                ScalarForms.OrWord(ScalarForms.Size(ByteSize.FromKibibytes(1024), s_most), "inherited"),
                "Address space, which is more than the memory that is used.",
                limits => limits.AddressSpace,
                (limits, value) => limits with { AddressSpace = value }),
            new Directive<ResourceLimits, ByteSize?>(
                "core",
                ScalarForms.OrWord(ScalarForms.Size(new(0), s_most), "inherited"),
                "The largest core dump; `0B` for none.",
                limits => limits.Core,
                (limits, value) => limits with { Core = value }),
            new Directive<ResourceLimits, ByteSize?>(
                "file-size",
                ScalarForms.OrWord(ScalarForms.Size(new(0), s_most), "inherited"),
                "The largest file it may write.",
                limits => limits.FileSize,
                (limits, value) => limits with { FileSize = value }),
        ]);

    public static DirectiveTable<ScaleSettings> Scale { get; } = new(
        "'scale'",
        "a mapping with 'max' and 'concurrency' or 'queue', as in { min: 2, max: 8, concurrency: 10 }",
        "Lets the number of workers go by what they have to do, looked at every second. There are never fewer than `min` and never more than `max`. More in [Workers](workers.md#as-many-as-there-is-work-for).",
        [["max"]],
        [
            new Directive<ScaleSettings, int>(
                "min",
                ScalarForms.Number(1, 1024),
                "The fewest.",
                scale => scale.Min,
                (scale, value) => scale with { Min = value }),
            new Directive<ScaleSettings, int>(
                "max",
                ScalarForms.Number(1, 1024),
                "The most.",
                scale => scale.Max,
                (scale, value) => scale with { Max = value }),
            new Directive<ScaleSettings, int?>(
                "concurrency",
                ScalarForms.OrWord(ScalarForms.Number(1, 100_000), "none"),
                "How many requests in flight each worker is to have on average, those that wait included. More workers come above 110% of it, fewer when they would have less than 90% of it.",
                scale => scale.Concurrency,
                (scale, value) => scale with { Concurrency = value }),
            new Directive<ScaleSettings, int?>(
                "queue",
                ScalarForms.OrWord(ScalarForms.Number(0, 1_000_000), "none"),
                "How many requests may wait for a server with room, which the pool's `max-connections` or `adaptive-limit` makes them do, before there are more workers. Fewer come when they would have less than 70% of what they may have.",
                scale => scale.Queue,
                (scale, value) => scale with { Queue = value }),
            new Directive<ScaleSettings, TimeSpan>(
                "up-after",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), s_hour),
                "How long there has to be too much for them, without a break, before there are more.",
                scale => scale.UpAfter,
                (scale, value) => scale with { UpAfter = value }),
            new Directive<ScaleSettings, TimeSpan>(
                "down-after",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), s_day),
                "How long fewer have to be enough, without a break, before there are fewer.",
                scale => scale.DownAfter,
                (scale, value) => scale with { DownAfter = value }),
        ]);

    public static DirectiveTable<ReadySettings> Ready { get; } = new(
        "'ready'",
        "listening, signal, notify, http, delay or exit, or a mapping, as in { on: http, path: /health, within: 30s }",
        "When a worker that was started counts as ready: when it accepts a connection (`listening`), sends `ready` to the primary of its Node cluster (`signal`), says `READY=1` by sd_notify(3) (`notify`), answers a request with a status from 200 to 399 (`http`), prints a line with a text (`log`), has lived for some time (`delay`), or has ended with exit code 0 (`exit`), where it does something once that others wait for. One that is late, or ends before, has failed, but for one with `listen: none` and `delay` that ends with 0 and is not started again then.",
        [],
        [
            new Directive<ReadySettings, ReadySign>(
                "on",
                ScalarForms.OneOf(s_signs),
                "What shows it.",
                ready => ready.On,
                (ready, value) => ready with { On = value }),
            new Directive<ReadySettings, string>(
                "path",
                s_target,
                "What is asked for where it is `http`; by TLS where the pool has `tls`.",
                ready => ready.Path,
                (ready, value) => ready with { Path = value }),
            new Directive<ReadySettings, string?>(
                "text",
                s_text,
                "What the line contains where it is `log`.",
                _ => null,
                (ready, value) => ready with { Text = value }),
            new Directive<ReadySettings, TimeSpan>(
                "delay",
                ScalarForms.Duration(TimeSpan.Zero, s_hour),
                "How long it has to live where it is `delay`.",
                ready => ready.Delay,
                (ready, value) => ready with { Delay = value }),
            new Directive<ReadySettings, TimeSpan>(
                "within",
                ScalarForms.Duration(s_moment, s_hour),
                "The time it has from its start.",
                ready => ready.Within,
                (ready, value) => ready with { Within = value }),
            new Directive<ReadySettings, TimeSpan?>(
                "watchdog",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(100), s_hour), "none"),
                "How often it has to say `WATCHDOG=1` by sd_notify(3) once it is ready, or it is killed.",
                ready => ready.Watchdog,
                (ready, value) => ready with { Watchdog = value }),
        ]);

    public static Form<ReadySettings> ReadyForm { get; } = Form.MappingOrText(Ready, () => new(), ScalarForms.OneOf(s_signs), on => new ReadySettings { On = on });

    public static DirectiveTable<StopSettings> Stop { get; } = new(
        "'stop'",
        "a mapping, as in { signal: INT, grace: 10s }",
        "How a worker is told to end: first it gets no new requests, then, when those in flight have ended, the signal, then SIGKILL with all that it started.",
        [],
        [
            new Directive<StopSettings, StopSignal>(
                "signal",
                ScalarForms.OneOf(
                [
                    ("TERM", StopSignal.Term, ""),
                    ("INT", StopSignal.Int, ""),
                    ("QUIT", StopSignal.Quit, ""),
                    ("HUP", StopSignal.Hup, ""),
                    ("USR1", StopSignal.Usr1, ""),
                    ("USR2", StopSignal.Usr2, ""),
                    ("WINCH", StopSignal.Winch, ""),
                    ("KILL", StopSignal.Kill, ""),
                ]),
                "The signal.",
                stop => stop.Signal,
                (stop, value) => stop with { Signal = value }),
            new Directive<StopSettings, bool>(
                "to-all",
                ScalarForms.Switch,
                "Whether all that it has started gets the signal with it, as from a terminal: for programs that do not pass it on, such as `npm start` with INT. Else they get TERM when it has ended.",
                stop => stop.ToAll,
                (stop, value) => stop with { ToAll = value }),
            new Directive<StopSettings, bool>(
                "disconnect",
                ScalarForms.Switch,
                "Whether a worker of a Node cluster is told to disconnect before any signal: it closes its servers, and ends by itself where nothing else keeps it, without its handler of the signal. With `false` the signal comes at once, as from PM2 and systemd, and its handler is called in any case; without a handler the signal ends it.",
                stop => stop.Disconnect,
                (stop, value) => stop with { Disconnect = value }),
            new Directive<StopSettings, string?>(
                "message",
                s_text,
                "A text that a worker of a Node cluster gets by `process.on('message')`; the signal follows where it has not ended after `grace`. None when left out.",
                _ => null,
                (stop, value) => stop with { Message = value }),
            new Directive<StopSettings, TimeSpan>(
                "drain",
                ScalarForms.Duration(TimeSpan.Zero, s_day),
                "How long requests in flight have before the signal.",
                stop => stop.Drain,
                (stop, value) => stop with { Drain = value }),
            new Directive<StopSettings, TimeSpan>(
                "grace",
                ScalarForms.Duration(TimeSpan.Zero, s_day),
                "How long after the signal it is killed.",
                stop => stop.Grace,
                (stop, value) => stop with { Grace = value }),
        ]);

    public static DirectiveTable<RestartSettings> Restart { get; } = new(
        "'restart'",
        "a mapping, as in { on: failure, delay: 1s, most: 5 }",
        "What happens when a worker ends without having been told to.",
        [],
        [
            new Directive<RestartSettings, RestartOn>(
                "on",
                ScalarForms.OneOf([("always", RestartOn.Always, ""), ("failure", RestartOn.Failure, ""), ("never", RestartOn.Never, "")]),
                "After which ends it is started again; exit code 0 is no `failure`.",
                restart => restart.On,
                (restart, value) => restart with { On = value }),
            new Directive<RestartSettings, IReadOnlyList<int>>(
                "leave-on",
                s_codes,
                "Exit codes after which it is not; 128 and its number stand for a signal. None when left out.",
                _ => [],
                (restart, value) => restart with { LeaveOn = value.ToValueList() }),
            new Directive<RestartSettings, TimeSpan>(
                "delay",
                ScalarForms.Duration(s_moment, s_hour),
                "The pause after the first failure; each in a row doubles it, give or take a tenth.",
                restart => restart.Delay,
                (restart, value) => restart with { Delay = value }),
            new Directive<RestartSettings, TimeSpan>(
                "most-delay",
                ScalarForms.Duration(s_moment, s_day),
                "The longest pause.",
                restart => restart.MostDelay,
                (restart, value) => restart with { MostDelay = value }),
            new Directive<RestartSettings, TimeSpan>(
                "stable",
                ScalarForms.Duration(s_moment, s_day),
                "How long it has to live for the next pause to be the first again.",
                restart => restart.Stable,
                (restart, value) => restart with { Stable = value }),
            new Directive<RestartSettings, int?>(
                "most",
                ScalarForms.OrWord(ScalarForms.Number(1, 10_000), "none"),
                "How many ends within `window` are too many: it is then left alone until a reload or `steelyard restart`.",
                restart => restart.Most,
                (restart, value) => restart with { Most = value }),
            new Directive<RestartSettings, TimeSpan?>(
                "min-uptime",
                ScalarForms.OrWord(ScalarForms.Duration(s_moment, s_day), "none"),
                "How long it has to live for its end not to be one of them: for programs that end by themselves now and then, as after so many requests.",
                restart => restart.MinUptime,
                (restart, value) => restart with { MinUptime = value }),
            new Directive<RestartSettings, TimeSpan>(
                "window",
                ScalarForms.Duration(TimeSpan.FromSeconds(1), s_day),
                "The time in which they are counted; it slides.",
                restart => restart.Window,
                (restart, value) => restart with { Window = value }),
        ]);

    public static DirectiveTable<RollingSettings> Rolling { get; } = new(
        "'rolling'",
        "a mapping, as in { parallel: 2, monitor: 10s, on-failure: pause }",
        "How running workers are replaced by new ones: after a change of the app, by `steelyard restart`, for their memory, on schedule.",
        [],
        [
            new Directive<RollingSettings, RollingOrder>(
                "order",
                ScalarForms.OneOf([("start-first", RollingOrder.StartFirst, ""), ("stop-first", RollingOrder.StopFirst, "")]),
                "Whether the new one is ready before the old one leaves, or the old one has ended before the new one is started.",
                rolling => rolling.Order,
                (rolling, value) => rolling with { Order = value }),
            new Directive<RollingSettings, int>(
                "parallel",
                ScalarForms.Number(1, 1024),
                "How many at a time.",
                rolling => rolling.Parallel,
                (rolling, value) => rolling with { Parallel = value }),
            new Directive<RollingSettings, TimeSpan>(
                "delay",
                ScalarForms.Duration(TimeSpan.Zero, s_day),
                "The pause before the next ones.",
                rolling => rolling.Delay,
                (rolling, value) => rolling with { Delay = value }),
            new Directive<RollingSettings, TimeSpan>(
                "monitor",
                ScalarForms.Duration(TimeSpan.Zero, s_day),
                "How long new ones are watched once they serve, while the old ones stay at hand; one that ends meanwhile has failed.",
                rolling => rolling.Monitor,
                (rolling, value) => rolling with { Monitor = value }),
            new Directive<RollingSettings, RollingFailure>(
                "on-failure",
                ScalarForms.OneOf([("rollback", RollingFailure.Rollback, ""), ("pause", RollingFailure.Pause, ""), ("continue", RollingFailure.Continue, "")]),
                "What happens when a new one fails: all old ones come back, it ends with those that have been replaced, or the others are replaced all the same.",
                rolling => rolling.OnFailure,
                (rolling, value) => rolling with { OnFailure = value }),
        ]);

    public static DirectiveTable<LogSettings> Log { get; } = new(
        "'log'",
        "a mapping, as in { file: logs/web.log, size: 10MiB, keep: 5 }",
        "Where the workers' output goes, line by line. A full disk or a slow terminal costs lines, never a worker's time.",
        [],
        [
            new Directive<LogSettings, string?>(
                "file",
                s_logFile,
                "A file for both outputs, seen from that of the configuration; its folder is made. `{instance}`, or `{index}` from 0, in its name makes one for each worker. None when left out.",
                _ => null,
                (log, value) => log with { File = value }),
            new Directive<LogSettings, string?>(
                "stdout",
                s_logFile,
                "The same for standard output alone, beside `file` or without it.",
                _ => null,
                (log, value) => log with { OutputFile = value }),
            new Directive<LogSettings, string?>(
                "stderr",
                s_logFile,
                "The same for standard error alone.",
                _ => null,
                (log, value) => log with { ErrorFile = value }),
            new Directive<LogSettings, ByteSize?>(
                "size",
                ScalarForms.OrWord(ScalarForms.Size(ByteSize.FromKibibytes(1), s_most), "none"),
                "At which size a new file is begun: `web.log` becomes `web.log.1`, that `web.log.2`.",
                log => log.Size,
                (log, value) => log with { Size = value }),
            new Directive<LogSettings, TimeSpan?>(
                "every",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)), "none"),
                "After which time; `1d` begins one at midnight UTC.",
                log => log.Every,
                (log, value) => log with { Every = value }),
            new Directive<LogSettings, int>(
                "keep",
                ScalarForms.Number(0, 10_000),
                "How many older files are kept.",
                log => log.Keep,
                (log, value) => log with { Keep = value }),
            new Directive<LogSettings, LogFormat>(
                "format",
                ScalarForms.OneOf([("text", LogFormat.Text, ""), ("json", LogFormat.Json, ""), ("raw", LogFormat.Raw, "")]),
                "What a line of the file looks like: time, worker and what was printed; an object of JSON with these; or what was printed alone.",
                log => log.Format,
                (log, value) => log with { Format = value }),
            new Directive<LogSettings, string?>(
                "time",
                Form.OfText<string?>(
                    "how a time is written, such as 'YYYY-MM-DD HH:mm:ss'",
                    (string text, out string? value, out Mistake mistake) =>
                    {
                        var fits = text.Length is > 0 and <= TimePattern.Longest && !text.Any(char.IsControl);
                        (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not how a time is written", $"up to {TimePattern.Longest} characters in a line, such as 'YYYY-MM-DD HH:mm:ss'"));
                        return fits;
                    }),
                "How the time is written there, in local time: `YYYY`, `YY`, `MMMM`, `MMM`, `MM`, `M`, `DD`, `D`, `dddd`, `ddd`, `dd`, `d`, `HH`, `H`, `hh`, `h`, `A`, `a`, `mm`, `m`, `ss`, `s`, `SSS`, `Z`, `ZZ`, as day.js and moment have them; what else there is, and what stands in `[ ]`, is written as it is. With it lines of `raw` have the time and a colon before them. ISO 8601 in UTC when left out.",
                _ => null,
                (log, value) => log with { Time = value }),
            new Directive<LogSettings, bool>(
                "terminal",
                ScalarForms.Switch,
                "Whether the output goes to standard output too.",
                log => log.Terminal,
                (log, value) => log with { Terminal = value }),
        ]);
}

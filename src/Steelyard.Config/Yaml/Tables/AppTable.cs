using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a pool's application.</summary>
internal static class AppTable
{
    public static IReadOnlyList<(string Word, WorkerListen Value, string Description)> Listens { get; } =
    [
        ("port", WorkerListen.Port, "On a port of 127.0.0.1 that it is told by `{port}`, `PORT` and `ASPNETCORE_URLS`."),
        ("socket", WorkerListen.Socket, "On a Unix socket that it is told by `{socket}` and `ASPNETCORE_URLS`."),
        ("activation", WorkerListen.Activation, "On a socket it is handed as descriptor 3, as systemd does (`LISTEN_FDS`)."),
        ("cluster", WorkerListen.Cluster, "On whatever port it calls `listen()` with: it runs as in a Node cluster and is given connections."),
        ("raw", WorkerListen.Raw, "The same, and the connections are the clients' own: Steelyard listens on the port that the app calls `listen()` with, hands each connection to a worker in turn and reads nothing. No route leads there."),
        ("none", WorkerListen.None, "On nothing that requests are sent to: it is only looked after."),
    ];

    private static readonly Form<WorkerListen?> s_listen =
        ScalarForms.OneOf<WorkerListen?>([("auto", null, ""), .. Listens.Select(listen => (listen.Word, (WorkerListen?)listen.Value, ""))]);

    private static readonly Form<string> s_variableName = Form.OfText<string>(
        "the name of a variable",
        (string text, out string value, out Mistake mistake) =>
        {
            var fits = EnvironmentVariable.IsName(text);
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} cannot be the name of a variable", EnvironmentVariable.NameAccepts));
            return fits;
        });

    private static readonly Form<string> s_text = Form.OfText<string>(
        "a text",
        (string text, out string value, out Mistake mistake) =>
        {
            (value, mistake) = (text, text.Contains('\0') ? new Mistake("the text contains a NUL character", "text without one: no program can be given it") : default);
            return mistake.Message is null;
        });

    private static readonly Form<string> s_withheld = Form.OfText(
        "the name of a variable, with * for any letters",
        (string text, out string value, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and <= 128 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '*');
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not the name of a variable", "letters, digits, _ and *"));
            return fits;
        });

    private static readonly Form<string?> s_path = Form.OfText<string?>(
        "a path",
        (string text, out string? value, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and < 4096 && !text.Contains('\0');
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not a path", "a path"));
            return fits;
        });

    private static readonly Form<string?> s_metrics = Form.OfText<string?>(
        "a path such as /metrics, or cluster",
        (string text, out string? value, out Mistake mistake) =>
        {
            var fits = text == AppSettings.ClusterMetrics || (text.StartsWith('/') && text.Length < 1024 && !text.AsSpan().ContainsAnyExceptInRange('!', '~'));
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} is not where metrics are", "a path such as /metrics, or cluster"));
            return fits;
        });

    private static readonly Form<string?> s_schedule = Form.OfText<string?>(
        "five fields as in crontab(5), such as '30 4 * * *', six with the seconds, or a word such as '@daily'",
        (string text, out string? value, out Mistake mistake) =>
        {
            var fits = CronSchedule.TryParse(text, out _, out var wrong);
            (value, mistake) = (text, fits ? default : new Mistake(wrong!));
            return fits;
        });

    private static readonly Form<IReadOnlyList<KeyValuePair<string, string>>> s_environment =
        Form.MapOf("a mapping of names and values, as in { NODE_ENV: production }", s_variableName, s_text, StringComparer.Ordinal);

    public static DirectiveTable<AppDraft> Table { get; } = new(
        "'app'",
        "a mapping with 'command', as in { command: node app.js, instances: max }",
        "A program that is started with the balancer in several instances, its workers, each of which becomes a server of the pool. More in [Workers](workers.md).",
        [["command"]],
        [
            new Directive<AppDraft, Located<ValueList<string>>?>(
                "command",
                Form.Located(ScalarForms.Command),
                "The program and its arguments: one text, split at blanks and quotes as a shell does, or a list of words. `{port}` and `{socket}` stand for the address that the instance must listen on, `{instance}` for its number from 1, `{index}` for that from 0. A first word `steelyard` is this program.",
                app => app.Command,
                (app, value) => app with { Command = value }),
            Setting(
                "instances",
                ScalarForms.OrWord(ScalarForms.Number(1, 1024), "max"),
                "How many; `max` is one per core.",
                app => app.Instances,
                (app, value) => app with { Instances = value }),
            Setting<ScaleSettings?>(
                "scale",
                Form.Mapping(WorkerTables.Scale, _ => new ScaleSettings()),
                "Lets their number go by what they have to do, see [scale](#pools-app-scale). `instances` is then how many there are at the start.",
                _ => null,
                (app, value) => app with { Scale = value }),
            Setting(
                "listen",
                s_listen,
                "Where a worker listens; `auto` is `socket` where the command or `env` names `{socket}`, `cluster` where the command starts `node` or a script of JavaScript and names no place, else `port`.",
                app => app.Listen,
                (app, value) => app with { Listen = value }),
            Setting(
                "port",
                ScalarForms.OrWord(ScalarForms.Number(1, 65535), "first"),
                "Which of the ports that a worker of a Node cluster listens on is the app's; others are bound by Steelyard and shared by the workers in turn.",
                app => app.Port,
                (app, value) => app with { Port = value }),
            Setting(
                "folder",
                s_path,
                "The folder workers start in, seen from that of the file; that one when left out.",
                _ => null,
                (app, value) => app with { Folder = value }),
            Setting<IReadOnlyList<KeyValuePair<string, string>>>(
                "env",
                s_environment,
                "Variables of their environment, beside those that Steelyard was started with; `{port}`, `{socket}`, `{instance}` and `{index}` are filled in.",
                _ => [],
                (app, value) => app with { Environment = value.Select(pair => new EnvironmentVariable(pair.Key, pair.Value)).ToValueList() }),
            Setting(
                "env-without",
                Form.ListOf("a list of names of variables, or one", s_withheld, orOne: true),
                "Variables that Steelyard was started with, and that they do not get: names, with `*` for any letters, such as `\"*TOKEN*\"`.",
                _ => [],
                (app, value) => app with { WithoutVariables = value.ToValueList() }),
            Setting(
                "after",
                Form.ListOf("a list of pools with an 'app', or one", ScalarForms.PoolReference, orOne: true),
                "Pools whose workers have to be ready before those of this app are started with the balancer.",
                _ => [],
                (app, value) => app with { After = value.ToValueList() }),
            Setting(
                "user",
                ScalarForms.User,
                "The user they become, by name or number, with that user's groups; only root can have it so.",
                _ => null,
                (app, value) => app with { User = value }),
            Setting(
                "group",
                ScalarForms.Group,
                "The group they become instead of the user's own, by name or number.",
                _ => null,
                (app, value) => app with { Group = value }),
            Setting(
                "limits",
                Form.Mapping(WorkerTables.Limits, _ => new()),
                "What the kernel lets each worker have, see [limits](#pools-app-limits).",
                app => app.Limits,
                (app, value) => app with { Limits = value }),
            Setting(
                "ready",
                WorkerTables.ReadyForm,
                "When a worker that was started gets requests, see [ready](#pools-app-ready).",
                app => app.Ready,
                (app, value) => app with { Ready = value }),
            Setting(
                "stop",
                Form.Mapping(WorkerTables.Stop, _ => new()),
                "How a worker is told to end, see [stop](#pools-app-stop).",
                app => app.Stop,
                (app, value) => app with { Stop = value }),
            Setting(
                "restart",
                Form.Mapping(WorkerTables.Restart, _ => new()),
                "What happens when a worker ends by itself, see [restart](#pools-app-restart).",
                app => app.Restart,
                (app, value) => app with { Restart = value }),
            Setting(
                "rolling",
                Form.Mapping(WorkerTables.Rolling, _ => new()),
                "How workers are replaced by new ones, see [rolling](#pools-app-rolling).",
                app => app.Rolling,
                (app, value) => app with { Rolling = value }),
            Setting(
                "most-memory",
                ScalarForms.OrWord(ScalarForms.Size(ByteSize.FromKibibytes(1024), ByteSize.FromKibibytes(1L << 30)), "none"),
                "Resident memory of a worker with all that it started; one that holds more is replaced by a new one.",
                app => app.MostMemory,
                (app, value) => app with { MostMemory = value }),
            Setting(
                "schedule",
                s_schedule,
                "When all workers are replaced, as in crontab(5): minute, hour, day of the month (`L` for the last), month, day of the week, in local time; with six fields the first is the second.",
                _ => null,
                (app, value) => app with { Schedule = value }),
            Setting(
                "watch",
                Form.ListOf("a list of files and folders, or one", s_path, orOne: true),
                "Files and folders, seen from `folder`; a change of one replaces all workers. What begins with a dot, `node_modules`, and files that end in `.log` or `.log.1` and so on do not count. For development.",
                _ => [],
                (app, value) => app with { Watch = value.Select(path => path!).ToValueList() }),
            Setting(
                "ignore-watch",
                Form.ListOf("a list of names and paths, or one", s_path, orOne: true),
                "What else does not count there: names such as `logs` or `\"*.tmp\"`, at any depth, or with a slash paths seen from `folder`, such as `public/generated`; `*` and `?` stand for what they do in a shell.",
                _ => [],
                (app, value) => app with { IgnoreWatch = value.Select(path => path!).ToValueList() }),
            Setting(
                "metrics",
                s_metrics,
                "Where each worker says what it counts, in the text format of Prometheus: a path such as `/metrics`, or `cluster` where an app of Node makes an `AggregatorRegistry` of prom-client, which is asked over the channel of the cluster. The admin API has it of all workers together under `/metrics/POOL`. None when left out.",
                _ => null,
                (app, value) => app with { Metrics = value }),
            Setting(
                "log",
                Form.Mapping(WorkerTables.Log, _ => new()),
                "Where the workers' output goes beside the terminal, see [log](#pools-app-log).",
                app => app.Log,
                (app, value) => app with { Log = value }),
        ]);

    private static Directive<AppDraft, T> Setting<T>(string name, Form<T> form, string description, Func<AppSettings, T> get, Func<AppSettings, T, AppSettings> set) => new(
        name,
        form,
        description,
        app => get(app.Settings),
        (app, value) => app with { Settings = set(app.Settings, value) });
}

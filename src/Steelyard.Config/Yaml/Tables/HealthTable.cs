using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>health</c> in a pool.</summary>
internal static class HealthTable
{
    private const string StatusesAccept = "statuses such as 200, 2xx or 200-204, or a list of them";

    private const string NoGrpc = "gRPC's health checks are not done: servers are asked in HTTP/1.1, and gRPC wants HTTP/2";
    private const string InsteadOfGrpc = "'tcp' for a connection, or 'http' with the 'port' of an HTTP/1.1 endpoint of the server, as in { http: /health, port: 8081 }";

    private static readonly TimeSpan s_leastInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_most = TimeSpan.FromHours(24);

    private static readonly Form<string> s_target = Form.OfText(
        "a path such as /health",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.StartsWith('/') && text.Length <= 1024 && IsVisible(text, orBlanks: false)
                ? default
                : new($"{Shown.Quote(text)} is not a path to ask for", "a path such as /health, in ASCII and without blanks", text == "tcp" || text.StartsWith('/') ? null : "/" + text);
            return mistake.Message is null;
        },
        path => path);

    private static readonly Form<string> s_method = Form.OfText(
        "a method such as GET or HEAD",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            var fits = HeaderTable.IsToken(text) && text.Length <= 32 && text is not ("CONNECT" or "TRACE");
            mistake = fits ? default : new($"{Shown.Quote(text)} is not a method to ask with", "a method such as GET, HEAD or OPTIONS");
            return fits;
        },
        method => method);

    private static readonly Form<string?> s_host = new(
        "a host, or a host and its port",
        (ProblemList problems, YamlNode node, out string? value) =>
        {
            value = null;
            if (node is not YamlText text)
                return Form.RefuseKind(problems, node, "a host, or a host and its port");
            value = text.Value;
            if (value.Length is > 0 and <= 260 && IsVisible(value, orBlanks: false) && !value.AsSpan().ContainsAny('/', '@', ','))
                return true;
            problems.Error(text.Place, $"{Shown.Quote(value)} cannot be the Host of a request", "a host, or a host and its port");
            return false;
        },
        host => host!);

    private static readonly Form<string> s_pattern = Form.OfText(
        "an expression such as ^ok",
        (string text, out string value, out Mistake mistake) =>
        {
            (value, mistake) = (text, default);
            mistake = MistakeInPattern(text) ?? default;
            return mistake.Message is null;
        },
        pattern => pattern);

    /// <summary>An address without a port.</summary>
    public static Form<string?> Address { get; } = new(
        "an address of IPv4 or IPv6",
        (ProblemList problems, YamlNode node, out string? value) =>
        {
            value = (node as YamlText)?.Value;
            if (value is not null && System.Net.IPAddress.TryParse(value, out _))
                return true;
            problems.Error(node.Place, "this is no address to ask at", "an address of IPv4 or IPv6");
            return false;
        },
        address => address is null ? null! : YamlValues.Scalar(address));

    private static readonly Form<string> s_fieldValue = Form.OfText(
        "a value in ASCII",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            var fits = text.Length is > 0 and <= 1024 && IsVisible(text, orBlanks: true) && text.Trim(' ').Length == text.Length;
            mistake = fits ? default : new($"{Shown.Quote(text)} cannot be the value of a field here", "1 to 1024 characters of ASCII, without blanks at the ends");
            return fits;
        });

    private static readonly Form<IReadOnlyList<KeyValuePair<string, string>>> s_fields =
        Form.MapOf("a mapping of names and values, as in { X-Probe: yes }", HeaderTable.ProbeFieldName, s_fieldValue, StringComparer.OrdinalIgnoreCase);

    private static readonly Form<StatusRange> s_status = Form.OfText<StatusRange>("a status such as 200, 2xx or 200-204", ParseStatus, WriteStatus);

    private static readonly Form<IReadOnlyList<StatusRange>> s_statuses = Form.ListOf(StatusesAccept, s_status, orOne: true);

    /// <summary>One status, or several.</summary>
    public static Form<ValueList<StatusRange>> StatusList { get; } = new(
        StatusesAccept,
        (ProblemList problems, YamlNode node, out ValueList<StatusRange> value) =>
        {
            var read = s_statuses.Read(problems, node, out var list);
            value = read ? list.ToValueList() : default;
            return read && value.Count > 0;
        },
        statuses => $"[{string.Join(", ", statuses.Select(WriteStatus))}]");

    private static readonly Form<string?> s_body = new(
        "a text",
        (ProblemList problems, YamlNode node, out string? value) =>
        {
            value = null;
            if (node is not YamlText text)
                return Form.RefuseKind(problems, node, "a text");
            value = text.Value;
            if (value.Length is > 0 and <= 1024)
                return true;
            problems.Error(text.Place, $"a text of {value.Length} characters to look for", "1 to 1024 characters");
            return false;
        });

    public static DirectiveTable<HealthSettings> Table { get; } = new(
        "'health'",
        "a path such as /health, tcp, or a mapping, as in { http: /health, interval: 2s }",
        "How the servers are asked whether they are well. `health: /health` asks for that path by HTTP, `health: tcp` for a connection only; a mapping has these keys, and without `http` it asks for a connection. A server that several pools have is asked once for all that ask alike. More in [Health](health.md).",
        [],
        [
            new Directive<HealthSettings, string?>(
                "http",
                OrNull(s_target),
                "The path that is asked for by HTTP/1.1.",
                health => health.Kind == ProbeKind.Http ? health.Path : null,
                (health, value) => health with { Kind = ProbeKind.Http, Path = value! }),
            new Directive<HealthSettings, string>(
                "method",
                s_method,
                "The method of the request.",
                health => health.Method,
                (health, value) => health with { Method = value }),
            new Directive<HealthSettings, string?>(
                "host",
                s_host,
                "The Host of the request; the server's address when left out.",
                health => health.Host,
                (health, value) => health with { Host = value }),
            new Directive<HealthSettings, IReadOnlyList<KeyValuePair<string, string>>>(
                "headers",
                s_fields,
                "Further fields of the request.",
                _ => [],
                (health, value) => health with { Fields = value.Select(pair => new ProbeField(pair.Key, pair.Value)).ToValueList() }),
            new Directive<HealthSettings, ValueList<StatusRange>>(
                "status",
                StatusList,
                "The statuses of a server that is well: `200`, `2xx`, `200-204`, or a list of such.",
                health => health.Statuses,
                (health, value) => health with { Statuses = value }),
            new Directive<HealthSettings, ValueList<StatusRange>>(
                "drain-status",
                StatusList,
                "Statuses by which a server that is up says that it wants no new clients: it is drained until it answers otherwise, and those that belong to it go on.",
                health => health.DrainStatuses,
                (health, value) => health with { DrainStatuses = value }),
            new Directive<HealthSettings, string?>(
                "body",
                s_body,
                "A text that the first 64 KiB of the body have to contain.",
                health => health.Body,
                (health, value) => health with { Body = value }),
            new Directive<HealthSettings, string?>(
                "body-pattern",
                OrNull(s_pattern),
                "An expression of .NET that has to match somewhere in the first 64 KiB of the body, read as Latin-1; without look-around and back references, so that it takes no longer than the body is long.",
                health => health.BodyPattern,
                (health, value) => health with { BodyPattern = value }),
            new Directive<HealthSettings, ValueList<ProbeStep>>(
                "script",
                ProbeStepTable.Steps,
                "What is said to a server and expected of it where it speaks no HTTP: a list of [steps](#pools-health-script).",
                health => health.Script,
                (health, value) => health with { Kind = ProbeKind.Script, Script = value }),
            new Directive<HealthSettings, string?>(
                "address",
                Address,
                "The address to ask at, without a port; the server's own when left out.",
                health => health.Address,
                (health, value) => health with { Address = value }),
            new Directive<HealthSettings, int?>(
                "port",
                OrNull(ScalarForms.Number(1, 65535)),
                "The port to ask at; the server's own when left out.",
                health => health.Port,
                (health, value) => health with { Port = value }),
            new Directive<HealthSettings, (bool? Spoken, ServerTls? Settings)>(
                "tls",
                TlsTable.ChecksForm,
                "Whether TLS is spoken; as for requests when left out. A mapping with the keys of [tls](#pools-tls) says how, such as `{ verify: false }`.",
                health => (health.Tls, health.TlsSettings),
                (health, value) => health with { Tls = value.Spoken, TlsSettings = value.Settings }),
            new Directive<HealthSettings, TimeSpan>(
                "interval",
                ScalarForms.Duration(s_leastInterval, s_most),
                "From the end of a check to the next.",
                health => health.Interval,
                (health, value) => health with { Interval = value }),
            new Directive<HealthSettings, TimeSpan?>(
                "fast-interval",
                OrNull(ScalarForms.Duration(s_leastInterval, s_most)),
                "The same while a server is neither surely up nor surely down; `interval` when left out.",
                health => health.FastInterval,
                (health, value) => health with { FastInterval = value }),
            new Directive<HealthSettings, TimeSpan?>(
                "down-interval",
                OrNull(ScalarForms.Duration(s_leastInterval, s_most)),
                "The same while a server is down; `interval` when left out.",
                health => health.DownInterval,
                (health, value) => health with { DownInterval = value }),
            new Directive<HealthSettings, int>(
                "jitter",
                ScalarForms.PercentFrom(0, 50),
                "How much of an interval is left to chance, so that checks do not run in step.",
                health => health.Jitter,
                (health, value) => health with { Jitter = value }),
            new Directive<HealthSettings, TimeSpan>(
                "timeout",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(1), s_most),
                "How long a check may take.",
                health => health.Timeout,
                (health, value) => health with { Timeout = value }),
            new Directive<HealthSettings, TimeSpan?>(
                "keep-alive",
                ScalarForms.OrWord(ScalarForms.Duration(TimeSpan.FromMilliseconds(1), s_most), "none"),
                "How long one connection is used for the requests of one check after another before another is opened; `none` opens one for each check, which also shows that the server still takes connections. One that the server closes in between is no failed check: it is asked anew.",
                health => health.KeepAlive,
                (health, value) => health with { KeepAlive = value }),
            new Directive<HealthSettings, int>(
                "rise",
                ScalarForms.Number(1, 100),
                "How many checks in a row a server that is down has to pass.",
                health => health.Rise,
                (health, value) => health with { Rise = value }),
            new Directive<HealthSettings, int>(
                "fall",
                ScalarForms.Number(1, 100),
                "How many checks in a row a server that is up has to fail.",
                health => health.Fall,
                (health, value) => health with { Fall = value }),
            new Directive<HealthSettings, HealthObserve>(
                "observe",
                ScalarForms.OneOf([("none", HealthObserve.None, ""), ("layer4", HealthObserve.Layer4, ""), ("layer7", HealthObserve.Layer7, "")]),
                "Which ends of requests count besides the checks: `layer4` is whether connections are taken, `layer7` also whether there is an answer, with a status from 100 to 499, 501 or 505 (HAProxy's words).",
                health => health.Observe,
                (health, value) => health with { Observe = value }),
            new Directive<HealthSettings, int>(
                "error-limit",
                ScalarForms.Number(1, 10_000),
                "How many failed requests in a row are too many for `observe`.",
                health => health.ErrorLimit,
                (health, value) => health with { ErrorLimit = value }),
            new Directive<HealthSettings, HealthOnError>(
                "on-error",
                ScalarForms.OneOf([("fastinter", HealthOnError.FastInterval, ""), ("fail-check", HealthOnError.FailCheck, ""), ("sudden-death", HealthOnError.SuddenDeath, ""), ("mark-down", HealthOnError.MarkDown, "")]),
                "What becomes of a server then: it is asked after `fast-interval`; it has failed a check; the same, and the next failed check takes it down; it is down. Only checks bring it up again.",
                health => health.OnError,
                (health, value) => health with { OnError = value }),
            new Directive<HealthSettings, HealthStart>(
                "start",
                ScalarForms.OneOf([("auto", HealthStart.Auto, ""), ("up", HealthStart.Up, ""), ("down", HealthStart.Down, "")]),
                "What a server counts as before its first check, whose result alone decides: `auto` is up where the program starts with it and down where it joins by a reload, unless nobody else can serve.",
                health => health.Start,
                (health, value) => health with { Start = value }),
        ])
    {
        NotDone = new Dictionary<string, (string Message, string Instead)> { ["grpc"] = (NoGrpc, InsteadOfGrpc) },
    };

    /// <summary>What is written behind <c>health</c> of a server.</summary>
    public static Form<(HealthSettings? Health, bool None)> ServerForm => new(
        "none, or what 'health' of a pool takes",
        (ProblemList problems, YamlNode node, out (HealthSettings? Health, bool None) value) =>
        {
            value = (null, node is YamlText { Value: "none" });
            return value.None || PoolForm.Read(problems, node, out value.Health);
        });

    /// <summary>What is written behind <c>health</c>.</summary>
    public static Form<HealthSettings?> PoolForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out HealthSettings? value) =>
        {
            value = null;
            if (node is YamlText { Value: "tcp" })
            {
                value = new();
                return true;
            }

            if (node is YamlText { Value: "grpc" })
            {
                problems.Error(node.Place, NoGrpc, InsteadOfGrpc);
                return false;
            }

            if (node is YamlText)
            {
                if (!s_target.Read(problems, node, out var path))
                    return false;
                value = new() { Kind = ProbeKind.Http, Path = path };
                return true;
            }

            if (node is not YamlMapping mapping)
                return Form.RefuseKind(problems, node, Table.Accepts);
            value = Table.Read(problems, mapping, new());
            if (mapping.Entries.Any(entry => entry.Key.Value == "grpc"))
                return false;
            if (value.Kind == ProbeKind.Tcp && value with { Port = null, Tls = null, TlsSettings = null, Address = null } is var asked && asked != OnlyTimes(asked))
                problems.Error(node.Place, "'health' speaks of a request, but asks for none", "'http' with a path too, as in { http: /health }");
            if (value is { KeepAlive: not null, Kind: ProbeKind.Script } && !value.KeepsConnection())
                problems.Error(node.Place, "'keep-alive' is for a script that asks by 'request' over one connection", "a script with a 'request' and no further 'connect', or no 'keep-alive'");
            if (value.Method == "HEAD" && (value.Body ?? value.BodyPattern) is not null)
                problems.Error(node.Place, "the answer to HEAD has no body (RFC 9110, 9.3.2)", "another 'method', or no 'body'");
            return true;
        });

    // What says something of a check that is not a request.
    private static HealthSettings OnlyTimes(HealthSettings health) => new()
    {
        Interval = health.Interval,
        FastInterval = health.FastInterval,
        DownInterval = health.DownInterval,
        Jitter = health.Jitter,
        Timeout = health.Timeout,
        Rise = health.Rise,
        Fall = health.Fall,
        Start = health.Start,
        Observe = health.Observe,
        ErrorLimit = health.ErrorLimit,
        OnError = health.OnError,
    };

    /// <summary>Why an expression is none that a check can use; null where it is one.</summary>
    public static Mistake? MistakeInPattern(string text)
    {
        try
        {
            _ = new System.Text.RegularExpressions.Regex(text, System.Text.RegularExpressions.RegexOptions.NonBacktracking);
            return text.Length is 0 or > 1024 ? new($"the expression has {text.Length} characters", "1 to 1024 characters") : null;
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
        {
            return new($"{Shown.Quote(text)} cannot be matched: {fault.Message}", "an expression such as ^ok, without look-around and back references");
        }
    }

    /// <summary>The same for a setting that is null until it was given.</summary>
    public static Form<T?> OrNull<T>(Form<T> form)
        where T : struct => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out T? value) =>
        {
            var read = form.Read(problems, node, out var plain);
            value = read ? plain : null;
            return read;
        },
        value => value is { } plain ? form.Write!(plain) : null!);

    private static Form<string?> OrNull(Form<string> form) => new(
        form.Accepts,
        (ProblemList problems, YamlNode node, out string? value) =>
        {
            var read = form.Read(problems, node, out var plain);
            value = read ? plain : null;
            return read;
        });

    private static bool IsVisible(string text, bool orBlanks)
    {
        foreach (var character in text)
        {
            if (character is not (> ' ' and < '\x7F') && !(orBlanks && character == ' '))
                return false;
        }

        return true;
    }

    private static bool ParseStatus(string text, out StatusRange range, out Mistake mistake)
    {
        (range, mistake) = (new(0, 0), default);
        var ends = text.Split('-');
        if (text.Length == 3 && text[0] is >= '1' and <= '5' && text[1..] is "xx")
            range = new((text[0] - '0') * 100, ((text[0] - '0') * 100) + 99);
        else if (ends.Length <= 2 && DecimalText.TryParse(ends[0], 100, 599, out var first, out _) && DecimalText.TryParse(ends[^1], 100, 599, out var last, out _))
            (range, mistake) = (new((int)first, (int)last), first <= last ? default : new($"{Shown.Quote(text)} ends before it begins", "the smaller status first"));
        else
            mistake = new($"{Shown.Quote(text)} is not a status");
        return mistake.Message is null;
    }

    private static string WriteStatus(StatusRange range) =>
        range.First == range.Last ? $"{range.First}"
        : range.First % 100 == 0 && range.Last == range.First + 99 ? $"{range.First / 100}xx"
        : $"{range.First}-{range.Last}";
}

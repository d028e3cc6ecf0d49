using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>What variables stand for in one place of the file.</summary>
internal sealed record NginxScope
{
    public required NginxFile File { get; init; }

    public bool IsStream { get; init; }

    /// <summary>Whether a server of stream reads a TLS hello.</summary>
    public bool Prereads { get; init; }

    /// <summary>What a server of stream gives its variables; null where it is not one that they are read for.</summary>
    public IReadOnlyDictionary<string, TextTemplate>? Sets { get; init; }

    /// <summary>The first name of the server; empty for none.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Host and port of proxy_pass; null where there is none.</summary>
    public string? ProxyHost { get; init; }

    /// <summary>The folder that files are served from, with what of a path it takes the place of.</summary>
    public (string Folder, string? Strip) Root { get; init; } = ("html", "");

    /// <summary>What the groups of an expression have matched; null where captures are what rules have remembered.</summary>
    public NginxCapture? Capture { get; init; }

    /// <summary>Whether there is a response to speak of.</summary>
    public bool OfResponse { get; init; }

    /// <summary>Whether the head of the answer is written, whoever gives it.</summary>
    public bool OfSent { get; init; }

    /// <summary>Whether it is said in an answer that has a status.</summary>
    public bool OfAnswer { get; init; }

    /// <summary>Whether it is spoken of what is over.</summary>
    public bool OfLog { get; init; }

    /// <summary>Whether it is read for a block that many servers share: map, geo, split_clients.</summary>
    public bool OfMap { get; init; }

    /// <summary>Which pages may lead here; null where nothing is said.</summary>
    public NginxReferers? Referers { get; init; }

    /// <summary>How links are known to be right; null where nothing is said.</summary>
    public NginxSecureLink? SecureLink { get; init; }

    /// <summary>By which cookie clients are told apart; null for none.</summary>
    public NginxUserId? UserId { get; init; }

    /// <summary>What the block says that variables go by.</summary>
    public OfBlock Block => new(ServerName, ProxyHost, Root, Referers, SecureLink, Sets, UserId);

    /// <summary>What a block says that variables go by.</summary>
    public sealed record OfBlock(string ServerName, string? ProxyHost, (string Folder, string? Strip) Root, NginxReferers? Referers, NginxSecureLink? SecureLink, IReadOnlyDictionary<string, TextTemplate>? Sets, NginxUserId? UserId);
}

/// <summary>A match whose groups can be named.</summary>
/// <param name="Input">What was matched.</param>
/// <param name="Pattern">The expression.</param>
/// <param name="IgnoreCase">Whether in any case.</param>
/// <param name="Names">The names of its groups.</param>
internal sealed record NginxCapture(Expression Input, string Pattern, bool IgnoreCase, IReadOnlyList<string?> Names)
{
    /// <summary>Whether it is asked whether nothing matches: groups are remembered of what does.</summary>
    public bool IsOfOthers { get; init; }

    /// <summary>Whether groups are put into a query.</summary>
    public bool IsOfQuery { get; init; }

    /// <summary>Whether groups are put into a path that clients are sent to.</summary>
    public bool IsEncoded { get; init; }

    /// <summary>A group as an expression.</summary>
    public Expression Group(int number)
    {
        var group = new CallExpression(FunctionKind.Group, Input, IgnoreCase ? [Pattern, $"{number}", "i"] : [Pattern, $"{number}"]);
        return IsOfQuery ? NginxPaths.InQuery(group) : IsEncoded ? NginxPaths.Encoded(group) : group;
    }
}

/// <summary>nginx's variables, and texts with them.</summary>
internal static class NginxVariables
{
    /// <summary>How variables begin that say what fields a server's answer has.</summary>
    public const string UpstreamField = "upstream_http_";

    private const string Version = "1.22.1";

    // Of what begins so nothing is known here either.
    private static readonly string[] s_unknownPrefixes = ["sent_trailer_", "upstream_trailer_", "proxy_protocol_tlv_", "geoip_", "geoip2_"];

    private static readonly CallExpression s_requestPort = new(FunctionKind.PortOnly, new VariableExpression(TemplateVariable.Authority), []);

    /// <summary>The variables with fixed names, for the reference page too.</summary>
    public static IReadOnlyList<(string Name, Func<NginxScope, Expression> Value)> Fixed { get; } =
    [
        ("args", Query),
        ("binary_remote_addr", _ => new VariableExpression(TemplateVariable.Client)),
        ("connection", _ => new FetchExpression(FetchKind.ConnectionNumber)),
        ("connection_requests", _ => new FetchExpression(FetchKind.ConnectionRequests)),
        ("content_length", _ => new FetchExpression(FetchKind.Header, "Content-Length")),
        ("content_type", _ => new FetchExpression(FetchKind.Header, "Content-Type")),
        ("document_root", scope => FolderOf(Asking(scope))),
        ("document_uri", _ => new FetchExpression(FetchKind.CleanPath)),
        ("host", Host),
        ("hostname", _ => Literal(Environment.MachineName)),
        ("https", _ => new MapExpression(new FetchExpression(FetchKind.Tls), [new(TestKind.Is, false, "1", TextTemplate.Literal("on"))], TextTemplate.Literal(""))),
        ("invalid_referer", scope => Asking(scope).Referers is { } referers ? referers.Judgement : Literal("")),
        ("is_args", _ => new MapExpression(new VariableExpression(TemplateVariable.Query), [new(TestKind.Is, false, "", TextTemplate.Empty)], TextTemplate.Literal("?"))),
        ("is_request_port", _ => new MapExpression(s_requestPort, [new(TestKind.Is, false, "0", TextTemplate.Empty)], TextTemplate.Literal(":"))),
        ("msec", _ => new FetchExpression(FetchKind.PreciseNow)),
        ("nginx_version", _ => Literal(Version)),
        ("pid", _ => new FetchExpression(FetchKind.ProcessId)),
        ("proxy_add_x_forwarded_for", _ => new MapExpression(OrEmpty(new FetchExpression(FetchKind.Header, "X-Forwarded-For")), [new(TestKind.Is, false, "", TextTemplate.Of(new VariableExpression(TemplateVariable.Client)))], TextTemplate.Of([new(null, default, new FetchExpression(FetchKind.HeaderList, "X-Forwarded-For")), new(", "), new(null, TemplateVariable.Client)]))),
        ("proxy_host", scope => ProxyHostOf(Asking(scope))),
        ("proxy_port", scope => ProxyPortOf(Asking(scope))),
        ("proxy_protocol_addr", _ => new FetchExpression(FetchKind.ToldPeer)),
        ("proxy_protocol_port", _ => new FetchExpression(FetchKind.ToldPeerPort)),
        ("proxy_protocol_server_addr", _ => new FetchExpression(FetchKind.ToldAddress)),
        ("proxy_protocol_server_port", _ => new FetchExpression(FetchKind.ToldPort)),
        ("query_string", Query),
        ("realip_remote_addr", _ => new FetchExpression(FetchKind.Sender)),
        ("realip_remote_port", _ => new FetchExpression(FetchKind.SenderPort)),
        ("realpath_root", scope => FolderOf(Asking(scope))),
        ("remote_addr", _ => new VariableExpression(TemplateVariable.Client)),
        ("remote_port", _ => new FetchExpression(FetchKind.PeerPort)),
        ("remote_user", _ => new CallExpression(FunctionKind.Field, new FetchExpression(FetchKind.BasicCredentials), ["1", ":"])),
        ("request", _ => new TextExpression(TextTemplate.Of([new(null, TemplateVariable.Method), new(" "), new(null, default, new FetchExpression(FetchKind.OriginalUri)), new(" HTTP/"), new(null, default, new FetchExpression(FetchKind.Version))]))),
        ("request_filename", scope => FileNameOf(Asking(scope))),
        ("request_id", _ => new VariableExpression(TemplateVariable.RequestId)),
        ("request_port", _ => new MapExpression(s_requestPort, [new(TestKind.Is, false, "0", TextTemplate.Empty)], TextTemplate.Of(s_requestPort))),
        ("request_method", scope => InLog(TemplateVariable.Method, scope)),
        ("request_uri", _ => new FetchExpression(FetchKind.OriginalUri)),
        ("scheme", _ => Scheme),
        ("secure_link", scope => Asking(scope).SecureLink is { } link ? link.Judgement(scope) : Literal("")),
        ("secure_link_expires", scope => Asking(scope).SecureLink is { } link ? link.Expires(scope) : Literal("")),
        ("server_addr", _ => new FetchExpression(FetchKind.LocalAddress)),
        ("server_name", scope => Literal(Asking(scope).ServerName)),
        ("server_port", _ => new FetchExpression(FetchKind.LocalPort)),
        ("server_protocol", _ => new TextExpression(TextTemplate.Of([new("HTTP/"), new(null, default, new FetchExpression(FetchKind.Version))]))),
        ("ssl_alpn_protocol", _ => new FetchExpression(FetchKind.TlsProtocol)),
        ("ssl_cipher", _ => new FetchExpression(FetchKind.TlsCipher)),
        ("ssl_client_escaped_cert", _ => new CallExpression(FunctionKind.UrlEncode, new CallExpression(FunctionKind.Pem, new FetchExpression(FetchKind.ClientCertificate), []), [])),
        ("ssl_client_fingerprint", _ => new FetchExpression(FetchKind.ClientFingerprint)),
        ("ssl_client_i_dn", _ => new FetchExpression(FetchKind.ClientIssuer)),
        ("ssl_client_s_dn", _ => new FetchExpression(FetchKind.ClientSubject)),
        ("ssl_client_serial", _ => new FetchExpression(FetchKind.ClientSerial)),
        ("ssl_client_verify", _ => new FetchExpression(FetchKind.ClientVerified)),
        ("ssl_preread_alpn_protocols", scope => OfHello(FetchKind.HelloProtocols, scope)),
        ("ssl_preread_protocol", scope => OfHello(FetchKind.HelloVersion, scope)),
        ("ssl_preread_server_name", scope => OfHello(FetchKind.ServerName, scope)),
        ("ssl_protocol", _ => new FetchExpression(FetchKind.TlsVersion)),
        ("ssl_server_name", _ => new FetchExpression(FetchKind.ServerName)),
        ("status", _ => new FetchExpression(FetchKind.Status)),
        ("time_iso8601", _ => new FetchExpression(FetchKind.IsoTime)),
        ("time_local", _ => new FetchExpression(FetchKind.LocalTime)),
        ("uid_got", scope => Asking(scope).UserId is { } user ? user.Got : Literal("")),
        ("uid_set", scope => Asking(scope).UserId is { IsSet: true } user ? user.Set : Literal("")),
        ("upstream_addr", _ => new VariableExpression(TemplateVariable.Server)),
        ("upstream_cache_status", Nothing),
        ("upstream_status", scope => scope.OfLog || Asking(scope).ProxyHost is not null ? new FetchExpression(FetchKind.Status) : Literal("")),
        ("uri", _ => new FetchExpression(FetchKind.CleanPath)),
    ];

    private static readonly Dictionary<string, Func<NginxScope, Expression>> s_fixed = Fixed.ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal);

    // Of what these tell nothing is known here: they are empty, or absent in logs.
    private static readonly HashSet<string> s_unknown =
    [
        "request_body", "request_body_file", "gzip_ratio", "limit_rate", "tcpinfo_rtt", "tcpinfo_rttvar", "tcpinfo_snd_cwnd", "tcpinfo_rcv_space", "connection_time", "upstream_bytes_sent", "upstream_bytes_received",
        "upstream_cache_last_modified", "upstream_queue_time", "ssl_session_id", "ssl_session_reused", "ssl_early_data", "ssl_ciphers", "ssl_curve", "ssl_curves", "ssl_client_cert", "ssl_client_raw_cert", "ssl_client_i_dn_legacy", "ssl_client_s_dn_legacy", "ssl_client_v_start", "ssl_client_v_end", "ssl_client_v_remain", "limit_req_status", "limit_conn_status", "http2", "http3", "slice_range", "memcached_key",
        "ancient_browser", "modern_browser", "msie", "date_gmt", "date_local", "uid_reset", "upstream_first_byte_time", "fastcgi_script_name", "fastcgi_path_info", "connections_active", "connections_reading", "connections_writing", "connections_waiting", "upstream_last_server_name", "ssl_sigalg", "ssl_sigalgs", "ssl_client_sigalg", "ssl_ech_status", "ssl_ech_outer_server_name",
    ];

    private static FetchExpression Absent { get; } = new(FetchKind.Variable, "nginx.absent");

    private static Expression Nothing(NginxScope scope) => scope.OfLog ? Absent : Literal("");

    // A log tells what there is not from what is empty.
    private static Expression Query(NginxScope scope) => InLog(TemplateVariable.Query, scope);

    private static Expression InLog(TemplateVariable variable, NginxScope scope)
    {
        Expression value = new VariableExpression(variable);
        return scope.OfLog ? new MapExpression(value, [new(TestKind.Matches, false, ".", TextTemplate.Of(value))], null) : value;
    }

    // A field is the same to nginx with hyphens and with underscores.
    private static MapExpression WithUnderscores(string name)
    {
        Expression hyphens = new FetchExpression(FetchKind.Header, name.Replace('_', '-'));
        return new(OrEmpty(hyphens), [new(TestKind.Is, false, "", TextTemplate.Of(new FetchExpression(FetchKind.Header, name)))], TextTemplate.Of(hyphens));
    }

    // In a log it is absent where nothing waits for a hello or there is none, and empty where that does not say it.
    private static Expression OfHello(FetchKind kind, NginxScope scope) =>
        !scope.OfLog ? new FetchExpression(kind)
        : scope.Prereads ? new MapExpression(new FetchExpression(FetchKind.TlsHello), [new(TestKind.Is, false, "1", TextTemplate.Of(OrEmpty(new FetchExpression(kind))))], null) : Absent;

    private static NginxScope Asking(NginxScope scope)
    {
        scope.File.AskedOfBlocks++;
        return scope;
    }

    // What variables say is what they say here.
    private static Expression ProxyHostOf(NginxScope scope) =>
        scope is { OfLog: true, ProxyHost: null } ? Absent
        : scope.ProxyHost is { } host && host.Contains('$', StringComparison.Ordinal) && !NamesIn(host).Contains("proxy_host") && TryRead(host, scope, default, out var text) ? new TextExpression(text) : Literal(scope.ProxyHost ?? "");

    private static Expression ProxyPortOf(NginxScope scope) =>
        scope.ProxyHost is null ? scope.OfLog ? Absent : Literal("")
        : Literal(scope.ProxyHost is { } host && host.LastIndexOf(':') is var colon and > 0 ? host[(colon + 1)..] : "80");

    private static TextExpression FolderOf(NginxScope scope) => new(FolderText(scope));

    /// <summary>The folder of a block as a text, with variables perhaps.</summary>
    public static TextTemplate FolderText(NginxScope scope) =>
        scope.Root.Folder.Contains('$', StringComparison.Ordinal) && !scope.Root.Folder.Contains("$document_root", StringComparison.Ordinal) && TryRead(scope.Root.Folder, scope, default, out var folder) ? folder : NginxPaths.Absolute(scope.Root.Folder, scope.File);

    private static TextExpression FileNameOf(NginxScope scope) => new(scope.Root.Strip is not { } strip ? FolderText(scope) : TextTemplate.Of(
    [
        .. FolderText(scope).Parts,
        new(null, default, strip.Length == 0 ? new FetchExpression(FetchKind.CleanPath) : new CallExpression(FunctionKind.Bytes, new FetchExpression(FetchKind.CleanPath), [$"{NginxPaths.LengthOf(strip)}"])),
    ]));

    private static readonly HashSet<string> s_ofResponses = ["status", "upstream_addr", "upstream_status", "upstream_response_time", "upstream_header_time", "upstream_connect_time", "upstream_response_length", "request_time", "bytes_sent", "body_bytes_sent", "request_length", "request_completion", "pipe"];

    /// <summary>http, or https where clients speak TLS.</summary>
    public static Expression Scheme => new MapExpression(new FetchExpression(FetchKind.Tls), [new(TestKind.Is, false, "1", TextTemplate.Literal("https"))], TextTemplate.Literal("http"));

    /// <summary>
    /// The host that is asked for, in small letters; the server's name where none is. Not in a map, which would be read once
    /// for each server because of the few who leave the host out.
    /// </summary>
    public static Expression Host(NginxScope scope) =>
        scope.ServerName.Length == 0 || scope.OfMap ? Lower(TemplateVariable.Host) : new CallExpression(FunctionKind.Default, Lower(TemplateVariable.Host), [scope.ServerName]);

    /// <summary>The host that a client is sent to: the one it asks for, or where it has come to.</summary>
    public static Expression HostOrAddress => new MapExpression(
        OrEmpty(Lower(TemplateVariable.Host)), [new(TestKind.Is, false, "", TextTemplate.Of(new FetchExpression(FetchKind.LocalAddress)))], TextTemplate.Of(Lower(TemplateVariable.Host)));

    public static Expression Literal(string text) => new TextExpression(TextTemplate.Literal(text));

    private static CallExpression Lower(TemplateVariable variable) => new(FunctionKind.Lower, new VariableExpression(variable));

    /// <summary>What is absent is empty in nginx.</summary>
    public static Expression OrEmpty(Expression value) => value is VariableExpression { Variable: not (TemplateVariable.Host or TemplateVariable.Authority or TemplateVariable.Pool or TemplateVariable.Server) } or TextExpression ? value : new CallExpression(FunctionKind.Default, value, [""]);

    /// <summary>A text in which what is absent is empty.</summary>
    public static TextTemplate WithEmpty(TextTemplate text) =>
        TextTemplate.Of([.. text.Parts.Select(part => part.Literal is not null ? part : new TemplatePart(null, default, OrEmpty(part.Expression ?? new VariableExpression(part.Variable))))]);

    /// <summary>A variable; null, and an error, for one that is not known.</summary>
    public static Expression? Find(string name, NginxScope scope, Place place)
    {
        var file = scope.File;
        if (char.IsAsciiDigit(name[0]))
            return scope.Capture is { } capture ? capture.Group(name[0] - '0') : new FetchExpression(FetchKind.Variable, name);
        if (scope.Capture is { Names: var names } named)
        {
            for (var i = 0; i < names.Count; i++)
            {
                if (names[i] == name)
                    return named.Group(i + 1);
            }
        }

        if (scope.IsStream && name == "protocol")
            return Literal("TCP");
        if (scope.IsStream && file.StreamVariables.Contains(name))
            return OfStream(name, scope, place);
        if (file.SetVariables.Contains(name))
            return new FetchExpression(FetchKind.Variable, name);
        if (file.MapGroups.TryGetValue(name, out var group))
            return NginxMaps.ReadGroup(name, group.Map, scope, place);
        if (file.Variables.TryGetValue(name, out var defined))
            return NginxMaps.Read(name, defined, scope, place);
        if (name == "status" && scope.OfAnswer)
            return new FetchExpression(FetchKind.Status);
        // Where no server answers it is the one that has handed the request on.
        if (!scope.IsStream && file.UpstreamFields.Contains(name) && (!Asking(scope).OfResponse || scope.ProxyHost is null))
            return new FetchExpression(FetchKind.Variable, name);
        if (!scope.OfResponse && (s_ofResponses.Contains(name) || name.StartsWith("upstream_http_", StringComparison.Ordinal) || name.StartsWith("upstream_cookie_", StringComparison.Ordinal) || name.StartsWith("sent_http_", StringComparison.Ordinal)))
            return Literal(name is "bytes_sent" or "body_bytes_sent" ? "0" : name == "pipe" ? "." : "");
        if (s_fixed.TryGetValue(name, out var value))
            return value(scope);
        if (s_unknown.Contains(name) || s_ofResponses.Contains(name) || Array.Exists(s_unknownPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (file.Unknown.Add(name))
                file.Problems.Warn(place, $"\"${name}\" is always empty here", "a line or a field without it");
            return scope.OfLog ? Absent : Literal("");
        }

        foreach (var (prefix, kind) in (ReadOnlySpan<(string, FetchKind)>)[("http_", FetchKind.Header), ("cookie_", FetchKind.Cookie), ("arg_", FetchKind.ParameterAnyCase), ("upstream_cookie_", FetchKind.ResponseCookie), ("upstream_http_", FetchKind.ResponseHeader), ("sent_http_", FetchKind.ResponseHeader)])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length)
                return prefix == "http_" && file.HasUnderscores && name.IndexOf('_', prefix.Length) > 0 ? WithUnderscores(name[prefix.Length..]) : (scope.OfLog || scope.OfSent) && prefix == "sent_http_" ? new FetchExpression(FetchKind.SentHeader, name[prefix.Length..].Replace('_', '-')) : name is "http_x_forwarded_for" or "http_cookie" ? new FetchExpression(FetchKind.HeaderList, name == "http_cookie" ? "Cookie" : "X-Forwarded-For") : new FetchExpression(kind, kind is FetchKind.Header or FetchKind.ResponseHeader ? name[prefix.Length..].Replace('_', '-') : name[prefix.Length..]);
        }

        file.Problems.Error(place, $"unknown \"{name}\" variable", "one of the variables that docs/nginx.md lists, or one of map, geo, split_clients or set", file.Problems.Names.Nearest(name, s_fixed.Keys.Concat(file.Variables.Keys).Concat(file.SetVariables)));
        return null;
    }

    // Of a server that does not set it, it is empty.
    private static Expression? OfStream(string name, NginxScope scope, Place place)
    {
        if (Asking(scope).Sets is { } sets)
            return sets.TryGetValue(name, out var value) ? ValueOf(value) : Literal("");
        scope.File.Problems.Error(place, $"\"${name}\" is what servers set, and this is read for all of them", "a variable of connections, or of map, geo or split_clients");
        return null;
    }

    /// <summary>The names of the variables in a text.</summary>
    public static IEnumerable<string> NamesIn(string text)
    {
        foreach (var (literal, name) in Split(text))
        {
            if (literal is null)
                yield return name;
        }
    }

    /// <summary>Reads a text with variables.</summary>
    /// <returns>False, and an error, when it names one that is not known, or holds what no field and no URI can.</returns>
    public static bool TryRead(string text, NginxScope scope, Place place, out TextTemplate template, bool isBody = false)
    {
        template = TextTemplate.Empty;
        List<TemplatePart> parts = [];
        foreach (var (literal, name) in Split(text))
        {
            if (literal is not null)
            {
                if (!isBody && literal.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
                {
                    scope.File.Problems.Error(place, $"{Text.Shown.Quote(text)} has characters that no field carries", "printable ASCII");
                    return false;
                }

                parts.Add(new(literal));
            }
            else if (name.Length == 0)
            {
                scope.File.Problems.Error(place, "invalid variable name", "a name behind the dollar sign");
                return false;
            }
            else if (Find(name, scope, place) is { } value)
            {
                if (value is TextExpression { Text: var inner })
                    parts.AddRange(inner.Parts);
                else
                    parts.Add(new(null, default, value));
            }
            else
            {
                return false;
            }
        }

        template = TextTemplate.Of(parts);
        return true;
    }

    /// <summary>Reads a text as a value: the variable that it is, or a text of several.</summary>
    public static Expression? Read(string text, NginxScope scope, Place place)
    {
        return TryRead(text, scope, place, out var template) ? ValueOf(template) : null;
    }

    /// <summary>A text as a value.</summary>
    public static Expression ValueOf(TextTemplate template) =>
        template.Parts is [{ Literal: null } only] ? only.Expression ?? new VariableExpression(only.Variable) : new TextExpression(template);

    /// <summary>The literals of a text, and the names of its variables where there is none; an empty name for one that is none.</summary>
    public static IEnumerable<(string? Literal, string Name)> Split(string text)
    {
        var start = 0;
        for (var at = text.IndexOf('$', StringComparison.Ordinal); at >= 0; at = at < text.Length ? text.IndexOf('$', at) : -1)
        {
            if (at > start)
                yield return (text[start..at], "");
            var braces = at + 1 < text.Length && text[at + 1] == '{';
            var first = at + (braces ? 2 : 1);
            var end = first;
            if (!braces && end < text.Length && text[end] is >= '0' and <= '9')
            {
                end++;
            }
            else
            {
                while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
                    end++;
            }

            // A dollar at the end, as in an expression.
            if (end == first && !braces)
            {
                yield return ("$", "");
                start = at = first;
                continue;
            }

            if (braces && (end >= text.Length || text[end] != '}'))
            {
                yield return (null, "");
                yield break;
            }

            yield return (null, text[first..end]);
            start = at = end + (braces ? 1 : 0);
        }

        if (start < text.Length)
            yield return (text[start..], "");
    }
}

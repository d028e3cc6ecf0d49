using System.Diagnostics.CodeAnalysis;
using Steelyard.Config.Dialects;
using static Steelyard.Config.Nginx.NginxArguments;

namespace Steelyard.Config.Nginx;

/// <summary>
/// The directives of an nginx.conf: the reader and docs/nginx.md live from this table. Contexts are M(ain), E(vents), H(ttp),
/// U(pstream), S(erver), L(ocation), J and I (if in server and in location), X (limit_except); in stream T(op), P (upstream), V (server).
/// </summary>
internal static class NginxDirectives
{
    /// <summary>What the line server of an upstream is called here, which is another than that of http.</summary>
    public const string ServerOfUpstream = "server of an upstream";

    private const int Any = int.MaxValue;
    private const string Web = "HSL";
    private const string WebIf = "HSLI";
    private const string Both = "HSLTV";

    private const string Scripts = "`map`, `set` and `rewrite`; there are no scripts here";

    private static readonly string[] s_blocks = ["events", "http", "stream", "server", "location", "upstream", "if", "limit_except", "map", "geo", "split_clients", "types", "match"];

    private static readonly (string Prefix, string Contexts, string Instead)[] s_families =
    [
        ("fastcgi_pass", "LI", "a server that speaks HTTP in front of the FastCGI one, and `proxy_pass`"),
        ("uwsgi_pass", "LI", "`http-socket` in uWSGI, and `proxy_pass`"),
        ("scgi_pass", "LI", "a server that speaks HTTP, and `proxy_pass`"),
        ("grpc_pass", "LI", "HTTP/2 is not spoken to servers yet"),
        ("memcached_pass", "LI", "`proxy_pass` to a server that speaks HTTP"),
        ("auth_jwt", "MHSL", "a server that checks the token"),
        ("js_", "MHSLTV", Scripts),
        ("perl", "MHSL", Scripts),
        ("xslt_", "HSL", "the answer as the server gives it"),
        ("image_filter", "HSL", "the answer as the server gives it"),
        ("dav_ext_", "HSL", "a server that takes files"),
        ("acme_", "HS", "certificates from an ACME client; they are read again when they change"),
        ("keyval", "HT", "`map`, or lists that rules and the admin API change"),
        ("zone_sync", "TV", "`shared` in Steelyard's YAML"),
        ("session_log", "HSL", "`access_log`"),
        ("hls", "HSL", "a server that does it, behind `proxy_pass`"),
        ("f4f", "HSL", "a server that does it, behind `proxy_pass`"),
        ("auth_oidc", "HSL", "a server that checks who it is, and `auth_request`"),
        ("lua_", "MHSLITV", Scripts),
        ("more_", "HSLI", "`add_header`, `proxy_hide_header`, `proxy_set_header`"),
        ("modsecurity", "HSL", "a firewall in front, or conditions"),
        ("vhost_traffic_status", "HSL", "the metrics and the dashboard of the admin API"),
        ("otel_", "HSL", "`tracing` in Steelyard's YAML"),
        ("opentracing", "HSL", "`tracing` in Steelyard's YAML"),
        .. ((string[])["init", "init_worker", "set", "rewrite", "access", "content", "header_filter", "body_filter", "log", "balancer", "preread", "ssl_certificate"]).Select(phase => (phase + "_by_lua", "MHULSJITVP", Scripts)),
        ("mail_", "M", "mail is not proxied here"),
    ];

    // Files say these in front of all locations, and nothing goes by them where the first of their kind is not said.
    private static readonly (string Prefix, string Contexts, string First)[] s_settings =
    [
        ("fastcgi_", "HSLI", "fastcgi_pass"),
        ("uwsgi_", "HSLI", "uwsgi_pass"),
        ("scgi_", "HSLI", "scgi_pass"),
        ("grpc_", "HSLI", "grpc_pass"),
        ("memcached_", "HSLI", "memcached_pass"),
        ("ssi_", "HSLI", "ssi"),
        ("mp4_", "HSL", "mp4"),
    ];

    // The first that fits counts.
    private static readonly (string Prefix, DirectiveRow<NginxUse> Row)[] s_familyRows =
    [
        .. s_families.Select(family => (family.Prefix, DirectiveRow<NginxUse>.Refused(family.Prefix.EndsWith("_pass", StringComparison.Ordinal) ? family.Prefix : family.Prefix + "*", family.Contexts, "...", family.Instead))),
        .. s_settings.Select(family => (family.Prefix, DirectiveRow<NginxUse>.Harmless(family.Prefix + "*", family.Contexts, "...", $"They are for `{family.First}`, which is an error where it is said."))),
    ];

    public static DirectiveRows<NginxUse> Table { get; } = new(
    [
        .. Blocks(),
        .. Servers(),
        .. Locations(),
        .. Rewriting(),
        .. Proxying(),
        .. Upstreams(),
        .. Limits(),
        .. Tls(),
        .. Streams(),
        .. Logs(),
        .. Program(),
        .. NginxHarmless.Rows,
        .. Refusals(),
    ]);

    public static IEnumerable<DirectiveRow<NginxUse>> Families => s_familyRows.Select(family => family.Row);

    /// <summary>Whether a directive holds others in braces.</summary>
    public static bool IsBlock(string name) => Array.IndexOf(s_blocks, name) >= 0;

    /// <summary>The row of directives that begin alike.</summary>
    public static bool TryFindFamily(string name, [NotNullWhen(true)] out DirectiveRow<NginxUse>? row)
    {
        foreach (var (prefix, its) in s_familyRows)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                row = its;
                return true;
            }
        }

        row = null;
        return false;
    }

    /// <summary>What the letter of a context stands for.</summary>
    public static string ContextOf(char context) => context switch
    {
        'M' => "the file itself",
        'E' => "events",
        'H' => "http",
        'U' => "upstream",
        'S' => "server",
        'L' => "location",
        'J' => "if in server",
        'I' => "if in location",
        'X' => "limit_except",
        'T' => "stream",
        'P' => "upstream of stream",
        _ => "server of stream",
    };

    internal static DirectiveRow<NginxUse> Row(string name, string contexts, int least, int most, string arguments, string meaning, Action<NginxUse>? check = null, bool many = false, Action<NginxUse>? then = null) =>
        DirectiveRow<NginxUse>.Done(name, contexts, arguments, meaning, use =>
        {
            if (use.Directive.Count < least || use.Directive.Count > most)
            {
                use.Problems.Error(use.Directive.Place, $"invalid number of arguments in \"{name}\" directive", arguments.Length == 0 ? "none" : arguments);
                return;
            }

            if (!many && use.Level.Has(name))
            {
                use.Problems.Error(use.Directive.Place, $"\"{name}\" directive is duplicate", $"it once; it stands in line {use.Level.Own(name)[0].Place.Line} already");
                return;
            }

            check?.Invoke(use);
            if (then is null)
                use.Level.Add(use.Directive);
            else
                then(use);
        });

    private static DirectiveRow<NginxUse> Refused(string name, string contexts, string instead) => DirectiveRow<NginxUse>.Refused(name, contexts, "...", instead);

    private static void AsStep(NginxUse use) => use.Level.Steps.Add((use.Directive, null));

    private static void Nothing(NginxUse use)
    {
        // Its block is read by itself.
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Blocks()
    {
        yield return Row("http", "M", 0, 0, "{ ... }", "What is done with HTTP.");
        yield return Row("stream", "M", 0, 0, "{ ... }", "What is done with connections whose bytes pass unread.");
        yield return Row("events", "M", 0, 0, "{ ... }", "Says nothing that counts here; a file without it is accepted, which a notice says.");
        yield return Row("server", "HT", 0, 0, "{ ... }", "A server, chosen by address and name as nginx does it.", many: true, then: Nothing);
        yield return Row("map", "HT", 2, 2, "<text> $<variable> { ... }", "A variable whose value goes by another's: texts in any case, `hostnames`, expressions, `default`, `include`; `volatile` is how it always is.", NginxMaps.Define, many: true, then: Nothing);
        yield return Row("geo", "HT", 1, 2, "[$<address>] $<variable> { ... }", "A variable whose value goes by an address: networks, ranges of IPv4, `default`, `delete`, `include` and `proxy`; `proxy_recursive` is refused. Of ranges within each other the smaller counts.", NginxMaps.Define, many: true, then: Nothing);
        yield return Row("split_clients", "HT", 2, 2, "<text> $<variable> { ... }", "A variable whose values are spread by the hash of a text, the very same as in nginx.", NginxMaps.Define, many: true, then: Nothing);
        yield return Row("match", "HT", 1, 1, "<name> { status [!] <status>*; header [!] <name> [= | != | ~ | !~ <value>]; body ~ | !~ <expression>; require $<variable>*; } | { send <text>; expect [~] <text>; } (stream)", "What a server that is well answers, for `health_check`; all of it has to hold, any status where none is said. `require` takes `$upstream_http_...`, `$upstream_status`, and maps of one of them.", use => (use.Level.Context == 'T' ? use.File.StreamMatches : use.File.Matches)[use.Directive[1]] = use.Directive, many: true, then: Nothing);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Servers()
    {
        yield return Row("listen", "SV", 1, Any, "<address>[:<port>[-<port>]] | unix:<path> [default_server] [ssl] [proxy_protocol] [...]", "What is listened on; several servers share an address.", Anything, many: true);
        yield return Row("server_name", "S", 1, Any, "<name>*", "The names: exact, `*.name`, `name.*`, `.name`, `~expression`; nginx's precedence.", Anything, many: true);
        yield return Row("client_max_body_size", Web, 1, 1, "<size>", "A larger body is 413; 1m where nothing is said, 0 for any.", Size);
        yield return Row("client_header_timeout", "HS", 1, 1, "<time>", "How long a request head may take; the longest of the file counts.", Time);
        yield return Row("client_body_timeout", Web, 1, 1, "<time>", "How long a client may send nothing of a body; the longest of the file counts, with `send_timeout`.", Time);
        yield return Row("send_timeout", Web, 1, 1, "<time>", "How long a client may take nothing of an answer; the longest of the file counts, with `client_body_timeout`.", Time);
        yield return Row("keepalive_timeout", "HSLU", 1, 2, "<time> [<time>]", "How long a kept connection waits; the longest of the file counts. 0 in http or server is one millisecond here.", Time);
        yield return Row("keepalive_requests", "HSLU", 1, 1, "<number>", "Requests of one connection; the largest of the file counts. In upstream it changes nothing.", Number(1, 1_000_000_000));
        yield return Row("underscores_in_headers", "HS", 1, 1, "on | off", "Whether fields of clients with underscores in their names are seen; they are dropped where nothing is said. The default server's counts.", Flag);
        yield return Row("ignore_invalid_headers", "HS", 1, 1, "on | off", "Whether fields of other names than of letters, digits and hyphens are dropped, as they are where nothing is said. The default server's counts.", Flag);
        yield return Row("merge_slashes", "HS", 1, 1, "on | off", "Whether slashes that follow each other are one when locations are looked for, as they are where nothing is said. The default server's counts.", Flag);
        yield return Row("large_client_header_buffers", "HS", 2, 2, "<number> <size>", "How long a request line may be, 16 KiB at most; the largest of the file counts, 8 KiB where nothing is said. A head has room for 16 KiB.", HeaderBuffers);
        yield return Row("set_real_ip_from", Web + "TV", 1, 1, "<address> | <network> | unix:", "Whose word about the client's address is believed, in stream and with `real_ip_header proxy_protocol` that of a PROXY header. What a server says counts before its rewrites, what a location says behind them.", NginxClients.Check, many: true);
        yield return Row("real_ip_header", Web, 1, 1, "<field> | X-Forwarded-For | proxy_protocol", "The field that names the client; `X-Real-IP` where nothing is said.");
        yield return Row("real_ip_recursive", Web, 1, 1, "on | off", "Whether addresses of the list that are trusted themselves are passed over.", Flag);
    }

    private static void HeaderBuffers(NginxUse use)
    {
        if (!int.TryParse(use.Directive[1], out var number) || number < 1)
            use.Invalid(1, "a number of buffers");
        else if (!NginxValues.TryReadSize(use.Directive[2], out var size))
            use.Invalid(2, "a size, such as 8k");
        else if (size > NginxDraft.LargestHead)
            use.Problems.Warn(use.Directive.Place, "the head of a request has room for 16 KiB here: larger ones are 431 or 414", "16k at most");
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Locations()
    {
        yield return Row("location", "SL", 1, 2, "[= | ~ | ~* | ^~] <uri> | @<name> { ... }", "Chosen as nginx does it: exact, the longest start, expressions in their order; nested ones too.", Anything, many: true, then: Nothing);
        yield return Row("absolute_redirect", Web, 1, 1, "on | off", "Whether redirects to a path name the scheme and the host.", Flag);
        yield return Row("port_in_redirect", Web, 1, 1, "on | off", "Whether they name the port.", Flag);
        yield return Row("server_name_in_redirect", Web, 1, 1, "on | off", "Whether they name the server and not the host that was asked for.", Flag);
        yield return Row("stub_status", "SL", 0, 1, "", "Connections and requests in nginx's words; Reading is always 0, and requests under way are Writing.", Anything);
        yield return Row("internal", "L", 0, 0, "", "Only requests that were sent here from within; others get 404.");
        yield return Row("empty_gif", "L", 0, 0, "", "A picture of one transparent point.");
        yield return Row("root", WebIf, 1, 1, "<folder>", "Where files lie that are served without a server.", NginxFiles.CheckFolder);
        yield return Row("alias", "L", 1, 1, "<folder>", "The same, in place of what the location matches.", NginxFiles.CheckFolder);
        yield return Row("index", Web, 1, Any, "<file>*", "The file of a path that ends in a slash; `index.html` where nothing is said.", NginxFiles.CheckIndex);
        yield return Row("try_files", "SL", 2, Any, "<file>* <uri> | =<status> | @<name>", "The first file that is there; else where the last word leads.", Anything);
        yield return Row("autoindex", Web, 1, 1, "on | off", "Whether a folder without an index is listed, and not 403.", Flag);
        yield return Row("autoindex_format", Web, 1, 1, "html | json | xml", "What the list looks like; jsonp is refused.", OneOf("html", "json", "xml"));
        yield return Row("autoindex_exact_size", Web, 1, 1, "on | off", "Whether sizes are in bytes.", Flag);
        yield return Row("autoindex_localtime", Web, 1, 1, "on | off", "Whether times are those of this machine's zone.", Flag);
        yield return Row("random_index", "L", 1, 1, "on | off", "Whether a path that ends in a slash is answered by any file of the folder, by lot.", Flag);
        yield return Row("etag", Web, 1, 1, "on | off", "Whether files have an ETag.", Flag);
        yield return Row("if_modified_since", Web, 1, 1, "off | exact | before", "Which dates mean that a client has a file.", OneOf("off", "exact", "before"));
        yield return Row("max_ranges", Web, 1, 1, "<number>", "How many ranges of a file may be asked for at once; any number where nothing is said. Of servers' answers nothing is cut.", Number(0, 1_000_000));
        yield return Row("gzip_static", Web, 1, 1, "on | off | always", "Whether the file with `.gz` behind its name is sent to who takes gzip in HTTP/1.1, whatever `gzip_http_version` and `gzip_disable` say.", OneOf("on", "off", "always"));
        yield return Row("gzip", WebIf, 1, 1, "on | off", "Whether answers are compressed for clients of HTTP/1.1 that take gzip.", Flag);
        yield return Row("gzip_types", Web, 1, Any, "<type>*", "Which types beside text/html; `*` for any but those of several parts.", Anything);
        yield return Row("gzip_min_length", Web, 1, 1, "<size>", "Below which Content-Length answers are left as they are; 20 where nothing is said.", Size);
        yield return Row("gzip_comp_level", Web, 1, 1, "<level>", "1 is fast, 9 is small; 1 where nothing is said.", Number(1, 9));
        yield return Row("gzip_vary", Web, 1, 1, "on | off", "Whether answers that might be compressed, or that `gzip_static` has twice, have `Vary: Accept-Encoding`.", Flag);
        yield return Row("gzip_proxied", Web, 1, Any, "off | expired | no-cache | no-store | private | no_last_modified | no_etag | auth | any", "What is compressed for proxies that say in Via that they are one; of `gzip_static` only `any` counts.", NginxGzip.CheckProxied);
        yield return Row("gzip_http_version", Web, 1, 1, "1.0 | 1.1", "Clients of HTTP/1.0 get nothing compressed in any case, which a warning says.", NginxGzip.CheckVersion);
        yield return Row("gzip_disable", Web, 1, Any, "msie6", "Whatever clients call themselves they get what they take, which a warning says for all but `msie6`.", NginxGzip.CheckDisable);
        yield return Row("sub_filter", Web, 2, 2, "<text> <replacement>", "Puts another text in the place of one in answers, in any case, for clients of HTTP/1.1; such answers are not compressed here. No variables in the text.", NginxSubstitutes.Check, many: true);
        yield return Row("gunzip", Web, 1, 1, "on | off", "Whether what servers have compressed by gzip is unpacked for clients of HTTP/1.1 that do not take it.", Flag);
        yield return Row("sub_filter_once", Web, 1, 1, "on | off", "Whether once, or wherever it is.", Flag);
        yield return Row("sub_filter_types", Web, 1, Any, "<type>*", "In which types beside text/html; `*` for any.", Anything);
        yield return Row("sub_filter_last_modified", Web, 1, 1, "on | off", "Whether answers keep Last-Modified, and their ETag as a weak one.", Flag);
        yield return Row("types", Web, 0, 0, "{ <type> <ending>*; ... }", "The types of files by the endings of their names.", Anything, many: true, then: Nothing);
        yield return Row("default_type", Web, 1, 1, "<type>", "The type of files of any other ending, and of `return`; text/plain where nothing is said. Without `types` html, gif and jpg are known.", Anything);
        yield return Row("charset", WebIf, 1, 1, "<charset> | off", "Answers of the types of `charset_types` that say none get this one in Content-Type; nothing is converted.", Charset);
        yield return Row("charset_types", Web, 1, Any, "<type>*", "Which types; text/html, text/xml, text/plain, text/vnd.wap.wml, application/javascript and application/rss+xml where nothing is said.", Anything);
        yield return Row("limit_rate", WebIf, 1, 1, "<size>", "How many bytes a second of an answer are sent, on average since the request came; 0 for any number. `set $limit_rate` and X-Accel-Limit-Rate of a server go before it.", NginxBandwidth.Check);
        yield return Row("limit_rate_after", WebIf, 1, 1, "<size>", "How much of an answer is sent at any rate before.", NginxBandwidth.Check);
        yield return Row("recursive_error_pages", Web, 1, 1, "on | off", "Whether an error of an error page gets one too, up to ten times.", Flag);
        yield return Row("error_page", WebIf, 2, Any, "<status>* [=[<status>]] <uri>", "What is answered in the place of an error: another path, a named location, or a redirect.", Anything, many: true);
        yield return Row("allow", Web + "XTV", 1, 1, "<address> | <network> | unix: | all", "Who may ask, in stream who may connect; the first line that fits counts.", Anything, many: true, then: NginxAccess.Note);
        yield return Row("deny", Web + "XTV", 1, 1, "<address> | <network> | unix: | all", "Who may not: 403; in stream the connection is closed.", Anything, many: true, then: NginxAccess.Note);
        yield return Row("auth_basic", Web + "X", 1, 1, "<realm> | off", "Clients are asked for a user and a password, with 401; where there is no `auth_basic_user_file` nobody is.", Anything);
        yield return Row("auth_basic_user_file", Web + "X", 1, 1, "<file>", "The users, as `htpasswd` writes them, read when the file is taken up: passwords by apr1, `{SHA}`, `{SSHA}`, `{PLAIN}` and those that the system's crypt knows, bcrypt among them on Debian.", Anything);
        yield return Row("auth_delay", Web, 1, 1, "<time>", "How long the 401 of `auth_basic` is kept back; that of `auth_request` is passed on at once.", Time);
        yield return Row("auth_request", Web, 1, 1, "<uri> | off", "Whether a request may go on is asked by a GET without a body to another location: 200 to 299 it may, 401 and 403 the client is told, any other is 500.", Anything);
        yield return Row("mirror", Web, 1, 1, "<uri> | off", $"A copy of each request that is admitted asks for this too; nobody waits for the answer or sees it. {MirrorSettings.MostPaths} at most.", NginxMirrors.Check, many: true);
        yield return Row("mirror_request_body", Web, 1, 1, "on | off", "Whether copies have the body, of 1 MiB at most; a request with a larger one has no copy.", Flag);
        yield return Row("auth_request_set", Web, 2, 2, "$<variable> <value>", "Gives a variable what the answer has, such as `$upstream_http_x_user`.", NginxSteps.DeclareVariable, many: true);
        yield return Row("valid_referers", "SL", 1, Any, "none | blocked | server_names | <name>[<uri>] | ~<expression> ...", "Pages that may lead here: for others `$invalid_referer` is 1. Several lines add to each other.", NginxReferers.Check, many: true);
        yield return Row("secure_link", Web, 1, 1, "<text>", "Where the MD5 of a link stands, in base64 of URLs, and behind a comma when it ends: `$secure_link` is `1` where it is right, `0` behind its time, and else empty.", Anything);
        yield return Row("secure_link_md5", Web, 1, 1, "<text>", "What that is the MD5 of.", Anything);
        yield return Row("secure_link_secret", "L", 1, 1, "<word>", "A link is `/<folder>/<MD5>/<link>`, with the MD5 in hexadecimal digits of the link and the word behind it: `$secure_link` is the link where it is right, else empty.", Anything);
        foreach (var row in NginxUserId.Rows)
            yield return row;
        yield return Row("satisfy", Web, 1, 1, "all | any", "Whether address and password have to be right, or one of them.", OneOf("all", "any"));
        yield return Row("limit_except", "L", 1, Any, "<method>* { allow ...; deny ...; }", "What holds for all other methods.", Anything);
        yield return Row("add_header", WebIf, 2, 3, "<name> <value> [always]", "A field more for the client: of 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308, or `always`.", Anything, many: true);
        yield return Row("add_header_inherit", WebIf, 1, 1, "on | off | merge", "Whether a block with `add_header` of its own has none of those around it, as with `on`, or all of them too; with `off` it has none of them in any case.", OneOf("on", "off", "merge"));
        yield return Row("expires", WebIf, 1, 2, "[modified] <time> | @<time> | epoch | max | off | $<variable>", "The fields Expires and Cache-Control, in the place of those of servers; with `modified` from Last-Modified on; a variable is one of a map whose values are such words.", Anything);
        yield return Row("health_check", "LV", 0, Any, "[interval=<time>] [jitter=<time>] [fails=<n>] [passes=<n>] [uri=<uri>] [match=<name>] [port=<n>] [mandatory] [persistent] [keepalive_time=<time>]", "The servers of the upstream are asked for their health, in stream by a connection and what `match` says (in nginx with a subscription).", Anything);
        yield return Row("health_check_timeout", "TV", 1, 1, "<time>", "How long a check may take; 5s where nothing is said.", Time);
    }

    private static void Charset(NginxUse use)
    {
        if (use.Directive[1].Contains('$', StringComparison.Ordinal))
            use.Error(1, "a charset that goes by the request is not done here", "a charset, such as utf-8");
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Rewriting()
    {
        yield return Row("return", "SLIJV", 1, 2, "<code> [<text>] | [<code>] <url> | <text> (stream)", "Answers at once; 444 closes the connection. In stream clients are told the text, and the connection ends.", Anything, many: true, then: AsStep);
        yield return Row("rewrite", "SLIJ", 2, 3, "<regex> <replacement> [last | break | redirect | permanent]", "Changes path and query, or sends the client elsewhere.", Anything, many: true, then: AsStep);
        yield return Row("set", "SLIJV", 2, 2, "$<variable> <value>", "Gives a variable a value.", NginxSteps.DeclareVariable, many: true, then: AsStep);
        yield return Row("break", "SLIJ", 0, 0, "", "Ends these directives.", Anything, many: true, then: AsStep);
        yield return Row("if", "SL", 1, Any, "(<condition>) { return | rewrite | set | break ... }", "What is done when a condition holds: a variable, = != ~ ~* !~ !~*, -f -d -e -x, which ask the disk for each request. Other directives in it are errors, but what is said of `proxy_pass` alone.", Anything, many: true, then: Nothing);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Proxying()
    {
        yield return Row("proxy_pass", "LIXV", 1, 1, "http://<upstream>[<uri>] | https://... | http://unix:<path>:<uri> | $<variable> | <upstream> (stream)", "Who answers. With a URI it takes the place of what the location matches. What variables say is an upstream, an address, or with `resolver` a name, looked up when a request or a connection comes. They may say the scheme too, and so be a whole URL, where all values that the file gives them are.", Anything);
        yield return Row("proxy_set_header", Web, 2, 2, "<field> <value>", "A field for the server; Host is `$proxy_host` where nothing is said. An empty value takes the field out. Connection and Upgrade are Steelyard's own: upgrades pass.", Anything, many: true);
        yield return Row("proxy_http_version", WebIf, 1, 1, "1.0 | 1.1", "Servers are spoken to in HTTP/1.1, on connections that are kept.", OneOf("1.0", "1.1", "2"));
        yield return Row("proxy_hide_header", Web, 1, 1, "<field>", "A field of the server's answer that clients do not see.", Anything, many: true);
        yield return Row("proxy_pass_header", Web, 1, 1, "<field>", "A field that is passed all the same: Server, X-Accel-...", Anything, many: true);
        yield return Row("proxy_limit_rate", Web, 1, 1, "<size>", "How many bytes a second of a server's answer pass at most, 0 for any number.", NginxBandwidth.Check);
        yield return Row("proxy_ignore_headers", Web, 1, Any, "<field>*", "Fields of servers that nothing is done with: X-Accel-Redirect, X-Accel-Limit-Rate, X-Accel-Charset. Of the others it knows nothing is done in any case.", NginxAccel.Check);
        yield return Row("proxy_redirect", Web, 1, 2, "default | off | <from> <to>", "What becomes of Location in answers.", NginxRedirects.Check, many: true);
        yield return Row("proxy_cookie_domain", Web, 1, 2, "<domain> | ~<regex> <replacement> | off", "What becomes of Domain in cookies that servers set.", NginxCookies.Check, many: true);
        yield return Row("proxy_cookie_path", Web, 1, 2, "<path> | ~<regex> <replacement> | off", "What becomes of Path.", NginxCookies.Check, many: true);
        yield return Row("proxy_cookie_flags", Web, 1, Any, "<cookie> | ~<regex> <flag>* | off", "Flags that cookies get, or lose: secure, httponly, samesite=strict, lax or none, nosecure, nohttponly, nosamesite. All lines that fit a cookie count, and flags stand at its end.", NginxCookies.Check, many: true);
        yield return Row("proxy_method", Web, 1, 1, "<method>", "The method for the server, not HEAD; one that goes by the request is refused.", use =>
        {
            if (!Yaml.Tables.RouteTable.IsSent(use.Directive[1]))
                use.Invalid(1, "a method such as GET, not HEAD");
        });
        yield return Row("proxy_set_body", Web, 1, 1, "<text>", "The body for the server, in the place of the client's.", Anything);
        yield return Row("proxy_pass_request_body", Web, 1, 1, "on | off", "Whether the server gets the client's body; with `off` neither its length, and the client's connection ends with the answer.", Flag);
        yield return Row("proxy_pass_request_headers", Web, 1, 1, "on | off", "Whether the server gets the client's fields.", Flag);
        yield return Row("proxy_connect_timeout", Both, 1, 1, "<time>", "How long a connection to a server may take; 60s where nothing is said.", Time);
        yield return Row("proxy_read_timeout", Web, 1, 1, "<time>", "How long a server may say nothing; 60s where nothing is said.", Time);
        yield return Row("proxy_send_timeout", Web, 1, 1, "<time>", "How long a server may take nothing; counts with `proxy_read_timeout`, the longer of both.", Time);
        yield return Row("proxy_next_upstream", Web + "TV", 1, Any, "error | timeout | invalid_header | http_<status> | non_idempotent | off", "What leads to another server; `on`, `off` in stream.", NginxRetries.Check);
        yield return Row("proxy_bind", Both, 1, 2, "<address> | off", "The address of this machine that connections to servers come from; ports, variables and `transparent` are refused.", use =>
        {
            if (use.Directive.Count == 2)
                use.Error(2, use.Directive[2] == "transparent" ? "\"transparent\" is not done here: clients' own addresses take rights that the engine gives up" : $"invalid parameter \"{use.Directive[2]}\"", "the address alone, and X-Forwarded-For or proxy_protocol for the client");
            else if (use.Directive[1] != "off" && !System.Net.IPAddress.TryParse(use.Directive[1].Trim('[', ']'), out _))
                use.Error(1, $"invalid address \"{use.Directive[1]}\"", "an address of this machine without a port, or off");
        });
        yield return Row("proxy_next_upstream_tries", Both, 1, 1, "<number>", "How many servers are asked at most; here 16 at most.", Number(0, 1_000_000));
        yield return Row("proxy_next_upstream_timeout", Both, 1, 1, "<time>", "How long after the first one another server may be asked; 0 for any time, as where nothing is said.", Time);
        yield return Row("proxy_intercept_errors", Web, 1, 1, "on | off", "Whether `error_page` counts for answers of servers too.", Flag);
        yield return Row("proxy_ssl_verify", Both, 1, 1, "on | off", "Whether a server's certificate has to be valid.", Flag);
        yield return Row("proxy_ssl_name", Both, 1, 1, "<name>", "The name it has to have, and that is asked for.", Anything);
        yield return Row("proxy_ssl_server_name", Both, 1, 1, "on | off", "The name is always asked for here.", Flag);
        yield return Row("proxy_ssl_trusted_certificate", Both, 1, 1, "<file>", "The authorities that are believed.", Anything);
        yield return Row("proxy_ssl_certificate", Both, 1, 1, "<file>", "What is shown to the server.", Anything);
        yield return Row("proxy_ssl_certificate_key", Both, 1, 1, "<file>", "Its key.", Anything);
        yield return Row("proxy_ssl_password_file", Both, 1, 1, "<file>", "Passwords, one a line, of which one opens the key.", Anything);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Upstreams()
    {
        yield return Row("upstream", "HT", 1, 1, "<name> { ... }", "Servers that answer alike; round robin where nothing is said.", Anything, many: true, then: Nothing);
        yield return Row(ServerOfUpstream, "UP", 1, Any, "<address>[:<port>] | unix:<path> [weight=<n>] [max_fails=<n>] [fail_timeout=<time>] [max_conns=<n>] [backup] [down] [slow_start=<time>] [route=<text>] [resolve] [service=<name>]", "One of them; with `resolve` as many as its name has addresses, looked up again while the file is served, see docs/discovery.md.", Anything, many: true);
        yield return Row("resolver", "HSLTUPV", 1, Any, "<address> ... [valid=<time>] [ipv4=on|off] [ipv6=on|off] [status_zone=<zone>]", "Who is asked for the names of servers with `resolve`, of an upstream by what counts in it; without one the system's resolver. All other names are the system's, and followed too.", NginxResolver.Check);
        yield return Row("resolver_timeout", "HSLTUPV", 1, 1, "<time>", "How long the answer to a name is waited for.", Time);
        yield return Row("least_conn", "UP", 0, 0, "", "The server with the fewest requests for its weight.");
        yield return Row("ip_hash", "U", 0, 0, "", "By the client's address, the very same as in nginx.");
        yield return Row("hash", "UP", 1, 2, "<text> [consistent]", "By the hash of a text, the very same as in nginx; in stream of what is known of a connection, such as `$remote_addr` or `$ssl_preread_server_name`.", Anything);
        yield return Row("random", "UP", 0, 2, "[two [least_conn]]", "By lot, or the better of two.", Words(["two"], ["least_conn", "least_time=header", "least_time=last_byte"]));
        yield return Row("least_time", "UP", 1, 2, "header | last_byte [inflight]", "By what answers took lately: peak EWMA.", Words(["header", "last_byte"], ["inflight"]));
        yield return Row("sticky", "U", 2, Any, "cookie <name> [expires=<time>] [domain=<d>] [path=<p>] [httponly] [secure] [samesite=<s>] | learn create=$upstream_cookie_<name> lookup=$cookie_<name> zone=<name>:<size> [timeout=<time>] | route $cookie_<name>", "A client stays with its server; the value of the cookie is what stands behind `route=`, of `cookie` Steelyard's own where not all servers have one.", Anything);
        yield return Row("queue", "U", 1, 2, "<number> [timeout=<time>]", "How many requests wait when all servers have `max_conns`.", NginxPools.CheckQueue);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Limits()
    {
        yield return Row("limit_req_zone", "H", 3, 4, "<key> zone=<name>:<size> rate=<n>r/s|r/m [sync]", "How many requests of a key.", NginxLimits.CheckZone, many: true);
        yield return Row("limit_req", Web, 1, 3, "zone=<name> [burst=<n>] [nodelay | delay=<n>]", "Where it counts; all of a block have to let a request through, and one that is refused is counted by none.", Anything, many: true);
        yield return Row("limit_req_status", Web, 1, 1, "<status>", "What refused requests get; 503 where nothing is said.", Number(400, 599));
        yield return Row("limit_req_dry_run", Web, 1, 1, "on | off", "With `on` all is counted, and nothing refused or kept waiting.", Flag);
        yield return Row("limit_conn_dry_run", Both, 1, 1, "on | off", "With `on` all is counted, and nothing refused or kept waiting.", Flag);
        yield return Row("limit_conn_zone", "HT", 2, 2, "<key> zone=<name>:<size>", "How many requests of a key at once, in stream how many connections.", Anything, many: true);
        yield return Row("limit_conn", Both, 2, 2, "<zone> <number>", "Where it counts; all of a block have to let a request through, and one that is refused is counted by none. In stream the connection is closed.", Anything, many: true);
        yield return Row("limit_conn_status", Web, 1, 1, "<status>", "What refused requests get; 503 where nothing is said.", Number(400, 599));
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Tls()
    {
        yield return Row("ssl_certificate", "HSTV", 1, 1, "<file>", "A certificate with its chain.", Anything, many: true);
        yield return Row("ssl_certificate_key", "HSTV", 1, 1, "<file>", "Its key.", Anything, many: true);
        yield return Row("ssl_password_file", "HSTV", 1, 1, "<file>", "Passwords, one a line, of which one opens a key.", Anything);
        yield return Row("ssl_protocols", "HSTV", 1, Any, "TLSv1.2 TLSv1.3", "The versions; older ones are not spoken.", OneOf("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"));
        yield return Row("ssl_verify_client", "HSTV", 1, 1, "on | off | optional", "Whether clients show a certificate; the servers of one address may differ.", OneOf("on", "off", "optional", "optional_no_ca"));
        yield return Row("ssl_client_certificate", "HSTV", 1, 1, "<file>", "The authorities of clients' certificates.", Anything);
        yield return Row("ssl_reject_handshake", "HS", 1, 1, "on | off", "A client that asks for no known name is refused; in the default server, which needs no certificate then.", Flag);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Streams()
    {
        yield return Row("ssl_preread", "TV", 1, 1, "on | off", "A client's TLS hello is read, for `$ssl_preread_server_name`, `$ssl_preread_protocol` and `$ssl_preread_alpn_protocols` of a `map` that `proxy_pass` names, and in logs.", Flag);
        yield return Row("proxy_protocol", "TV", 1, 1, "on | off", "Servers are told whose connection it is, by a PROXY header of version 1.", Flag);
        yield return Row("proxy_timeout", "TV", 1, 1, "<time>", "How long nothing may come either way; the longest of the file counts, 10m where nothing is said.", Time);
        yield return Row("proxy_ssl", "TV", 1, 1, "on | off", "TLS to the servers.", Flag);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Logs()
    {
        yield return Row("access_log", WebIf + "XTV", 1, Any, "<path> | syslog:server=<address>[,...] [<format>] [buffer=<size>] [flush=<time>] [gzip] [if=<condition>] | off", "What is written of requests, by the block that answers them; nothing where nothing is said.", NginxLogs.Check, many: true);
        yield return Row("log_format", "HT", 2, Any, "<name> [escape=default|json|none] <text>*", "What a line looks like, of all variables; `combined` is there.", NginxLogFormat.Check, many: true);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Program()
    {
        yield return Row("pid", "M", 1, 1, "<file>", "Under the name `nginx`: where the number of the process is written once it serves.", Anything);
        yield return Row("daemon", "M", 1, 1, "on | off", "Under the name `nginx`: whether it leaves its terminal.", Flag);
        yield return Row("worker_shutdown_timeout", "M", 1, 1, "<time>", "How long a graceful stop waits; 24h where nothing is said.", Time);
    }

    private static IEnumerable<DirectiveRow<NginxUse>> Refusals()
    {
        foreach (var name in (string[])["mp4", "flv", "slice", "addition_types", "add_before_body", "add_after_body", "add_trailer", "add_trailer_inherit", "post_action", "charset_map", "ancient_browser", "ancient_browser_value", "modern_browser", "modern_browser_value"])
            yield return Refused(name, WebIf, "a server that does it, behind `proxy_pass`");
        foreach (var name in (string[])["dav_methods", "ssi", "disable_symlinks"])
            yield return Row(name, WebIf, 1, Any, "off", "Any other word is an error: a server that does it, behind `proxy_pass`.", OneOf("off"));
        yield return Row("proxy_store", Web, 1, 1, "off", "Answers are not kept as files here, and any other word is an error.", OneOf("off"));
        yield return Refused("proxy_store_access", Web, "the answer as it is");
        foreach (var name in (string[])["geoip_country", "geoip_city", "geoip_org", "geoip_proxy", "geoip_proxy_recursive", "geoip2"])
            yield return Refused(name, "HT", "`geo` with the networks that are meant");
        foreach (var name in (string[])["api", "upstream_conf", "status"])
            yield return Refused(name, "SL", "the admin API, and `stub_status`");
        yield return Refused("mgmt", "M", "no license is asked for");
        yield return Refused("oidc_provider", "H", "a server that checks who it is, and `auth_request`");
        yield return Refused("internal_redirect", "L", "`rewrite ... last`");
        yield return Refused("sticky_cookie_insert", "U", "`sticky cookie`");
        yield return Refused("pass", "V", "`proxy_pass` with the address of the other `listen`");
        yield return Refused("mail", "M", "mail is not proxied here");
        yield return Refused("state", "UP", "`server` lines; what is changed while it runs is kept by the admin API");
    }
}

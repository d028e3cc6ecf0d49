using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The directives of a haproxy.cfg: the reader and docs/haproxy.md live from this table. Contexts are G(lobal), D(efaults), F(rontend), B(ackend) and L(isten).</summary>
internal static class HaproxyDirectives
{
    private const string All = "DFBL";
    private const string Front = "DFL";
    private const string Back = "DBL";

    private const string StateIsKept = "What was changed while the program runs outlives reloads by itself.";

    public static DirectiveRows<HaproxyUse> Table { get; } = new(
    [
        .. Global(),
        .. Frontends(),
        .. Backends(),
        .. Timeouts(),
        .. HaproxyChecks.Rows,
        .. HaproxyConstants.Rows,
        .. HaproxyPersistence.Rows,
        .. HaproxyCounters.Rows,
        .. HaproxyResolvers.Rows,
        .. HaproxyRules.Requests,
        .. HaproxyRules.Responses,
        .. Connections(),
        .. Others(),
    ]);

    private static DirectiveRow<HaproxyUse> Done(string name, string contexts, string arguments, string meaning, Action<HaproxyUse> read) => DirectiveRow<HaproxyUse>.Done(name, contexts, arguments, meaning, read);

    private static DirectiveRow<HaproxyUse> Harmless(string name, string contexts, string why) => DirectiveRow<HaproxyUse>.Harmless(name, contexts, "...", why);

    private static DirectiveRow<HaproxyUse> Refused(string name, string contexts, string instead) => DirectiveRow<HaproxyUse>.Refused(name, contexts, "...", instead);

    private static IEnumerable<DirectiveRow<HaproxyUse>> Global()
    {
        yield return Done("maxconn", "GDFL", "<number>", "Client connections open at once: of the process in `global`, of the listener elsewhere.", use =>
        {
            if (!use.TryTakeNumber("a number of connections", use.Section.Kind == 'G' ? 1 : 0, 10_000_000, out var most))
                return;
            if (use.Section.Kind == 'G')
                (use.File.MaxConnections, use.Problems.Connections) = (most, use.Line);
            else
                use.Section.MaxConnections = most == 0 ? null : most;
        });
        yield return Done("hard-stop-after", "G", "<time>", "How long a graceful stop waits for what is in flight.", use =>
        {
            if (use.TryTakeTime("a time", out var time))
                use.File.HardStop = time;
        });
        yield return Done("spread-checks", "G", "<percent>", "How much of the time between checks is left to chance.", use =>
        {
            if (use.TryTakeNumber("a percentage", 0, 50, out var percent))
                use.File.SpreadChecks = percent;
        });
        yield return Done("crt-base", "G", "<folder>", "Where certificates lie whose names do not begin with a slash.", use => use.File.CertificateFolder = use.TryTake("a folder", out var word) ? word.Text : null);
        yield return Done("ca-base", "G", "<folder>", "Where authorities lie whose names do not begin with a slash.", use => use.File.AuthorityFolder = use.TryTake("a folder", out var word) ? word.Text : null);
        yield return Done("setenv", "G", "<name> <value>", "Sets a variable of the environment for the rest of the file.", use =>
        {
            if (use.TryTake("a name", out var name) && use.TryTake("a value", out var value))
                use.File.Environment[name.Text] = value.Text;
        });
        yield return Done("presetenv", "G", "<name> <value>", "The same, where it is not set.", use =>
        {
            if (use.TryTake("a name", out var name) && use.TryTake("a value", out var value))
                use.File.Environment.TryAdd(name.Text, value.Text);
        });
        yield return Done("unsetenv", "G", "<name>*", "Takes variables out.", use =>
        {
            while (use.HasMore)
                use.File.Environment.Remove(use.Take().Text);
        });
        foreach (var name in (string[])["master-worker", "quiet", "zero-warning", "expose-experimental-directives"])
            yield return Harmless(name, "G", "A service manager runs Steelyard in the foreground.");
        foreach (var name in (string[])["user", "group", "uid", "gid", "chroot", "set-dumpable"])
            yield return Harmless(name, "G", "The user of the engine is set by `user` in Steelyard's YAML; there is no chroot.");
        foreach (var name in (string[])["nbthread", "nbproc", "cpu-map", "thread-groups", "no-cpu-affinity", "numa-cpu-mapping"])
            yield return Harmless(name, "G", "There is an event loop for each core, see `loops` in Steelyard's YAML.");
        foreach (var name in (string[])["stats maxconn", "stats bind-process"])
            yield return Harmless(name, "G", "Everybody on a command socket is answered.");
        foreach (var row in HaproxyCommandSockets.Rows)
            yield return row;
        foreach (var name in (string[])["ssl-default-bind-ciphers", "ssl-default-bind-ciphersuites", "ssl-default-bind-curves", "ssl-default-server-ciphers", "ssl-default-server-ciphersuites", "ssl-default-server-options", "ssl-dh-param-file", "ssl-engine", "ssl-mode-async", "ssl-load-extra-files"])
            yield return Harmless(name, "G", "TLS 1.2 and 1.3 are spoken as the system's OpenSSL is set.");
        foreach (var name in (string[])["maxpipes", "maxcomprate", "maxcompcpuusage", "maxzlibmem", "ulimit-n", "busy-polling", "noepoll", "nokqueue", "nopoll", "nosplice", "nogetaddrinfo", "noreuseport", "profiling.tasks", "strict-limits", "max-spread-checks", "node", "external-check", "insecure-fork-wanted", "insecure-setuid-wanted", "localpeer", "h1-case-adjust", "h1-case-adjust-file", "log-send-hostname", "grace", "close-spread-time", "cluster-secret", "unix-bind", "resetenv", "wurfl-data-file", "fd-hard-limit", "issuers-chain-path", "mworker-max-reloads", "pp2-never-send-local", "ssl-load-extra-del-ext", "ssl-provider", "ssl-provider-path", "ssl-propquery", "ssl-skip-self-issued-ca", "thread-group", "setcap", "anonkey", "no strict-limits", "no busy-polling", "no numa-cpu-mapping", "no quick-ack"])
            yield return Harmless(name, "G", "Nothing that a client or a server sees depends on it here.");
        foreach (var name in (string[])["maxconnrate", "maxsessrate"])
        {
            yield return Done(name, "G", "<number>", name == "maxconnrate" ? "Client connections accepted in the last second; others wait in the kernel's queue." : "The same here; of the two the smaller one counts.", use =>
            {
                if (use.TryTakeNumber("a number of connections", 0, 1_000_000, out var most) && most > 0)
                    use.File.MaxConnectionsPerSecond = Math.Min(most, use.File.MaxConnectionsPerSecond ?? most);
            });
        }

        foreach (var name in (string[])["maxsslconn", "maxsslrate"])
            yield return Harmless(name, "G", "Clients are not limited by it: `maxconn` and `maxconnrate` count.");
        foreach (var name in (string[])["server-state-base", "server-state-file"])
            yield return Harmless(name, "G", StateIsKept);
        yield return Done("ssl-server-verify", "G", "none|required", "Whether certificates of servers are checked where their lines say nothing of it: `required` where nothing is said.", use =>
        {
            if (!use.TryTake("none or required", out var word))
                return;
            if (word.Text is not ("none" or "required"))
                use.Error(word, $"{Shown.Quote(word.Text)} is no way to verify", "none or required");
            use.File.VerifyServers = word.Text != "none";
        });
        yield return Done("ssl-default-bind-options", "G", "<keyword>*", "The versions of TLS of `bind` lines that say none of their own: `ssl-min-ver`, `ssl-max-ver`, `no-tlsv12`, `no-tlsv13`, `force-tlsv12` and `force-tlsv13`, as there; other keywords change nothing.", HaproxyBinds.ReadDefaults);
        yield return Done("default-path", "G", "current|config|parent|origin <folder>", "Where files are looked for whose names do not begin with a slash: `current` is where the program was started under the name `haproxy`, and the folder of the file as `steelyard up`.", ReadDefaultPath);
        yield return Harmless("lua-prepend-path", "G", "There are no scripts here; `lua-load` is an error.");
        yield return Harmless("httpclient.*", "G", "There are no scripts here that would ask anybody.");
        yield return Harmless("tune.*", "G", "Buffers and limits are Steelyard's own, see `limits` in its YAML.");
        foreach (var name in (string[])["lua-load", "lua-load-per-thread", "51degrees-data-file", "deviceatlas-json-file"])
            yield return Refused(name, "G", "the rules that docs/haproxy.md lists");
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Frontends()
    {
        yield return Done("mode", All, "http|tcp", "What is spoken. `tcp` where nothing is said, as in HAProxy.", use =>
        {
            if (!use.TryTake("http or tcp", out var word))
                return;
            if (word.Text is not ("http" or "tcp"))
                use.Error(word, $"{Shown.Quote(word.Text)} is not a mode", "http or tcp");
            use.Section.IsTcp = word.Text == "tcp";
        });
        yield return Done("bind", "FL", "<address>[,...] [...]", "What is listened on, see [bind](#bind).", HaproxyBinds.Read);
        yield return Done("default_backend", Front, "<backend>", "Who serves what no `use_backend` takes.", use =>
        {
            if (use.TryTake("the name of a backend", out var word))
                use.Section.DefaultBackend = new(word.Text, word.Place);
        });
        yield return Done("use_backend", "FL", "<backend>|<fmt> [if|unless <condition>]", "Who serves what the condition holds for; the first that holds counts. With a value such as `%[req.hdr(Host),map(hosts.map)]` the backend that it names; where none is called so, `default_backend`.", use =>
        {
            if (!use.TryTake("the name of a backend", out var word))
                return;
            TextTemplate? dynamic = null;
            if (word.Text.Contains('%', StringComparison.Ordinal) && !HaproxyFormat.TryRead(word, use, out dynamic))
                return;
            if (use.TryReadCondition(out var condition))
                use.Section.UseBackends.Add((new(word.Text, word.Place), condition, dynamic));
        });
        yield return Done("acl", All, "<name> <fetch>[,<converter>]* [<flag>]* [<pattern>]*", "Names a condition; of several lines of a name one has to hold.", use =>
        {
            if (!use.TryTake("a name", out var word))
                return;
            if (word.Text is "or" or "||")
            {
                use.Error(word, $"{Shown.Quote(word.Text)} stands between alternatives in a condition, and cannot be the name of an ACL", "another name");
                return;
            }

            List<Word> rest = [];
            while (use.HasMore)
                rest.Add(use.Take());
            if (HaproxyConditions.ReadTest(rest, word, use) is not { } condition)
                return;
            if (!use.Section.Acls.TryGetValue(word.Text, out var named))
                use.Section.Acls[word.Text] = named = [];
            named.Add(condition);
        });
        yield return Done("monitor-uri", Front, "<path>", "This path is answered with 200, or with 503 where `monitor fail` says so.", use =>
        {
            if (use.TryTake("a path", out var word))
                use.Section.MonitorPath = new(word.Text, word.Place);
        });
        yield return Done("monitor fail", "FL", "if|unless <condition>", "When `monitor-uri` is answered with 503.", use =>
        {
            if (!use.TryReadCondition(out var condition))
                return;
            if (condition is null)
                use.Problems.Error(use.Line, "'monitor fail' without a condition", "if or unless with a condition");
            else
                use.Section.MonitorFails.Add(condition);
        });
        yield return Done("option forwardfor", All, "[except <network>] [header <name>] [if-none]", "Tells the servers of the client in one more line of `X-Forwarded-For`; what a client sends of it itself passes too.", use => use.Section.ForwardFor = ReadTold(use, "X-Forwarded-For") ?? use.Section.ForwardFor);
        yield return Done("option originalto", All, "[except <network>] [header <name>]", "Tells them of the address that the client has connected to, in one more line of `X-Original-To`.", use => use.Section.OriginalTo = ReadTold(use, "X-Original-To") ?? use.Section.OriginalTo);
        yield return Done("no option originalto", All, "", "Undoes it.", use => use.Section.OriginalTo = null);
        yield return Done("no option forwardfor", All, "", "Undoes it.", use => use.Section.ForwardFor = null);
        yield return Done("disabled", All, "", "The section does nothing.", use => use.Section.IsDisabled = true);
        yield return Done("enabled", All, "", "It does.", use => use.Section.IsDisabled = false);
        foreach (var name in (string[])["option clf", "option socket-stats", "option contstats", "option nolinger", "option clitcpka", "option srvtcpka", "option tcpka", "option splice-auto", "option splice-request", "option splice-response", "option tcp-smart-accept", "option tcp-smart-connect", "option accept-invalid-http-request", "option accept-invalid-http-response", "option http-use-htx", "option idle-close-on-response", "option http-ignore-probes", "option http-use-proxy-header", "option h1-case-adjust-bogus-client", "option h1-case-adjust-bogus-server", "option disable-h2-upgrade", "backlog", "description", "id", "clitcpka-cnt", "clitcpka-idle", "clitcpka-intvl", "srvtcpka-cnt", "srvtcpka-idle", "srvtcpka-intvl", "bind-process", "guid"])
        {
            yield return Harmless(name, "GDFBL", "Nothing that a client or a server sees depends on it here.");
            if (name.StartsWith("option ", StringComparison.Ordinal) && name is not ("option splice-auto" or "option http-use-htx"))
                yield return Harmless("no " + name, "DFBL", "Nothing that a client or a server sees depends on it here.");
        }
    }

    private static void ReadDefaultPath(HaproxyUse use)
    {
        if (!use.TryTake("current, config, parent or origin", out var word))
            return;
        var own = Path.GetDirectoryName(Path.GetFullPath(use.File.Source.Text.FileName));
        switch (word.Text)
        {
            case "current":
                use.File.Source.Folder = use.File.Source.Options.Folder;
                break;
            case "config":
                use.File.Source.Folder = own;
                break;
            case "parent":
                use.File.Source.Folder = Path.GetDirectoryName(own) ?? own;
                break;
            case "origin" when use.TryTake("a folder", out var folder):
                use.File.Source.Folder = Path.GetFullPath(folder.Text);
                break;
            case "origin":
                break;
            default:
                use.Error(word, $"{Shown.Quote(word.Text)} is no place where files are looked for", "current, config, parent, or origin with a folder");
                break;
        }
    }

    private static HaproxyForwardFor? ReadTold(HaproxyUse use, string name)
    {
        var (header, except, ifNone) = (name, (string?)null, false);
        while (use.HasMore)
        {
            var word = use.Take();
            if (word.Text == "header" && use.TryTake("a name", out var its))
                header = its.Text;
            else if (word.Text == "except" && use.TryTake("a network", out var network))
                except = network.Text;
            else if (word.Text == "if-none" && use.Directive == "option forwardfor")
                ifNone = true;
            else if (word.Text is not ("header" or "except"))
                use.Error(word, $"{Shown.Quote(word.Text)} is not known behind '{use.Directive}'", use.Directive == "option forwardfor" ? "except, header or if-none" : "except or header");
        }

        return new(header, except, ifNone, use.Line);
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Backends()
    {
        yield return Done("balance", Back, "<algorithm> [<argument>]*", "How a server is chosen: roundrobin, static-rr, leastconn, first, source, uri [whole] [len n] [depth n] [path-only], url_param <name>, hdr(<name>) [use_domain_only], hash <sample>, random[(n)].", HaproxyBalance.Read);
        yield return Done("hash-type", Back, "map-based|consistent [sdbm|djb2|wt6|crc32] [avalanche]", "How servers are found by a hash.", HaproxyBalance.ReadType);
        yield return Done("hash-balance-factor", Back, "<percent>", "The most a server may have to do, in percent of its share.", use =>
        {
            if (use.TryTakeNumber("a percentage", 0, 1000, out var percent))
                use.Section.HashLoad = percent > 100 ? percent : null;
        });
        yield return Done("server", "BL", "<name> <address>[:<port>] [<keyword>]*", "A server, see [server](#server).", HaproxyServers.ReadServer);
        yield return Done("default-server", Back, "[<keyword>]*", "What the servers behind it have that say nothing else.", HaproxyServers.ReadDefaults);
        yield return Done("server-template", "BL", "<prefix> <number>|<first>-<last> <address>[:<port>] [<keyword>]*", "So many servers, called after the prefix and their numbers, all at the address, or at the first of a name. With `resolvers` as many as the name has addresses, up to the number, found while the file is served, see docs/discovery.md; of a name such as `_http._tcp.web` the services, which say ports and weights.", HaproxyServers.ReadTemplate);
        yield return Done("use-server", "BL", "<server> if|unless <condition>", "Which server takes what the condition holds for, while it can.", use =>
        {
            if (use.TryTake("the name of a server", out var word) && use.TryReadCondition(out var condition))
                use.Section.UseServers.Add((new(word.Text, word.Place), condition));
        });
        yield return Done("source", Back, "<address>", "The address of this machine that connections to servers, and checks, come from; `0.0.0.0` for the one that the kernel chooses. Ports, `usesrc` and `interface` are refused.", ReadSource);
        yield return Done("fullconn", Back, "<number>", "How many requests and sessions the backend has to do when the whole `maxconn` of servers with `minconn` counts; a tenth of what its frontends let in where nothing is said, 100,000 each where they do not say it.", use =>
        {
            if (use.TryTakeNumber("a number of connections", 1, 1_000_000, out var full))
                use.Section.FullConnections = full;
        });
        yield return Done("option allbackups", Back, "", "All backups serve when it comes to that, and not the first alone.", use => use.Section.AllBackups = true);
        yield return Done("no option allbackups", Back, "", "Undoes it.", use => use.Section.AllBackups = false);
        yield return Done("option redispatch", Back, "[<interval>]", "A client whose server does not take it goes to another one.", use =>
        {
            use.Section.Redispatch = true;
            if (use.HasMore)
                use.Take();
        });
        yield return Done("no option redispatch", Back, "", "Undoes it.", use => use.Section.Redispatch = false);
        yield return Done("option http-buffer-request", All, "", "Requests wait for their bodies, 16 KiB of them at most, as long as `timeout http-request` lets them, so that rules can look at `req.body`.", use => use.Section.BuffersRequests = use.Line);
        yield return Done("no option http-buffer-request", All, "", "Undoes it.", use => use.Section.BuffersRequests = null);
        yield return Done("option persist", Back, "", "A client whose server is down is sent there all the same.", use => use.Section.Persist = true);
        yield return Done("no option persist", Back, "", "Undoes it.", use => use.Section.Persist = false);
        yield return Done("retries", Back, "<number>", "How often a request is tried again that no server has seen; here at another server, and at once.", use =>
        {
            if (use.TryTakeNumber("a number", 0, 15, out var retries))
                use.Section.Retries = retries;
        });
        yield return Done("retry-on", Back, "<condition>*", "What leads to another try.", ReadRetryOn);
        foreach (var name in (string[])["option httpclose", "option forceclose"])
            yield return Done(name, All, "", "Connections of servers, and of the clients of a frontend that says it, end behind each answer.", use => use.Section.ClosesAfter = new("both", use.Line));
        yield return Done("option http-server-close", All, "", "Connections of servers end behind each answer, those of clients are kept.", use => use.Section.ClosesAfter = new("server", use.Line));
        foreach (var name in (string[])["option http-keep-alive", "no option httpclose", "no option http-server-close"])
            yield return Done(name, All, "", "Connections are kept with clients and servers, as where nothing is said.", use => use.Section.ClosesAfter = null);
        yield return Harmless("no option http-keep-alive", All, "Connections are kept where nothing is said.");
        foreach (var name in (string[])["http-reuse", "option http-tunnel", "option prefer-last-server", "option abortonclose", "option http-pretend-keepalive", "option http-no-delay", "option independent-streams", "no option http-use-htx", "no option abortonclose", "no option splice-auto", "no option independent-streams", "no option prefer-last-server", "no option http-pretend-keepalive", "no option http-no-delay", "max-keep-alive-queue"])
            yield return Harmless(name, All, "Connections are kept with clients and servers alike, requests are streamed, and what a client leaves is ended.");
        foreach (var name in (string[])["load-server-state-from-file", "server-state-file-name"])
            yield return Harmless(name, Back, StateIsKept);
        yield return Harmless("email-alert", All, "No mails are sent: changes of servers are on standard error, and in [metrics](metrics.md).");
        yield return Harmless("filter compression", All, "The lines of `compression` are enough.");
        yield return Done("rate-limit sessions", Front, "<number>", "Connections that a frontend accepts in the last second, 0 for no limit; others wait in the kernel's queue.", use =>
        {
            if (use.TryTakeNumber("a number of connections", 0, 1_000_000, out var most))
                use.Section.MaxConnectionsPerSecond = most == 0 ? null : most;
        });
        yield return Done("option http-restrict-req-hdr-names", All, "preserve|delete|reject", "What becomes of fields of requests whose names have other signs than letters, digits and hyphens: nothing, they are taken out, or the request is refused with 403.", ReadRestriction);
        yield return Done("no option http-restrict-req-hdr-names", All, "", "Undoes it.", use => use.Section.NameRule = null);
    }

    private static void ReadRestriction(HaproxyUse use)
    {
        if (!use.TryTake("preserve, delete or reject", out var word))
            return;
        RuleSettings? rule = word.Text switch
        {
            "delete" => new() { Action = RuleAction.RemoveHeaders, Pattern = "[^a-z0-9-]" },
            "reject" => new() { Action = RuleAction.Deny, Status = 403, When = new TestCondition(new FetchExpression(FetchKind.HeaderNames, ","), TestKind.Matches, ["[^A-Za-z0-9,-]"]) },
            _ => null,
        };
        if (rule is null && word.Text != "preserve")
            use.Error(word, $"{Shown.Quote(word.Text)} is nothing that is done with names of fields", "preserve, delete or reject");
        use.Section.NameRule = rule is null ? null : new(rule, use.Line);
    }

    private static void ReadSource(HaproxyUse use)
    {
        if (TryReadSource(use, out var source))
            use.Section.Source = source;
    }

    /// <summary>Reads where connections to servers come from; null for the kernel's choice.</summary>
    public static bool TryReadSource(HaproxyUse use, out string? source)
    {
        source = null;
        if (!use.TryTake("an address", out var word))
            return false;
        var text = HaproxyBinds.WithoutFamily(word.Text);
        text = text.EndsWith(":0", StringComparison.Ordinal) && text.IndexOf(':', StringComparison.Ordinal) == text.Length - 2 ? text[..^2] : text;
        if (!System.Net.IPAddress.TryParse(text.Trim('[', ']'), out var address))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} is no address that connections can come from here", "an address of this machine, without a port");
            return false;
        }

        if (use.Peek is "usesrc" or "interface")
        {
            use.Error(use.Take(), $"{Shown.Quote(use.Last.Text)} is not done behind 'source'", "the address alone: clients' own addresses take rights that the engine gives up, 'send-proxy' tells servers of them");
            return false;
        }

        source = address.Equals(System.Net.IPAddress.Any) || address.Equals(System.Net.IPAddress.IPv6Any) ? null : address.ToString();
        return true;
    }

    private static void ReadRetryOn(HaproxyUse use)
    {
        var conditions = RetryConditions.None;
        while (use.HasMore)
        {
            var word = use.Take();
            RetryConditions? one = word.Text switch
            {
                "none" => RetryConditions.None,
                "conn-failure" => RetryConditions.ConnectFailure,
                "empty-response" => RetryConditions.Reset,
                "junk-response" => RetryConditions.BadAnswer,
                "response-timeout" => RetryConditions.Timeout,
                "0rtt-rejected" => RetryConditions.None,
                "all-retryable-errors" => RetryConditions.ConnectFailure | RetryConditions.Reset | RetryConditions.BadAnswer | RetryConditions.Timeout | RetryConditions.Status500 | RetryConditions.Status502 | RetryConditions.Status503 | RetryConditions.Status504,
                var status when Enum.TryParse<RetryConditions>("Status" + status, out var known) && status.All(char.IsAsciiDigit) => known,
                _ => null,
            };
            if (one is { } added)
                conditions |= added;
            else
                use.Error(word, $"{Shown.Quote(word.Text)} is nothing to try again on", "none, conn-failure, empty-response, junk-response, response-timeout, all-retryable-errors, or a status");
        }

        use.Section.RetryOn = conditions;
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Timeouts()
    {
        foreach (var (name, contexts, meaning) in ((string, string, string)[])[
            ("client", Front, "How long a client may say nothing, or take nothing, in the middle of a request or a response."),
            ("http-request", All, "How long a request head may take."),
            ("http-keep-alive", All, "How long a kept connection waits for its next request."),
            ("connect", Back, "How long a connection to a server may take."),
            ("server", Back, "How long a server may take to answer, and say nothing in the middle of it."),
            ("tunnel", Back, "How long nothing may come either way once it is a tunnel, and in TCP mode."),
            ("client-fin", Front, "How long a client may say nothing in a tunnel or in TCP mode once its server has ended, and take nothing once it has ended itself."),
            ("server-fin", Back, "The same of the server."),
            ("queue", Back, "How long a request waits for a server that has room."),
            ("check", Back, "How long a check may take once it is connected."),
            ("tarpit", All, "How long a client waits that `http-request tarpit` refuses.")])
        {
            yield return Done($"timeout {name}", contexts, "<time>", meaning, use =>
            {
                if (use.TryTakeTime("a time", out var time))
                    use.Section.Timeouts[name] = new(time, use.Line);
            });
        }
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Connections()
    {
        foreach (var (phase, contexts) in ((string, string)[])[("connection", Front), ("session", Front), ("content", All)])
        {
            yield return Done($"tcp-request {phase} reject", contexts, "[if|unless <condition>]", phase == "connection" ? "Closes the connection; in `mode http` when its first request has come." : "The same.", use => ReadReject(use, phase));
            yield return Done($"tcp-request {phase} silent-drop", contexts, "[if|unless <condition>]", "The same.", use => ReadReject(use, phase));
            yield return Done($"tcp-request {phase} accept", contexts, "[if|unless <condition>]", $"What rejects behind it in `tcp-request {phase}` does not count.", use => ReadAccept(use, phase));
        }

        foreach (var name in (string[])["tcp-response content accept", "tcp-response inspect-delay", "tcp-request connection set-mark", "tcp-request connection set-tos", "tcp-request content set-mark", "tcp-request content set-tos"])
            yield return Harmless(name, All, "What a connection begins with is waited for where a route asks for it.");
        yield return Done("tcp-request inspect-delay", All, "<time>", "How long the first bytes of a connection are waited for in TCP mode, where rules or `use_backend` look at them.", use =>
        {
            if (use.TryTakeTime("a time", out var time))
                use.Section.InspectDelay = time;
        });
        yield return Done("tcp-request connection expect-proxy", Front, "layer4 [if { src <network>* }]", "Connections from there, or all, begin with a PROXY header.", ReadExpectProxy);
        foreach (var name in (string[])["tcp-request connection expect-netscaler-cip", "tcp-request content use-service", "tcp-response content reject", "tcp-response content close"])
            yield return Refused(name, All, "`accept-proxy` on the bind line, and `http-request` rules");
    }

    private static void ReadReject(HaproxyUse use, string phase)
    {
        if (!use.TryReadCondition(out var condition))
            return;

        List<Condition> all = [.. use.Section.Accepts.Where(accept => accept.Phase == phase).Select(accept => accept.When.Value).OfType<Condition>().Select(when => new NotCondition(when)), .. condition is null ? (Condition[])[] : [condition]];
        use.Section.EarlyRules.Add(new(new RuleSettings { Action = RuleAction.Close, When = all.Count == 0 ? null : all.Count == 1 ? all[0] : new AllCondition(all.ToValueList()) }, use.Line));
    }

    private static void ReadExpectProxy(HaproxyUse use)
    {
        if (!use.TryTake("layer4", out var layer) || !use.TryReadCondition(out var condition))
            return;
        var networks = condition switch
        {
            null => ["0.0.0.0/0", "::/0"],
            TestCondition { Value: VariableExpression { Variable: TemplateVariable.Client }, Test: TestKind.Network } from => from.Patterns,
            _ => default,
        };
        if (layer.Text != "layer4" || networks.Count == 0)
        {
            use.Error(layer, $"'{use.Directive}' by anything but the client's address is not done here", "layer4 if { src <network> }");
            return;
        }

        foreach (var network in networks)
        {
            if (NetworkText.TryParse(network, out var read, out _))
                use.Section.ProxyFrom.Add(new(read, use.Line));
        }
    }

    // Where nothing is rejected behind it, its condition may look at what is not known here.
    private static void ReadAccept(HaproxyUse use, string phase)
    {
        use.Section.Accepts.Add((phase, new(() => ReadConditionOf(use), isThreadSafe: false)));
        while (use.HasMore)
            use.Take();
    }

    private static Condition? ReadConditionOf(HaproxyUse use)
    {
        use.Rewind();
        return use.TryReadCondition(out var condition) ? condition ?? new ConstantCondition(true) : null;
    }

    private static IEnumerable<DirectiveRow<HaproxyUse>> Others()
    {
        foreach (var row in HaproxyErrors.Rows.Concat(HaproxyLogs.Rows).Concat(HaproxyCaptures.Rows).Concat(HaproxyStatistics.Rows).Concat(HaproxyCompression.Rows))
            yield return row;
        foreach (var of in (string[])["http-request", "http-response", "tcp-request content", "tcp-response content"])
        {
            foreach (var name in (string[])["send-spoe-group", "ot-group"])
                yield return Refused($"{of} {name}", All, "the rules that docs/haproxy.md lists, or `tracing` in Steelyard's YAML");
        }

        foreach (var (name, instead) in ((string, string)[])[
            ("http-request set-dst", "`server` lines, and `use_backend` or `use-server`"), ("http-request set-dst-port", "`server` lines, and `use_backend` or `use-server`"),
            ("http-response silent-drop", "`http-response deny`"), ("option checkcache", "`http-response deny` with what must not be cached"),
            ("http-send-name-header", "`http-response set-header` with `%s`, by which clients are told; a server knows its own name"),
            ("use-fcgi-app", "a server that speaks HTTP in front of the application"),
            ("clitimeout", "`timeout client`"), ("contimeout", "`timeout connect`"), ("srvtimeout", "`timeout server`"),
            ("filter", "the rules that docs/haproxy.md lists"), ("dispatch", "`server`"),
            ("persist", "`stick on src`, by which a client comes back to its server: cookies of RDP are not read here"), ("option transparent", "`server`"), ("option http_proxy", "`server`"), ("transparent", "`server`"),
            ("reqadd", "`http-request add-header`"), ("reqrep", "`http-request replace-path` or `replace-header`"), ("reqirep", "`http-request replace-path` or `replace-header`"), ("reqdel", "`http-request del-header`"), ("reqidel", "`http-request del-header`"),
            ("rspadd", "`http-response add-header`"), ("rspdel", "`http-response del-header`"), ("rspidel", "`http-response del-header`"), ("block", "`http-request deny`")])
        {
            yield return Refused(name, All, instead);
        }
    }
}

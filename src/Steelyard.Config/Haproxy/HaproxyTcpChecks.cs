using Steelyard.Config.Dialects;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Haproxy;

/// <summary>Checks that speak something else than HTTP: scripts of tcp-check, and what HAProxy knows of other protocols.</summary>
internal static class HaproxyTcpChecks
{
    // As much of an answer is read at all.
    private const int MostExpected = 65536;

    private const string Back = "DBL";

    // What HAProxy sends for each, and what it wants to hear, as it was seen to do.
    private const string SslHello = "16030000790100007503000000000048" + "4150524f585953534c43484b0a484150524f585953534c43484b0a00004e000100020003000400050006000700080009000a000b000c000d000e000f0010001100120013001400150016001700180019001a001b002f0030003100320033003400350036003700380039003a0100";

    private const string MySqlGreets = "^[\\s\\S]{4}[^\\xff]";
    private const string MySqlLetsIn = "^[\\s\\S]{4}[^\\xff][\\s\\S]*\\x00\\x00\\x02[^\\xff]";

    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        Done("option tcp-check", "", "Servers with `check` have to take a connection, and to answer what `tcp-check` says.", _ => []),
        Done("option redis-check", "", "Servers answer PING of Redis.", _ => [Send("*1\r\n$4\r\nPING\r\n"), Expect("+PONG\r\n")]),
        Done("option smtpchk", "[HELO|EHLO <name>]", "Servers greet by SMTP, answer HELO, and QUIT.", Smtp),
        Done("option ldap-check", "", "Servers answer a bind without a name by LDAP 3.", _ => [Send(FromHex("300c020101600702010304008000")), new() { Do = ProbeStepKind.ExpectHex, Text = "^30(84.{8}|82....|81..|..)02010161(84.{8}|82....|81..|..)0A0100" }]),
        Done("option mysql-check", "[user <name> [post-41|pre-41]]", "Servers greet as MySQL does, and let the user in.", MySql),
        Done("option pgsql-check", "user <name>", "Servers of PostgreSQL ask the user for a password, or let it in.", Postgres),
        Done("option ssl-hello-chk", "", "Servers answer a hello of SSL 3, if only by an alert. The time in it is 0.", _ => [Send(FromHex(SslHello)), new() { Do = ProbeStepKind.ExpectHex, Text = "^15|^16" }]),
        DirectiveRow<HaproxyUse>.Done("tcp-check connect", Back, "[default] [addr <address>] [port <port>] [ssl] [send-proxy] [linger] [comment <text>]", "A connection is opened, and the one before closed.", use => Add(use, Connect)),
        DirectiveRow<HaproxyUse>.Done("tcp-check send", Back, "<text> [comment <text>]", "Bytes are sent.", use => Add(use, ReadSend)),
        DirectiveRow<HaproxyUse>.Done("tcp-check send-binary", Back, "<hexadecimal digits> [comment <text>]", "The same.", use => Add(use, ReadSendBinary)),
        DirectiveRow<HaproxyUse>.Done("tcp-check expect", Back, "[min-recv <n>] [comment <text>] [!] string|rstring|binary|rbinary <pattern>", "What has to come, or with `!` must not; it is waited until it comes, or the time is over. With `min-recv` it is judged once so much has come.", use => Add(use, ReadExpect)),
        DirectiveRow<HaproxyUse>.Harmless("tcp-check comment", Back, "...", "It is for people."),
        .. ((string[])["tcp-check send-lf", "tcp-check send-binary-lf", "tcp-check set-var", "tcp-check set-var-fmt", "tcp-check unset-var"]).Select(name => DirectiveRow<HaproxyUse>.Refused(name, Back, "...", "`tcp-check send` with what is sent")),
        .. ((string[])["option external-check", "option spop-check"]).Select(name => DirectiveRow<HaproxyUse>.Refused(name, Back, "...", "`option tcp-check` with `tcp-check` lines, or `option httpchk`")),
    ];

    private static DirectiveRow<HaproxyUse> Done(string name, string arguments, string meaning, Func<HaproxyUse, IReadOnlyList<ProbeStep>?> read) =>
        DirectiveRow<HaproxyUse>.Done(name, Back, arguments, meaning, use =>
        {
            if (read(use) is not { } steps)
                return;
            use.Section.HttpCheck = use.Section.HttpCheck with { Option = null };

            // Lines of tcp-check count for option tcp-check alone.
            (use.Section.ServiceCheck, use.Section.ChecksByTcp) = (steps.Count == 0 ? null : steps.ToValueList(), steps.Count == 0);
        });

    private static void Add(HaproxyUse use, Func<HaproxyUse, ProbeStep?> read)
    {
        if (read(use) is { } step)
            (use.Section.TcpCheck, use.Section.InheritsTcpCheck) = ([.. use.Section.InheritsTcpCheck ? [] : use.Section.TcpCheck, step], false);
    }

    private static ProbeStep Send(string text) => new() { Text = text };

    private static ProbeStep Expect(string text) => new() { Do = ProbeStepKind.Expect, Text = text };

    private static ProbeStep Matches(string pattern) => new() { Do = ProbeStepKind.ExpectPattern, Text = pattern };

    private static string FromHex(string digits) => string.Concat(Convert.FromHexString(digits).Select(value => (char)value));

    private static IReadOnlyList<ProbeStep> Smtp(HaproxyUse use)
    {
        var (hello, name) = ("HELO", "localhost");
        if (use.Peek is "HELO" or "EHLO")
            hello = use.Take().Bytes;
        else if (use.HasMore)
            use.Take();
        if (use.HasMore)
            name = use.Take().Bytes;
        return [Matches("^2[0-9]{2}[ \\r]"), Send($"{hello} {name}\r\n"), Matches("^2[0-9]{2}[- \\r]"), Send("QUIT\r\n"), Matches("^2[0-9]{2}[- \\r]")];
    }

    private static IReadOnlyList<ProbeStep>? MySql(HaproxyUse use)
    {
        if (!use.HasMore)
            return [Matches(MySqlGreets)];
        if (!use.Take("user") || !use.TryTake("a user", out var user))
        {
            use.Problems.Error(use.Line, "'option mysql-check' without a user", "user <name>, or nothing");
            return null;
        }

        var old = use.Take("pre-41");
        if (!old)
            use.Take("post-41");

        // The length of a packet stands before it, and its number; then QUIT.
        var body = old ? "\x00\x80\x00\x00\x01" + user.Bytes + "\0\0" : "\x00\x82\x00\x00\x00\x80\x00\x01\x21" + new string('\0', 23) + user.Bytes + "\0\0";
        return [Send($"{(char)body.Length}\0\0\x01{body}\x01\0\0\0\x01"), Matches(MySqlLetsIn)];
    }

    private static IReadOnlyList<ProbeStep>? Postgres(HaproxyUse use)
    {
        if (!use.Take("user") || !use.TryTake("a user", out var user))
        {
            use.Problems.Error(use.Line, "'option pgsql-check' without a user", "user <name>");
            return null;
        }

        var body = $"\0\x03\0\0user\0{user.Bytes}\0\0";
        return [Send($"\0\0\0{(char)(body.Length + 4)}{body}"), new() { Do = ProbeStepKind.ExpectHex, Text = "^52000000..000000(00|02|03|04|05|06|07|09|0A)" }];
    }

    /// <summary>Reads how a connection is opened.</summary>
    public static ProbeStep? Connect(HaproxyUse use)
    {
        var step = new ProbeStep { Do = ProbeStepKind.Connect, Tls = false, ProxyProtocol = false };
        if (!use.HasMore)
            return step;
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "default":
                    step = step with { Tls = null, ProxyProtocol = null };
                    break;
                case "ssl":
                    step = step with { Tls = true };
                    break;
                case "send-proxy":
                    step = step with { ProxyProtocol = true };
                    break;
                case "port" when use.TryTakeNumber("a port", 1, 65535, out var port):
                    step = step with { Port = port };
                    break;
                case "addr" when use.TryTake("an address", out var at):
                    if (!System.Net.IPAddress.TryParse(at.Text, out _))
                    {
                        use.Error(at, $"{Shown.Quote(at.Text)} is no address that checks can go to", "an address of IPv4 or IPv6");
                        return null;
                    }

                    step = step with { Address = at.Text };
                    break;
                case "linger":
                    break;
                case "proto" when use.Peek == "h1":
                    use.Take();
                    break;
                case "alpn" when use.TryTake("names of protocols", out _):
                    break;
                case "sni" when use.TryTake("a name", out var name):
                    use.Problems.Warn(name.Place, "a check asks for the name over TLS that requests ask for, the server's own unless its line has another", "'sni str(NAME)' on the server's line");
                    break;
                case "comment" when use.TryTake("a text", out _):
                    break;
                case "port" or "comment" or "addr":
                    return null;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not done behind '{use.Directive}'", "default, addr, port, ssl, send-proxy or comment");
                    return null;
            }
        }

        return step;
    }

    private static ProbeStep? ReadSend(HaproxyUse use) => use.TryTake("what is sent", out var word) && EndsWithComment(use) ? Send(word.Bytes) : null;

    private static ProbeStep? ReadSendBinary(HaproxyUse use) => use.TryTake("hexadecimal digits", out var word) && EndsWithComment(use) && TryReadHex(word, use, out var bytes) ? Send(bytes) : null;

    private static bool TryReadHex(Word word, HaproxyUse use, out string bytes)
    {
        bytes = "";
        if (word.Text.Length is 0 or > 8192 || word.Text.Length % 2 != 0 || !word.Text.All(char.IsAsciiHexDigit))
        {
            use.Error(word, $"{Shown.Quote(word.Text)} are not bytes", "two hexadecimal digits for each byte");
            return false;
        }

        bytes = FromHex(word.Text);
        return true;
    }

    private static bool EndsWithComment(HaproxyUse use) => !use.Take("comment") || use.TryTake("a text", out _);

    private static ProbeStep? ReadExpect(HaproxyUse use)
    {
        var least = SkipWhatIsReported(use);
        var not = use.Take("!");
        if (!use.TryTake("string, rstring, binary or rbinary", out var kind) || !use.TryTake("what is expected", out var word))
            return null;
        var step = new ProbeStep { Text = word.Bytes, Not = not, Least = least };
        switch (kind.Text)
        {
            case "string":
                return step with { Do = ProbeStepKind.Expect };
            case "binary":
                return TryReadHex(word, use, out var bytes) ? step with { Do = ProbeStepKind.Expect, Text = bytes } : null;
            case "rstring" or "rbinary" when HealthTable.MistakeInPattern(word.Bytes) is { } mistake:
                use.Problems.Error(word.Place, mistake);
                return null;
            case "rstring":
                return step with { Do = ProbeStepKind.ExpectPattern };
            case "rbinary":
                return step with { Do = ProbeStepKind.ExpectHex };
            default:
                use.Error(kind, $"{Shown.Quote(kind.Text)} cannot be expected here", "string, rstring, binary or rbinary");
                return null;
        }
    }

    /// <summary>Skips what of an expectation is about reports of it.</summary>
    /// <returns>How much has to have come before it is judged; null for nothing.</returns>
    public static int? SkipWhatIsReported(HaproxyUse use)
    {
        int? least = null;
        while (use.Peek is "min-recv" or "comment" or "ok-status" or "error-status" or "tout-status" or "on-success" or "on-error" or "status-code")
        {
            if (use.Take().Text != "min-recv")
            {
                if (use.HasMore)
                    use.Take();
                continue;
            }

            if (!use.TryTake("a number of bytes", out var word))
                return null;
            if (word.Text != "-1" && !(int.TryParse(word.Text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var given) && given <= MostExpected))
                use.Error(word, $"{Shown.Quote(word.Text)} is not how much has to come", $"-1 to {MostExpected}");
            else
                least = word.Text == "-1" ? null : int.Parse(word.Text, System.Globalization.CultureInfo.InvariantCulture);
        }

        return least;
    }
}

using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>admin</c>.</summary>
internal static class AdminTable
{
    private static readonly Form<string> s_mode = Form.OfText(
        "permissions as chmod has them, such as 660",
        (string text, out string mode, out Mistake mistake) =>
        {
            mode = text;
            mistake = text.Length is 3 or 4 && text.All(digit => digit is >= '0' and <= '7') && (text.Length == 3 || text[0] == '0')
                ? default
                : new($"{Shown.Quote(text)} are no permissions", "three digits from 0 to 7, such as 660");
            return mistake.Message is null;
        });

    public static DirectiveTable<CommandSocketDraft> CommandSockets { get; } = new(
        "a socket for commands",
        "a mapping with 'address'",
        "Where HAProxy's commands are taken, such as `show stat` and `set server`, as scripts and tools for HAProxy send them.",
        [["address"]],
        [
            new Directive<CommandSocketDraft, Located<NetworkAddress>?>(
                "address",
                Form.Located(ScalarForms.BindAddress),
                "Where it listens: best a Unix socket or a loopback address, for nobody is asked who they are.",
                socket => socket.Address,
                (socket, value) => socket with { Address = value }),
            new Directive<CommandSocketDraft, CommandLevel>(
                "level",
                ScalarForms.OneOf([("user", CommandLevel.User, ""), ("operator", CommandLevel.Operator, ""), ("admin", CommandLevel.Admin, "")]),
                "What may be asked for: `user` looks at what does not tell of clients, `operator` at everything, `admin` changes what is served.",
                socket => socket.Level,
                (socket, value) => socket with { Level = value }),
            new Directive<CommandSocketDraft, string?>(
                "mode",
                Form.OrNull(s_mode),
                "The permissions of a Unix socket; `600` when left out.",
                socket => socket.Mode,
                (socket, value) => socket with { Mode = value }),
        ]);

    public static DirectiveTable<AdminDraft> Table { get; } = new(
        "'admin'",
        "an address such as 127.0.0.1:8404, none, or a mapping with 'address', 'token-file' and 'tls'",
        "The [admin API](admin.md), which commands such as `steelyard status` use too. `admin: 127.0.0.1:9000` is short for `{ address: 127.0.0.1:9000 }`; `none` is no API at all. When left out, it is on 127.0.0.1:8404 if that is free, and for the same user on a local socket in any case.",
        [],
        [
            new Directive<AdminDraft, Located<NetworkAddress>?>(
                "address",
                Form.Located(ScalarForms.BindAddress),
                "Where it listens. What other machines can reach needs a `token-file`.",
                admin => admin.Address,
                (admin, value) => admin with { Address = value }),
            new Directive<AdminDraft, string?>(
                "token-file",
                Form.OrNull(TlsTable.File),
                "The file whose first line is a token of at least 16 characters; requests over TCP then have to bring `Authorization: Bearer` with it.",
                admin => admin.TokenFile,
                (admin, value) => admin with { TokenFile = value }),
            new Directive<AdminDraft, Located<CertificateFiles>?>(
                "tls",
                Form.Located(TlsTable.CertificateForm()),
                "The certificate by which the API speaks TLS over TCP, with its key: a file that holds both, or a mapping as in `{ certificate: admin.pem, key: admin.key }`. Changed files are taken up within seconds. Commands believe it with `--ca`.",
                admin => admin.Tls,
                (admin, value) => admin with { Tls = value }),
            new Directive<AdminDraft, IReadOnlyList<CommandSocketDraft>>(
                "command-sockets",
                Form.ListOf("a list of sockets, such as [ { address: unix:/run/steelyard.sock, level: admin } ]", Form.Mapping(CommandSockets, mapping => new(mapping.Place))),
                "Sockets that take HAProxy's commands, see [command sockets](#admin-command-sockets) and [haproxy.cfg](haproxy.md#the-command-socket).",
                admin => admin.CommandSockets,
                (admin, value) => admin with { CommandSockets = value }),
            new Directive<AdminDraft, TimeSpan>(
                "command-timeout",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)),
                "How long somebody on such a socket may say nothing.",
                admin => admin.CommandTimeout,
                (admin, value) => admin with { CommandTimeout = value }),
        ]);

    /// <summary>What is written behind <c>admin</c>.</summary>
    public static Form<AdminDraft?> FileForm { get; } = new(
        Table.Accepts,
        (ProblemList problems, YamlNode node, out AdminDraft? value) =>
        {
            value = null;
            if (node is YamlText { Value: "none" })
                return true;
            if (node is YamlMapping mapping)
                value = Table.Read(problems, mapping, new());
            else if (node is not YamlText)
                return Form.RefuseKind(problems, node, Table.Accepts);
            else if (ScalarForms.BindAddress.Read(problems, node, out var address))
                value = new() { Address = new(address, node.Place) };
            else
                return false;
            return true;
        });
}

using Steelyard.Config.Drafts;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>admin</c>.</summary>
internal static class AdminTable
{
    public static DirectiveTable<AdminDraft> Table { get; } = new(
        "'admin'",
        "an address such as 127.0.0.1:8404, none, or a mapping with 'address' and 'token-file'",
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

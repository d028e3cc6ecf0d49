using System.Net;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>client-field</c> in a listener.</summary>
internal static class ClientFieldTable
{
    public static DirectiveTable<ClientFieldSettings> Table { get; } = new(
        "'client-field'",
        "a mapping with 'name' and 'from', as in { name: X-Real-IP, from: [ 10.0.0.0/8 ] }",
        "The client's address is what peers of these networks say in this field.",
        [["name"], ["from"]],
        [
            new Directive<ClientFieldSettings, string>(
                "name",
                HeaderTable.FieldName,
                "The field; the last line of it counts, and of several addresses the last.",
                field => field.Name,
                (field, value) => field with { Name = value }),
            new Directive<ClientFieldSettings, IReadOnlyList<IPNetwork>>(
                "from",
                Form.ListOf("a list of networks and addresses, such as [ 10.0.0.0/8, 127.0.0.1 ]", ScalarForms.Network, orOne: true),
                "The networks. Peers on Unix sockets count as 127.0.0.1.",
                field => [],
                (field, value) => field with { From = value.ToValueList() }),
            new Directive<ClientFieldSettings, bool>(
                "recursive",
                ScalarForms.Switch,
                "Whether addresses that are of these networks themselves are passed over, from the last on.",
                field => field.Recursive,
                (field, value) => field with { Recursive = value }),
        ]);
}

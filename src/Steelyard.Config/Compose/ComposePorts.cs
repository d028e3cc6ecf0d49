using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>A port of a service that is reached from outside.</summary>
/// <param name="Address">Where clients connect.</param>
/// <param name="Target">The port that the service listens on, in its container.</param>
/// <param name="IsTcp">Whether what passes is no HTTP.</param>
/// <param name="Place">Where it is written.</param>
internal readonly record struct PublishedPort(NetworkAddress Address, int Target, bool IsTcp, Place Place);

/// <summary>Reads <c>ports</c> of a service, short and long.</summary>
internal static class ComposePorts
{
    private const string Short = "[address:][port:]port, as in \"80:3000\"";
    private const int MostPorts = 1000;

    public static void Read(KeyUse<ComposeService> use)
    {
        if (use.Value is not YamlList list)
        {
            use.Refuse("a list");
            return;
        }

        foreach (var item in list.Items)
        {
            if (item is YamlText text)
                ReadShort(use, text);
            else if (item is YamlMapping mapping)
                ReadLong(use, mapping);
            else
                use.Refuse(item, Short);
        }
    }

    private static void ReadShort(KeyUse<ComposeService> use, YamlText text)
    {
        var written = text.Value;
        var slash = written.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? "tcp" : written[(slash + 1)..];
        if (protocol != "tcp")
        {
            RefuseProtocol(use, text, protocol);
            return;
        }

        var parts = slash < 0 ? written : written[..slash];
        var colon = parts.LastIndexOf(':');
        var (outside, target) = colon < 0 ? ("", parts) : (parts[..colon], parts[(colon + 1)..]);
        var hostColon = outside.LastIndexOf(':');
        var (host, published) = hostColon < 0 ? ("", outside) : (outside[..hostColon].Trim('[', ']'), outside[(hostColon + 1)..]);
        if (!TryRange(target, out var targets) || !TryRange(published, out var ports) || (hostColon >= 0 && !IPAddress.TryParse(host, out _)))
        {
            use.Refuse(text, Short);
            return;
        }

        if (ports.Count > 1 && ports.Count != targets.Count)
        {
            use.Problems.Error(text.Place, $"{Shown.Quote(written)} is a choice of ports", "one port, or as many as there are behind the colon");
            return;
        }

        for (var i = 0; i < targets.Count; i++)
            use.Target.Publish(new(AddressOf(host, ports.Count == 0 ? 0 : ports[i]), targets[i], IsTcp: false, text.Place));
    }

    private static void ReadLong(KeyUse<ComposeService> use, YamlMapping mapping)
    {
        var draft = new LongPort();
        var errors = use.Problems.ErrorCount;
        s_long.Read(mapping, draft, use.Problems);
        if (use.Problems.ErrorCount > errors)
            return;
        if (draft.Target is not { } target)
            use.Problems.Error(mapping.Place, "a port without 'target'", "the port that the service listens on");
        else
            use.Target.Publish(new(AddressOf(draft.Host, draft.Published), target, draft.IsTcp, mapping.Place));
    }

    private sealed class LongPort
    {
        public int? Target { get; set; }

        public int Published { get; set; }

        public string Host { get; set; } = "";

        public bool IsTcp { get; set; }
    }

    private static readonly KeyRows<LongPort> s_long = new(
        [
            KeyRow<LongPort>.Done("target", "port", "The port that the service listens on.", use => use.Target.Target = use.TryNumber(1, 65535, out var port) ? port : null),
            KeyRow<LongPort>.Done("published", "port", "The port that clients connect to.", use => use.Target.Published = use.TryNumber(0, 65535, out var port) ? port : 0),
            KeyRow<LongPort>.Done("host_ip", "address", "The address that they do.", ReadHost),
            KeyRow<LongPort>.Done("protocol", "tcp", "What is spoken.", ReadProtocol),
            KeyRow<LongPort>.Done("app_protocol", "http, or tcp", "Whether requests are balanced, or connections.", use => use.Target.IsTcp = use.TryText("http, or tcp", out var text) && text == "tcp"),
            KeyRow<LongPort>.Done("name", "text", "A name for people.", static _ => { }),
            KeyRow<LongPort>.Harmless("mode", "There is one machine."),
        ],
        unknownIsError: true);

    /// <summary>The keys of a port, written long.</summary>
    public static IReadOnlyList<(string Name, string Values, string Meaning)> LongKeys => [.. s_long.Rows.Where(row => row.Support == DirectiveSupport.Done).Select(row => (row.Name, row.Values, row.Meaning))];

    private static void ReadHost(KeyUse<LongPort> use)
    {
        if (use.TryText("an address", out var text) && IPAddress.TryParse(text, out _))
            use.Target.Host = text;
        else
            use.Refuse("an address");
    }

    private static void ReadProtocol(KeyUse<LongPort> use)
    {
        if (use.Value is not YamlText { Value: "tcp" })
            RefuseProtocol(use, use.Value, (use.Value as YamlText)?.Value ?? "");
    }

    private static void RefuseProtocol<T>(KeyUse<T> use, YamlNode node, string protocol) =>
        use.Problems.Error(node.Place, $"{Shown.Quote(protocol)} is not balanced here", "tcp; a program that speaks UDP binds its port itself");

    private static NetworkAddress AddressOf(string host, int port) =>
        NetworkAddress.ForHost(IPAddress.TryParse(host, out var address) && (address.Equals(IPAddress.IPv6Any) || (address.Equals(IPAddress.Any) && address.AddressFamily == AddressFamily.InterNetwork)) ? "" : host, port);

    private static bool TryRange(string text, out List<int> ports)
    {
        ports = [];
        if (text.Length == 0)
            return true;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (!TryPort(dash < 0 ? text : text[..dash], out var first) || !TryPort(dash < 0 ? text : text[(dash + 1)..], out var last) || last < first || last - first >= MostPorts)
            return false;
        ports.AddRange(Enumerable.Range(first, last - first + 1));
        return true;
    }

    private static bool TryPort(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
}

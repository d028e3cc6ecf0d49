using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>agent</c> in a pool.</summary>
internal static class AgentTable
{
    private static readonly TimeSpan s_most = TimeSpan.FromHours(24);

    private static readonly Form<string> s_send = Form.OfText(
        "a text in ASCII",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            var fits = text.Length <= 256 && text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;
            mistake = fits ? default : new($"{Shown.Quote(text)} cannot be sent to an agent", @"up to 256 characters of ASCII, \n for the end of a line");
            return fits;
        },
        text => text);

    /// <summary>The port of agents.</summary>
    public static Form<int?> Port { get; } = PortFrom(1);

    /// <summary>The port of a server's agent; 0 for none.</summary>
    public static Form<int?> PortOfServer { get; } = PortFrom(0);

    private static Form<int?> PortFrom(int least) => new(
        ScalarForms.Number(least, 65535).Accepts,
        (ProblemList problems, YamlNode node, out int? value) =>
        {
            var read = ScalarForms.Number(least, 65535).Read(problems, node, out var plain);
            value = read ? plain : null;
            return read;
        },
        port => port is { } plain ? ScalarForms.Number(least, 65535).Write!(plain) : null!);

    public static DirectiveTable<AgentSettings> Table { get; } = new(
        "'agent'",
        "a port, or a mapping, as in { port: 9777, interval: 5s }",
        "An agent beside each server that says in a line of text how much it can do, as HAProxy's `agent-check`: `75%`, `weight:50`, `up`, `down`, `fail`, `stopped`, `drain`, `maint`, `ready`. A number is short for `{ port: NUMBER }`. More in [Health](health.md#told-agent).",
        [],
        [
            new Directive<AgentSettings, int?>(
                "port",
                Port,
                "The port to ask at, at the address of the server; left out where each server has its `agent-port`.",
                agent => agent.Port,
                (agent, value) => agent with { Port = value }),
            new Directive<AgentSettings, string>(
                "send",
                s_send,
                @"What is sent first; `\n` ends a line.",
                agent => agent.Send,
                (agent, value) => agent with { Send = value }),
            new Directive<AgentSettings, TimeSpan>(
                "interval",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(10), s_most),
                "From the end of a question to the next.",
                agent => agent.Interval,
                (agent, value) => agent with { Interval = value }),
            new Directive<AgentSettings, TimeSpan>(
                "timeout",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(1), s_most),
                "How long an answer may take. An agent that cannot be asked changes nothing.",
                agent => agent.Timeout,
                (agent, value) => agent with { Timeout = value }),
        ]);

    /// <summary>What is written behind <c>agent</c>.</summary>
    public static Form<Located<AgentSettings>?> PoolForm { get; } = Form.Located(
        Form.MappingOrText(Table, () => new(), ScalarForms.Number(1, 65535), port => new AgentSettings { Port = port }));
}

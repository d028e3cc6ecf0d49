using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of a step of <c>script</c> in health.</summary>
internal static class ProbeStepTable
{
    private const int MostSteps = 64;

    private static readonly Form<string> s_bytes = Form.OfText(
        "a text whose characters are bytes",
        (string text, out string value, out Mistake mistake) =>
        {
            (value, mistake) = (text, text.Length is 0 or > 4096 || text.Any(letter => letter > 0xff) ? new("this is not what can be sent or expected", "1 to 4096 characters up to U+00FF, each a byte, such as \"PING\\r\\n\"") : default);
            return mistake.Message is null;
        },
        YamlValues.Scalar);

    private static readonly Form<bool?> s_switch = HealthTable.OrNull(ScalarForms.Switch);

    public static DirectiveTable<ProbeStep> Table { get; } = new(
        "a step of 'script'",
        "a mapping with 'do', as in { do: send, text: \"PING\\r\\n\" }",
        "One thing that is said to a server or expected of it (HAProxy: `tcp-check`). A connection is opened before the first step that is another.",
        [["do"]],
        [
            new Directive<ProbeStep, ProbeStepKind>(
                "do",
                ScalarForms.OneOf([("send", ProbeStepKind.Send, ""), ("expect", ProbeStepKind.Expect, ""), ("expect-pattern", ProbeStepKind.ExpectPattern, ""), ("expect-hex", ProbeStepKind.ExpectHex, ""), ("connect", ProbeStepKind.Connect, ""), ("request", ProbeStepKind.Request, ""), ("expect-status", ProbeStepKind.ExpectStatus, ""), ("expect-head", ProbeStepKind.ExpectHead, "")]),
                "`send` sends bytes and forgets what came before; `expect` waits until they have come; `expect-pattern` until an expression of .NET matches in what has come, read as Latin-1, and `expect-hex` in its hexadecimal digits in upper case; `connect` opens a connection anew. `request` asks by HTTP/1.1, with method and path in the first line of its text, a field in each further one and a body behind an empty one, and reads the head of the answer: `expect-status` is about that, `expect-head` is an expression of .NET about its fields, a line `name: value` for each with the name in small letters, and what else is expected is about its body.",
                step => step.Do,
                (step, value) => step with { Do = value }),
            new Directive<ProbeStep, string>("text", s_bytes, "What is sent or expected, each character a byte; or the expression.", step => step.Text, (step, value) => step with { Text = value }),
            new Directive<ProbeStep, bool>("not", ScalarForms.Switch, "Whether it must not come instead; then the check waits until the server has ended the connection, or the body of its answer.", step => step.Not, (step, value) => step with { Not = value }),
            new Directive<ProbeStep, int?>("least", HealthTable.OrNull(ScalarForms.Number(0, 65536)), "How many bytes have to have come before it is judged, once and for all; when left out it is waited until it has come, or the end is there.", step => step.Least, (step, value) => step with { Least = value }),
            new Directive<ProbeStep, ValueList<StatusRange>>("status", HealthTable.StatusList, "The statuses that are expected: `200`, `2xx`, `200-204`, or a list of such.", step => step.Statuses, (step, value) => step with { Statuses = value }),
            new Directive<ProbeStep, string?>("address", HealthTable.Address, "The address of a connection, without a port; that of the check when left out.", step => step.Address, (step, value) => step with { Address = value }),
            new Directive<ProbeStep, int?>("port", AgentTable.Port, "The port of a connection; that of the check when left out.", step => step.Port, (step, value) => step with { Port = value }),
            new Directive<ProbeStep, bool?>("tls", s_switch, "Whether a connection speaks TLS; as the check when left out.", step => step.Tls, (step, value) => step with { Tls = value }),
            new Directive<ProbeStep, bool?>("proxy-protocol", s_switch, "Whether a connection begins with a PROXY header; as for requests when left out.", step => step.ProxyProtocol, (step, value) => step with { ProxyProtocol = value }),
        ]);

    private static readonly Form<IReadOnlyList<ProbeStep>> s_steps = Form.ListOf("a list of steps, such as [ { do: send, text: \"PING\\r\\n\" }, { do: expect, text: +PONG } ]", Form.Mapping(Table, _ => new ProbeStep()));

    /// <summary>What is written behind <c>script</c>.</summary>
    public static Form<ValueList<ProbeStep>> Steps { get; } = new(
        s_steps.Accepts,
        (ProblemList problems, YamlNode node, out ValueList<ProbeStep> value) =>
        {
            var read = s_steps.Read(problems, node, out var list);
            value = read ? list.ToValueList() : default;
            if (read && list.Count > MostSteps)
                problems.Error(node.Place, $"a script of {list.Count} steps", $"at most {MostSteps}");
            foreach (var step in value)
            {
                if (step.Do is ProbeStepKind.ExpectPattern or ProbeStepKind.ExpectHex or ProbeStepKind.ExpectHead && HealthTable.MistakeInPattern(step.Text) is { } mistake)
                    problems.Error(node.Place, mistake);
                else if (step.Do == ProbeStepKind.Request && !ProbeRequest.TryParse(step.Text, out _, out var unasked))
                    problems.Error(node.Place, unasked);
                else if (MistakeIn(step) is { } wrong)
                    problems.Error(node.Place, wrong);
            }

            return read;
        },
        steps => $"[{string.Join(", ", steps.Select(step => $"{{ do: {WordOf(step.Do)}{string.Concat(YamlValues.Parts(Table, step with { Do = default }, new()).Select(part => ", " + part))} }}"))}]");

    private static Mistake? MistakeIn(ProbeStep step)
    {
        if (step.Least is not null && step.Do is not (ProbeStepKind.Expect or ProbeStepKind.ExpectPattern or ProbeStepKind.ExpectHex))
            return new Mistake("'least' of a step that waits for no bytes", "'least' for 'expect', 'expect-pattern' and 'expect-hex'");
        var ofConnection = step.Port is not null || step.Address is not null || step.Tls is not null || step.ProxyProtocol is not null;
        return step.Do switch
        {
            ProbeStepKind.Connect => step.Text.Length > 0 || step.Not || step.Statuses.Count > 0 ? new Mistake("a connection with a 'text'", "'text' for all but 'connect'") : null,
            ProbeStepKind.ExpectStatus => step.Text.Length > 0 || step.Statuses.Count == 0 || ofConnection ? new Mistake("'expect-status' without 'status'", "such as { do: expect-status, status: 2xx }") : null,
            _ => step.Text.Length == 0 || step.Statuses.Count > 0 || ofConnection ? new Mistake("a step that has no 'text', or says something of a connection", "'text' for all but 'connect'") : null,
        };
    }

    private static string WordOf(ProbeStepKind kind) => kind switch
    {
        ProbeStepKind.Send => "send",
        ProbeStepKind.Expect => "expect",
        ProbeStepKind.ExpectPattern => "expect-pattern",
        ProbeStepKind.ExpectHex => "expect-hex",
        ProbeStepKind.Request => "request",
        ProbeStepKind.ExpectStatus => "expect-status",
        ProbeStepKind.ExpectHead => "expect-head",
        _ => "connect",
    };
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Explain;

namespace Steelyard.Commands;

/// <summary><c>steelyard explain</c>: the way of a request, without sending it.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var source = ConfigurationArgument.Create();
        var request = new Option<string>("--request", "-r") { Description = "The request: method and URL, or a URL alone.", HelpName = "'GET http://host/path'", Required = true };
        var fields = new Option<QuestionField[]>("--header", "-H") { Description = "A field of the request. May be given several times.", HelpName = "'Name: value'", CustomParser = ReadFields };
        var from = new Option<IPAddress>("--from") { Description = "The address it comes from.", HelpName = "ADDRESS", CustomParser = ReadAddress, DefaultValueFactory = _ => IPAddress.Loopback };
        var listener = new Option<NetworkAddress?>("--listener") { Description = "The listener it comes to, by one of its addresses; else the one that the URL's port belongs to.", HelpName = "ADDRESS", CustomParser = ReadListener };
        var repeat = new Option<int>("--repeat", "-n") { Description = "How many times it is asked, and shows how the requests fall on the servers: 1 to 1000000.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var seed = new Option<ulong>("--seed") { Description = "What lots are drawn from.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("explain", "Says what would become of a request: listener, route, pool, candidates, choice. Nothing is sent.") { source, request, fields, from, listener, repeat, seed, json };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(source),
            new Question
            {
                Request = parsed.GetRequiredValue(request),
                Fields = [.. parsed.GetValue(fields) ?? []],
                From = parsed.GetRequiredValue(from),
                Listener = parsed.GetValue(listener),
                Repeat = parsed.GetValue(repeat),
                Time = DateTimeOffset.UtcNow,
                Seed = parsed.GetValue(seed),
            },
            parsed.GetValue(json)));
        CommandLine.WithExamples(command,
            "steelyard explain --request 'GET http://example.com/api/users'",
            "steelyard explain site.yaml -r 'POST http://example.com/login' -H 'Cookie: a=b' --from 203.0.113.7",
            "steelyard explain -r http://example.com/ --repeat 1000      how a thousand of them fall on the servers",
            "steelyard explain -r http://example.com/ --json | jq .pools");
        return command;
    }

    private static int Run(string fileOrFolder, Question question, bool json)
    {
        if (ConfigurationArgument.TryRead("explain", fileOrFolder) is not { } configuration)
            return CommandLine.Failure;
        if (configuration.Result.Snapshot is not { } snapshot)
        {
            configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
            return CommandLine.Failure;
        }

        try
        {
            Print(ExplainReports.Of(question, Explainer.Of(snapshot).Explain(question)), question.Repeat, json);
            return CommandLine.Success;
        }
        catch (QuestionException fault)
        {
            Console.Error.WriteLine($"steelyard explain: {fault.Message}");
            return CommandLine.Misuse;
        }
    }

    private static void Print(ExplainReport report, int repeat, bool json)
    {
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, ExplainJson.Default.ExplainReport));
        else
            ExplainPrinter.Print(Console.Out, report, repeat);
    }

    private static QuestionField[]? ReadFields(ArgumentResult result)
    {
        var fields = new List<QuestionField>();
        foreach (var token in result.Tokens)
        {
            var colon = token.Value.IndexOf(':');
            if (colon > 0)
                fields.Add(new(token.Value[..colon], token.Value[(colon + 1)..].Trim()));
            else
                result.AddError($"'{token.Value}' is not a field; expected 'Name: value'");
        }

        return [.. fields];
    }

    private static IPAddress ReadAddress(ArgumentResult result)
    {
        if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
            return address;
        result.AddError($"'{result.Tokens[0].Value}' is not an address; expected one such as 203.0.113.7 or 2001:db8::7");
        return IPAddress.None;
    }

    private static NetworkAddress? ReadListener(ArgumentResult result)
    {
        if (NetworkAddress.TryParse(result.Tokens[0].Value, out var address, out var expected))
            return address;
        result.AddError($"'{result.Tokens[0].Value}' is not an address; expected {expected}");
        return null;
    }
}

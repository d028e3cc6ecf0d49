using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Explain;

namespace Steelyard.Commands;

/// <summary><c>steelyard explain</c>: the way of a request, without sending it.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var instance = new RunningInstance();
        var live = new Option<bool>("--live") { Description = "Ask the running 'steelyard up' of the configuration instead of the file: with the health of the servers, what they have to do, and what operators have changed. So does --admin." };
        var request = new Option<string>("--request", "-r") { Description = "The request: method and URL, or a URL alone.", HelpName = "'GET http://host/path'", Required = true };
        var fields = new Option<QuestionField[]>("--header", "-H") { Description = "A field of the request. May be given several times.", HelpName = "'Name: value'", CustomParser = ReadFields };
        var from = new Option<IPAddress>("--from") { Description = "The address it comes from.", HelpName = "ADDRESS", CustomParser = ReadAddress, DefaultValueFactory = _ => IPAddress.Loopback };
        var listener = new Option<NetworkAddress?>("--listener") { Description = "The listener it comes to, by one of its addresses; else the one that the URL's port belongs to.", HelpName = "ADDRESS", CustomParser = ReadListener };
        var repeat = WholeNumber.Option("--repeat", "-n", least: 1, most: 1_000_000, otherwise: 1);
        repeat.Description = "How many times it is asked, and shows how the requests fall on the servers: 1 to 1000000.";
        var seed = WholeNumber.Option("--seed", alias: null, ulong.MinValue, ulong.MaxValue, otherwise: 1);
        seed.Description = "What lots are drawn from.";
        var command = new Command("explain", "Says what would become of a request: listener, route, pool, candidates, choice. Nothing is sent.") { request, fields, from, listener, repeat, seed, live };
        instance.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            var question = new Question
            {
                Request = parsed.GetRequiredValue(request),
                Fields = [.. parsed.GetValue(fields) ?? []],
                From = parsed.GetRequiredValue(from),
                Listener = parsed.GetValue(listener),
                Repeat = parsed.GetValue(repeat),
                Time = DateTimeOffset.UtcNow,
                Seed = parsed.GetValue(seed),
            };
            return parsed.GetValue(live) || instance.HasAddress(parsed)
                ? instance.RunAsync(parsed, "explain", connection => AskAsync(connection, question, instance.WantsJson(parsed)))
                : Task.FromResult(Run(instance.Source(parsed) ?? ".", question, instance.WantsJson(parsed)));
        });
        CommandLine.WithExamples(command,
            "steelyard explain --request 'GET http://example.com/api/users'",
            "steelyard explain site.yaml -r 'POST http://example.com/login' -H 'Cookie: a=b' --from 203.0.113.7",
            "steelyard explain -r http://example.com/ --repeat 1000      how a thousand of them fall on the servers",
            "steelyard explain -r http://example.com/ --live              by what the running 'steelyard up' knows now",
            "steelyard explain -r http://example.com/ --json | jq .pools");
        return command;
    }

    private static async Task AskAsync(AdminConnection connection, Question question, bool json)
    {
        var answer = await connection.AskAsync("POST", "/api/explain", JsonSerializer.Serialize(ExplainBody.Of(question), AdminJson.Readable.ExplainBody));
        if (json)
            Console.Write(answer);
        else
            ExplainPrinter.Print(Console.Out, connection.Read(answer, AdminJson.Readable.ExplainReport), question.Repeat);
    }

    private static int Run(string fileOrFolder, Question question, bool json)
    {
        if (ConfigurationArgument.TryRead("explain", fileOrFolder, json: json) is not { } configuration)
            return CommandLine.Failure;
        if (configuration.Result.Snapshot is not { } snapshot)
        {
            configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
            if (json)
                CommandLine.WriteProblem(configuration.Summary, configuration.ProblemLines);
            return CommandLine.Failure;
        }

        try
        {
            Print(ExplainReports.Of(question, Explainer.Of(snapshot, configuration.Folder).Explain(question)), question.Repeat, json);
            return CommandLine.Success;
        }
        catch (QuestionException fault)
        {
            _ = CommandLine.Fail("explain", fault.Message, json);
            return CommandLine.Misuse;
        }
    }

    private static void Print(ExplainReport report, int repeat, bool json)
    {
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, AdminJson.Readable.ExplainReport));
        else
            ExplainPrinter.Print(Console.Out, report, repeat);
    }

    private static QuestionField[]? ReadFields(ArgumentResult result)
    {
        var fields = new List<QuestionField>();
        foreach (var token in result.Tokens)
        {
            if (ExplainBody.TryReadField(token.Value) is { } field)
                fields.Add(field);
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

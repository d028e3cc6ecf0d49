using System.CommandLine;
using System.Globalization;
using Steelyard.Admin;

namespace Steelyard.Commands;

/// <summary>The commands that ask the admin API of a running <c>steelyard up</c>, and steer it.</summary>
internal static class AdminCommands
{
    private const string ServerHelp = "POOL/SERVER";

    public static IEnumerable<Command> All()
    {
        yield return Status();
        yield return HealthCheck();
        yield return State("drain", "drain", "Gives a server no new requests; those it has may end.",
            "steelyard drain web/10.0.0.2:3000", "steelyard drain web/2                the second server of the pool web, in the order of the file");
        yield return State("ready", "ready", "Lets a server have requests again after 'drain' or 'maint'.", "steelyard ready web/2");
        yield return State("maint", "maintenance", "Takes a server out of use.", "steelyard maint web/2");
        yield return Weight();
        yield return Limit();
        yield return Add();
        yield return Remove();
        yield return Breaker();
        yield return Errors();
        yield return Connections();
        yield return ApiCommand.Create();
    }

    private static Command HealthCheck()
    {
        var instance = new RunningInstance();
        var command = instance.AddTo(new Command("healthcheck", "Says by its exit status whether the engine of the running 'steelyard up' answers, as containers are asked."));
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "healthcheck", async connection =>
        {
            var answer = await connection.AskAsync("GET", "/api/version");
            if (instance.WantsJson(parsed))
                Console.Write(answer);
        }));
        CommandLine.WithExamples(command, "steelyard healthcheck && echo well", "HEALTHCHECK CMD [\"steelyard\", \"healthcheck\"]            in a Dockerfile");
        return command;
    }

    private static Command Limit()
    {
        var (instance, server) = (new RunningInstance(), ServerArgument());
        var limit = new Argument<string>("N") { Description = "How many requests it may have at once: 1 to 1000000, or 'file' for what the configuration says." };
        limit.Validators.Add(result =>
        {
            var text = result.Tokens[0].Value;
            if (text != "file" && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 1_000_000))
                result.AddError($"'{text}' is no limit; expected 1 to 1000000, or 'file'");
        });
        var command = instance.AddTo(new Command("limit", "Sets how many requests a server may have at once; the others wait.") { server, limit });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "limit", connection =>
            ChangeAsync(connection, instance.WantsJson(parsed), parsed.GetRequiredValue(server), "limit", $"{{\"limit\":{(parsed.GetRequiredValue(limit) == "file" ? "null" : parsed.GetRequiredValue(limit))}}}")));
        CommandLine.WithExamples(command, "steelyard limit web/2 50", "steelyard limit web/2 file           what the configuration says");
        return command;
    }

    private static Command Add()
    {
        var (instance, server) = (new RunningInstance(), ServerArgument());
        server.Description = "The pool, and the address of the server.";
        var command = instance.AddTo(new Command("add", "Puts a server into a pool, until the running 'steelyard up' ends.") { server });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "add", async connection =>
        {
            var (pool, address) = Split(parsed.GetRequiredValue(server));
            var body = $"{{\"address\":\"{PlainText.Of(address)}\"}}";
            Show(connection, instance.WantsJson(parsed), await connection.AskAsync("POST", $"/api/pools/{Uri.EscapeDataString(pool)}/servers", body));
        }));
        CommandLine.WithExamples(command, "steelyard add web/10.0.0.4:3000", "steelyard add web/10.0.0.4:3000 && steelyard weight web/10.0.0.4:3000 5");
        return command;
    }

    private static Command Remove()
    {
        var (instance, server) = (new RunningInstance(), ServerArgument());
        var command = instance.AddTo(new Command("remove", "Takes a server out of its pool, until it is added again or the running 'steelyard up' ends. What it has in flight ends.") { server });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "remove", async connection =>
        {
            var (pool, name) = Split(parsed.GetRequiredValue(server));
            var path = $"/api/pools/{Uri.EscapeDataString(pool)}/servers/{Uri.EscapeDataString(name)}";

            // By a number another one is meant as soon as this one has gone.
            var address = (await connection.GetAsync(path, AdminJson.Readable.ServerView)).Address;
            var answer = await connection.AskAsync("DELETE", $"/api/pools/{Uri.EscapeDataString(pool)}/servers/{Uri.EscapeDataString(address)}");
            Console.Write(instance.WantsJson(parsed) ? answer : $"{address} is not in {pool} any more\n");
        }));
        CommandLine.WithExamples(command, "steelyard remove web/10.0.0.4:3000", "steelyard remove web/2");
        return command;
    }

    private static Command Breaker()
    {
        var instance = new RunningInstance();
        var pool = new Argument<string>("POOL") { Description = "The pool.", HelpName = "POOL" };
        pool.CompletionSources.Add(_ => LiveNames.Pools());
        var hold = new Argument<string>("open|closed|auto") { Description = "open: nothing passes; closed: everything does; auto: it does its work." };
        hold.AcceptOnlyFromAmong("open", "closed", "auto");
        var command = instance.AddTo(new Command("breaker", "Holds the breakers of a pool and of its servers open or closed, or lets them do their work.") { pool, hold });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "breaker", async connection =>
        {
            var (name, wanted) = (parsed.GetRequiredValue(pool), parsed.GetRequiredValue(hold));
            var answer = await connection.AskAsync("PUT", $"/api/pools/{Uri.EscapeDataString(name)}/breaker", $"{{\"hold\":\"{(wanted == "auto" ? "none" : wanted)}\"}}");
            if (instance.WantsJson(parsed))
            {
                Console.Write(answer);
                return;
            }

            foreach (var breaker in connection.Read(answer, AdminJson.Readable.BreakerViewArray))
                Console.WriteLine($"the breaker of {(breaker.Server is null ? breaker.Pool : $"{breaker.Server} of {breaker.Pool}")} is {breaker.State}{(breaker.Hold == "none" ? "" : ", held")}");
        }));
        CommandLine.WithExamples(command, "steelyard breaker web open           clients get the fallback, or 503, at once", "steelyard breaker web auto");
        return command;
    }

    private static Command Connections()
    {
        var instance = new RunningInstance();
        var command = instance.AddTo(new Command("connections", "Shows the clients' connections of this moment, with the requests under way."));
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "connections", async connection =>
        {
            var answer = await connection.AskAsync("GET", "/api/connections");
            if (instance.WantsJson(parsed))
                Console.Write(answer);
            else
                ConnectionTable.Write(Terminal.Output(), connection.Read(answer, AdminJson.Readable.ConnectionViewArray));
        }));
        CommandLine.WithExamples(command, "steelyard connections", "steelyard connections --json | jq -r '.[].client' | sort | uniq -c | sort -n");
        return command;
    }

    private static Command Status()
    {
        var instance = new RunningInstance();
        var all = new Option<bool>("--all") { Description = "Show every server, also of large pools." };
        var command = instance.AddTo(new Command("status", "Shows what the running 'steelyard up' of a configuration does: listeners, pools, servers.") { all });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "status", async connection =>
        {
            var answer = await connection.AskAsync("GET", "/api/status");
            if (instance.WantsJson(parsed))
                Console.Write(answer);
            else
                StatusTable.Write(Terminal.Output(), connection.Read(answer, AdminJson.Readable.StatusView), parsed.GetValue(all));
        }));
        CommandLine.WithExamples(command,
            "steelyard status                     the one that serves the steelyard.yaml of this folder, or the only one there is",
            "steelyard status --admin 127.0.0.1:8404",
            "steelyard status --json | jq '.pools[].members[] | select(.state != \"up\")'");
        return command;
    }

    private static Command State(string name, string state, string description, params string[] examples)
    {
        var (instance, server) = (new RunningInstance(), ServerArgument());
        var command = instance.AddTo(new Command(name, description) { server });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, name, connection =>
            ChangeAsync(connection, instance.WantsJson(parsed), parsed.GetRequiredValue(server), "state", $"{{\"state\":\"{state}\"}}")));
        CommandLine.WithExamples(command, examples);
        return command;
    }

    private static Command Weight()
    {
        var (instance, server) = (new RunningInstance(), ServerArgument());
        var weight = new Argument<string>("WEIGHT") { Description = "0 to 256, or 'file' for what the configuration says." };
        weight.Validators.Add(result =>
        {
            var text = result.Tokens[0].Value;
            if (text != "file" && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 256))
                result.AddError($"'{text}' is no weight; expected 0 to 256, or 'file'");
        });
        var command = instance.AddTo(new Command("weight", "Sets the share of a server against the others' weights.") { server, weight });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "weight", connection =>
        {
            var wanted = parsed.GetRequiredValue(weight);
            return ChangeAsync(connection, instance.WantsJson(parsed), parsed.GetRequiredValue(server), "weight", $"{{\"weight\":{(wanted == "file" ? "null" : wanted)}}}");
        }));
        CommandLine.WithExamples(command, "steelyard weight web/2 10", "steelyard weight web/2 0              no new requests", "steelyard weight web/2 file           what the configuration says");
        return command;
    }

    private static Command Errors()
    {
        var instance = new RunningInstance();
        var command = instance.AddTo(new Command("errors", "Shows the last requests that were answered with an error or broken off."));
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "errors", async connection =>
        {
            var answer = await connection.AskAsync("GET", "/api/errors");
            if (instance.WantsJson(parsed))
                Console.Write(answer);
            else
                ErrorTable.Write(Terminal.Output(), connection.Read(answer, AdminJson.Readable.ErrorViewArray), DateTimeOffset.UtcNow);
        }));
        CommandLine.WithExamples(command, "steelyard errors", "steelyard errors --json | jq -r '.[].cause' | sort | uniq -c");
        return command;
    }

    private static Argument<string> ServerArgument()
    {
        var server = new Argument<string>(ServerHelp) { HelpName = ServerHelp, Description = "A server: its pool, and its name, its address or its number there." };
        server.CompletionSources.Add(_ => LiveNames.Servers());
        server.Validators.Add(result =>
        {
            var text = result.Tokens[0].Value;
            if (text.IndexOf('/') is not (var slash and > 0) || slash == text.Length - 1)
                result.AddError($"'{text}' names no server; expected pool and server, such as web/10.0.0.2:3000 or web/2");
        });
        return server;
    }

    private static async Task ChangeAsync(AdminConnection connection, bool json, string name, string setting, string body)
    {
        var (pool, server) = Split(name);
        Show(connection, json, await connection.AskAsync("PUT", $"/api/pools/{Uri.EscapeDataString(pool)}/servers/{Uri.EscapeDataString(server)}/{setting}", body));
    }

    private static (string Pool, string Server) Split(string name) => (name[..name.IndexOf('/')], name[(name.IndexOf('/') + 1)..]);

    private static void Show(AdminConnection connection, bool json, string answer)
    {
        if (json)
        {
            Console.Write(answer);
            return;
        }

        var now = connection.Read(answer, AdminJson.Readable.ServerView);
        Console.WriteLine($"{now.Address} of {now.Pool}: {now.State}, weight {now.Weight}{(now.LiveWeight is null ? "" : $" (the file says {now.ConfiguredWeight})")}, {now.Active}{(now.Limit is null ? "" : $" of {now.Limit}")} active");
    }
}

using System.CommandLine;

namespace Steelyard.Commands;

/// <summary><c>steelyard api</c>: asks the admin API itself, for what has no command of its own.</summary>
internal static class ApiCommand
{
    public static Command Create()
    {
        var instance = new RunningInstance();
        var path = new Argument<string>("PATH") { Description = "What is asked for, as /openapi.json lists it." };
        path.Validators.Add(result =>
        {
            if (result.Tokens[0].Value is var text && !text.StartsWith('/'))
                result.AddError($"'{text}' is no path; expected one such as /api/history");
        });
        var method = new Option<string?>("--method", "-X") { Description = "The method; GET when left out, or PUT with --data.", HelpName = "METHOD" };
        method.AcceptOnlyFromAmong("GET", "PUT", "POST", "DELETE");
        var data = new Option<string?>("--data", "-d") { Description = "The body, in JSON.", HelpName = "JSON" };
        var command = instance.AddTo(new Command("api", "Asks the admin API of the running 'steelyard up', and prints what it answers.") { path, method, data });
        command.SetAction((parsed, _) => instance.RunAsync(parsed, "api", async connection =>
        {
            var body = parsed.GetValue(data);
            Console.Write(await connection.AskAsync(parsed.GetValue(method) ?? (body is null ? "GET" : "PUT"), parsed.GetRequiredValue(path), body));
        }));
        CommandLine.WithExamples(command,
            "steelyard api /openapi.json                                      what there is",
            "steelyard api /api/history",
            "steelyard api /api/listeners/:8080/limit -d '{\"limit\":5000}'     connections open at once");
        return command;
    }
}

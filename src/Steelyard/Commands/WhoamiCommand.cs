using System.CommandLine;
using System.CommandLine.Parsing;
using Steelyard.Config;
using Steelyard.Whoami;

namespace Steelyard.Commands;

/// <summary><c>steelyard whoami</c>: a server that says who it is, to try a configuration against.</summary>
internal static class WhoamiCommand
{
    public static Command Create()
    {
        var listen = new Option<NetworkAddress[]>("--listen", "-l")
        {
            Description = "Where to listen: host:port, :port or unix:/path. May be given several times.",
            HelpName = "ADDRESS",
            Required = true,
            CustomParser = ReadAddresses,
        };
        var name = new Option<string>("--name", "-n")
        {
            Description = "What the server calls itself.",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("STEELYARD_INSTANCE") ?? Environment.MachineName,
        };
        var command = new Command("whoami", "Runs a small server that tells who answered and what it received.") { listen, name };
        command.SetAction((parsed, _) =>
            WhoamiServer.RunAsync(new Identity(parsed.GetRequiredValue(name)), parsed.GetRequiredValue(listen)));
        CommandLine.WithExamples(command,
            "steelyard whoami --listen :9001 --name a",
            "curl localhost:9001                                  who it is, and the request as it came",
            "curl 'localhost:9001/?delay=200ms&status=503'        a slow failure",
            "curl 'localhost:9001/?size=100KiB&chunked=1'         a body of that size, in chunks",
            "curl 'localhost:9001/?size=1MiB&close=1'             an answer that is cut in the middle",
            "curl -X PUT 'localhost:9001/health?status=503'       be unhealthy; 200 makes it well again");
        return command;
    }

    private static NetworkAddress[]? ReadAddresses(ArgumentResult result)
    {
        var addresses = new List<NetworkAddress>();
        foreach (var token in result.Tokens)
        {
            if (NetworkAddress.TryParse(token.Value, out var address, out var expected))
                addresses.Add(address);
            else
                result.AddError($"'{token.Value}' is not an address to listen on; expected {expected}");
        }
        return [.. addresses];
    }
}

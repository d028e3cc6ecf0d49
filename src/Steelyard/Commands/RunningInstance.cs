using System.CommandLine;
using System.CommandLine.Parsing;
using Steelyard.Admin;
using Steelyard.Config;

namespace Steelyard.Commands;

/// <summary>The running <c>steelyard up</c> that a command is for: named by its configuration or by an address, or the only one there is.</summary>
internal sealed class RunningInstance
{
    private readonly Argument<string?> _source = new("FILE|FOLDER")
    {
        Description = "The configuration it serves, or the folder of a steelyard.yaml. When left out, the one of this folder, or the only one that this user runs.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<AdminPlace?> _admin = new("--admin", "-a")
    {
        Description = "Where its admin API is, instead of FILE: host:port, https://host:port where it speaks TLS, or unix:/path.",
        HelpName = "ADDRESS",
        CustomParser = ReadAddress,
    };

    private readonly Option<string?> _token = new("--token-file")
    {
        Description = "The file of the token for --admin. STEELYARD_TOKEN is the token itself.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _ca = new("--ca")
    {
        Description = "The certificates that are believed where --admin speaks TLS, in PEM: of authorities, or its own. Those of the system when left out.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print what the admin API answers, in JSON." };

    /// <summary>Adds what names the instance to a command.</summary>
    public Command AddTo(Command command)
    {
        command.Arguments.Add(_source);
        command.Options.Add(_admin);
        command.Options.Add(_token);
        command.Options.Add(_ca);
        command.Options.Add(_json);
        return command;
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>The configuration that was named; null for none.</summary>
    public string? Source(ParseResult parsed) => parsed.GetValue(_source);

    /// <summary>Whether an address was given, which only a running instance has.</summary>
    public bool HasAddress(ParseResult parsed) => parsed.GetValue(_admin) is not null;

    /// <summary>Asks the instance.</summary>
    /// <returns>The exit status.</returns>
    public async Task<int> RunAsync(ParseResult parsed, string command, Func<AdminConnection, Task> ask)
    {
        try
        {
            using var connection = await FindAsync(parsed);
            await ask(connection);
            return CommandLine.Success;
        }
        catch (AdminProblemException problem)
        {
            await Console.Error.WriteLineAsync($"steelyard {command}: {problem.Message}");
            foreach (var line in problem.Lines ?? [])
                await Console.Error.WriteLineAsync(line);
            return CommandLine.Failure;
        }
    }

    private async Task<AdminConnection> FindAsync(ParseResult parsed)
    {
        if (parsed.GetValue(_admin) is { } place)
            return AdminConnection.To(place.Address, Token(parsed.GetValue(_token)), Trust(parsed, place));
        if (parsed.GetValue(_ca) is not null)
            throw new AdminProblemException(0, "--ca is about the API that --admin names; a local socket does not speak TLS");
        var given = parsed.GetValue(_source);
        if ((given ?? ConfigurationArgument.InThisFolder) is { } named)
        {
            var file = ConfigurationArgument.Find(named) ?? throw new AdminProblemException(0, $"there is no file or folder {named} with a configuration");
            var serving = AdminConnection.Local(file);
            if (serving.Count > 0)
                return serving[0];
            if (given is not null)
                throw new AdminProblemException(0, $"no 'steelyard up' of this user serves {Path.GetFullPath(file)} with an admin API");
        }

        var running = AdminConnection.Local(file: null);
        return running switch
        {
            [var one] => one,
            [] => throw new AdminProblemException(0, "no 'steelyard up' of this user runs; name one elsewhere with --admin ADDRESS"),
            _ => throw new AdminProblemException(0, $"several run: name one of {string.Join(", ", await FilesAsync(running))}"),
        };
    }

    private static async Task<List<string>> FilesAsync(IReadOnlyList<AdminConnection> running)
    {
        var files = new List<string>();
        foreach (var connection in running)
        {
            files.Add((await connection.GetAsync("/api/configuration", AdminJson.Default.ConfigurationView)).File);
            connection.Dispose();
        }

        return files;
    }

    private static string? Token(string? file)
    {
        if (file is null)
            return Environment.GetEnvironmentVariable("STEELYARD_TOKEN") is { Length: > 0 } token ? token : null;
        return AdminToken.TryRead(".", file, out var mistake) ?? throw new AdminProblemException(0, $"{file}: {mistake}; expected {AdminToken.Expected}");
    }

    private AdminTrust? Trust(ParseResult parsed, AdminPlace place) =>
        parsed.GetValue(_ca) is { } file ? AdminTrust.From(file) : place.Secure ? AdminTrust.OfSystem : null;

    private static AdminPlace? ReadAddress(ArgumentResult result)
    {
        const string secure = "https://";
        const string plain = "http://";
        var text = result.Tokens[0].Value;
        var isSecure = text.StartsWith(secure, StringComparison.OrdinalIgnoreCase);
        var rest = isSecure ? text[secure.Length..] : text.StartsWith(plain, StringComparison.OrdinalIgnoreCase) ? text[plain.Length..] : text;
        if (NetworkAddress.TryParse(rest.Length < text.Length ? rest.TrimEnd('/') : rest, out var address, out var expected))
            return new(address, isSecure);
        result.AddError($"'{text}' is not an address; expected {expected}");
        return null;
    }

    /// <summary>Where an API is.</summary>
    /// <param name="Address">The address.</param>
    /// <param name="Secure">Whether it was named by https.</param>
    private sealed record AdminPlace(NetworkAddress Address, bool Secure);
}

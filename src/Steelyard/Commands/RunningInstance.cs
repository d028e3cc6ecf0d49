using System.CommandLine;
using System.CommandLine.Parsing;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>The running <c>steelyard up</c> that a command is for: named by its configuration or by an address, or the only one there is.</summary>
internal sealed class RunningInstance
{
    private readonly Argument<string?> _source = new("FILE|FOLDER")
    {
        Description = "The configuration it serves, or the folder of a steelyard.yaml. When left out, the one of this folder; where there is none, the only one that this user runs.",
        Arity = ArgumentArity.ZeroOrOne,
        Validators = { ConfigurationArgument.RefuseOptions },
    };

    // As those commands say it that name workers by arguments of their own.
    private readonly Option<string?> _config = new("--config", "-c") { Description = "The same as FILE.", HelpName = "FILE|FOLDER" };

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
        command.Options.Add(_config);
        command.Options.Add(_admin);
        command.Options.Add(_token);
        command.Options.Add(_ca);
        command.Options.Add(_json);
        return command;
    }

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>The configuration that was named; null for none.</summary>
    public string? Source(ParseResult parsed) => parsed.GetValue(_source) ?? parsed.GetValue(_config);

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
            return CommandLine.Fail(command, problem.Message, WantsJson(parsed), problem.Lines, problem.Status);
        }
    }

    private async Task<AdminConnection> FindAsync(ParseResult parsed)
    {
        if (parsed.GetValue(_admin) is { } place)
            return AdminConnection.To(place.Address, Token(parsed.GetValue(_token)), Trust(parsed, place));
        if (parsed.GetValue(_ca) is not null)
            throw new AdminProblemException(0, "--ca is about the API that --admin names; a local socket does not speak TLS");
        var given = Source(parsed);

        // In a folder without a configuration of its own 'steelyard run' may serve, as for the commands that ask the keeper.
        if (RunCommand.NameIn(given ?? ".") is { } run && AdminConnection.Local(run) is [var ofRun, ..])
            return ofRun;
        if ((given ?? ConfigurationArgument.InThisFolder) is { } named)
        {
            var file = ConfigurationArgument.Find(named) ?? throw new AdminProblemException(0, ConfigurationArgument.NothingAt(named));
            var serving = AdminConnection.Local(file);
            if (serving.Count > 0)
                return serving[0];
            if (ControlSocket.IsServed(file))
                throw new AdminProblemException(0, $"the 'steelyard up' that serves {Path.GetFullPath(file)} has no admin API (admin: none), which this asks; reload, upgrade, restart, scale, logs and stop reach it");

            // Who stands in the folder of one site does not mean another, however alone that one runs.
            var none = $"no 'steelyard up' of this user serves {Path.GetFullPath(file)} with an admin API";
            var others = given is null ? AdminConnection.Local(file: null) : [];
            throw new AdminProblemException(0, others.Count == 0 ? none : $"{none}; name the one that is meant: {string.Join(", ", await FilesAsync(others))}");
        }

        var running = AdminConnection.Local(file: null);
        return running switch
        {
            [var one] => one,
            [] => throw new AdminProblemException(0, "no 'steelyard up' of this user runs; name the configuration of one that was started elsewhere, as a service is, or where it answers with --admin ADDRESS"),
            _ => throw new AdminProblemException(0, $"several run: name one of {string.Join(", ", await FilesAsync(running))}"),
        };
    }

    /// <summary>The configurations that are served by this user's running instances, but for those with <c>admin: none</c>; none where one does not answer.</summary>
    public static async Task<List<string>> FilesAsync()
    {
        try
        {
            return await FilesAsync(AdminConnection.Local(file: null));
        }
        catch (AdminProblemException)
        {
            return [];
        }
    }

    private static async Task<List<string>> FilesAsync(IReadOnlyList<AdminConnection> running)
    {
        var files = new List<string>();
        foreach (var connection in running)
        {
            files.Add((await connection.GetAsync("/api/configuration", AdminJson.Readable.ConfigurationView)).File);
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

    private AdminTrust? Trust(ParseResult parsed, AdminPlace place)
    {
        if (parsed.GetValue(_ca) is not { } file)
            return place.Security == Security.Tls ? AdminTrust.OfSystem() : null;
        if (place.Address.UnixPath is not null)
            throw new AdminProblemException(0, $"{place.Address} does not speak TLS, as no Unix socket does; leave --ca out");
        if (place.Security == Security.None)
            throw new AdminProblemException(0, $"--ca is about TLS, which http:// is without; expected https://{place.Address}, or no --ca");
        return AdminTrust.From(file);
    }

    private static AdminPlace? ReadAddress(ArgumentResult result)
    {
        const string secure = "https://";
        const string plain = "http://";
        var text = result.Tokens[0].Value;
        var security = text.StartsWith(secure, StringComparison.OrdinalIgnoreCase) ? Security.Tls : text.StartsWith(plain, StringComparison.OrdinalIgnoreCase) ? Security.None : Security.Unsaid;
        var rest = security switch { Security.Tls => text[secure.Length..], Security.None => text[plain.Length..], _ => text };
        if (!NetworkAddress.TryParse(security == Security.Unsaid ? rest : rest.TrimEnd('/'), out var address, out var expected))
            result.AddError($"'{text}' is not an address; expected {expected}");
        else if (address.UnixPath is not null && security != Security.Unsaid)
            result.AddError($"'{text}' is not an address; a Unix socket has no {(security == Security.Tls ? secure : plain)} before it: expected {address}");
        else
            return new(address, security);
        return null;
    }

    /// <summary>What the name of an API says about TLS.</summary>
    private enum Security
    {
        /// <summary>Nothing: TLS where certificates to believe are given.</summary>
        Unsaid,

        /// <summary><c>http://</c>.</summary>
        None,

        /// <summary><c>https://</c>.</summary>
        Tls,
    }

    /// <summary>Where an API is.</summary>
    private sealed record AdminPlace(NetworkAddress Address, Security Security);
}

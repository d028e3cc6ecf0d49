using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary><c>steelyard run</c>: a program in several instances behind one address, without a file.</summary>
internal static class RunCommand
{
    private const string PseudoFile = "steelyard.run";

    /// <summary>What stands for the file where there is none; null where there is one.</summary>
    public static string? NameIn(string fileOrFolder)
    {
        // As messages name it.
        if (Path.GetFileName(fileOrFolder) == PseudoFile)
            return fileOrFolder;
        if (!Directory.Exists(fileOrFolder) || File.Exists(Path.Combine(fileOrFolder, "steelyard.yaml")))
            return null;
        return Path.Combine(fileOrFolder, PseudoFile);
    }

    public static Command Create()
    {
        var instances = new Option<string>("--instances", "-i") { Description = "How many workers, or max for one per core.", HelpName = "N|max", DefaultValueFactory = _ => "1" };
        instances.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && text != "max" && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1024))
                result.AddError($"'{text}' is not a number of instances: 1 to 1024, or max");
        });
        var listen = new Option<NetworkAddress?>("--listen", "-l") { Description = "Where clients connect; when left out the port that a Node app listens on, for others :8080.", HelpName = "ADDRESS", CustomParser = ReadAddress };
        var raw = new Option<bool>("--raw") { Description = "Hand the workers of a Node app the clients' own connections, in turn, on the port it listens on: for TCP apps, and as PM2 does it." };
        var name = new Option<string?>("--name", "-n") { Description = "What the app is called; the name of the program or script when left out." };
        var words = new Argument<string[]>("COMMAND") { Description = "The program and its arguments; a file with .js, .mjs, .cjs or .py is run by node or python3, and one whose first line names node by that.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("run", "Runs a program in several instances behind one address, until it is told to stop.") { instances, listen, raw, name, words };
        command.Validators.Add(result =>
        {
            if (result.GetValue(raw) && result.GetResult(listen) is not null)
                result.AddError("--raw and --listen: a raw app is reached on the port it listens on itself");
            if (result.GetValue(words) is [['-', ..] first, ..])
                result.AddError($"'{first}' is no option of this command; those of the program stand behind its name");
        });
        command.SetAction((parsed, _) => RunAsync(
            Snapshot(
                parsed.GetRequiredValue(words),
                parsed.GetRequiredValue(instances),
                parsed.GetValue(raw) ? null : parsed.GetValue(listen) ?? NetworkAddress.OfApp,
                parsed.GetValue(name))));
        CommandLine.WithExamples(command,
            "steelyard run -i max app.js                       a Node app as it is, one instance per core, on its own port",
            "steelyard run -i 2 --raw tcp.js                   clients' own connections, for what is no HTTP",
            "steelyard run -i 4 -l :80 -- python3 app.py {port}  four behind port 80",
            "steelyard scale app=6; steelyard logs -f          from the same folder, while it runs");
        return command;
    }

    /// <param name="words">The command.</param>
    /// <param name="instances">A number, or max.</param>
    /// <param name="listen">Where clients connect: <see cref="NetworkAddress.OfApp"/> for what a Node app says, and :8080 for others; null where workers get their own connections.</param>
    /// <param name="name">What the pool is called; null for what the command says.</param>
    internal static Snapshot Snapshot(string[] words, string instances, NetworkAddress? listen, string? name)
    {
        var app = new AppSettings
        {
            Command = (Path.GetExtension(words[0]) switch
            {
                ".js" or ".mjs" or ".cjs" => words.Prepend("node"),
                ".py" => words.Prepend("python3"),
                _ => words[0].Contains('/') && ScriptFile.IsForNode(Path.GetFullPath(words[0])) ? words.Prepend("node") : words,
            }).ToValueList(),
            Listen = listen is null ? WorkerListen.Raw : null,
            Instances = instances == "max" ? null : int.Parse(instances, CultureInfo.InvariantCulture),
        };
        if (listen is { IsOfApp: true } && !app.IsCluster)
            listen = NetworkAddress.ForHost("", 8080);
        var pool = NameOf(name ?? Path.GetFileNameWithoutExtension(words.Length > 1 && words[1].Contains('.', StringComparison.Ordinal) && !words[1].StartsWith('-') ? words[1] : words[0]));
        return new()
        {
            Listeners = listen is null ? [] : [new() { Bind = [listen], Routes = [new() { Pool = pool }] }],
            Pools = [new() { Name = pool, Balance = BalancePolicy.LeastConnections, Servers = [], App = app }],
        };
    }

    private static string NameOf(string text)
    {
        var name = new string([.. text.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.').Take(64)]);
        return name.Length == 0 ? "app" : name;
    }

    private static async Task<int> RunAsync(Snapshot snapshot)
    {
        // As if it had been a file: the same checks, the same words.
        var read = ConfigurationFile.Parse(ConfigurationFile.Write(snapshot), PseudoFile);
        var configuration = new ConfigurationArgument(PseudoFile, read);
        configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        return read.Snapshot is { } checkedSnapshot ? await KeeperRun.RunAsync(configuration, checkedSnapshot, new(Watch: false, Single: false) { SaysBefore = "steelyard run: " }) : CommandLine.Failure;
    }

    private static NetworkAddress ReadAddress(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (!NetworkAddress.TryParse(text, out var address, out var expected))
            result.AddError($"'{text}' is not an address to listen on; expected {expected}");
        return address!;
    }
}

using System.CommandLine;
using System.Text.Json;
using Steelyard.Config;
using Steelyard.Simulate;

namespace Steelyard.Commands;

/// <summary><c>steelyard simulate</c>: what policies do to made-up servers, in virtual time.</summary>
internal static class SimulateCommand
{
    private const string DefaultScenario = "one-slow";

    public static Command Create()
    {
        var file = new Argument<string?>("FILE|FOLDER") { Description = "A configuration whose pool is simulated, instead of the scenario's own.", Arity = ArgumentArity.ZeroOrOne };
        var pool = new Option<string?>("--pool") { Description = "Which pool of the configuration; else its only one.", HelpName = "NAME" };
        var scenario = new Option<string>("--scenario", "-s") { Description = $"One of {string.Join(", ", ScenarioFile.Names)}, or a file in their form.", HelpName = "NAME|FILE", DefaultValueFactory = _ => DefaultScenario };
        var list = new Option<bool>("--list") { Description = "List the scenarios that come with the program." };
        var show = new Option<bool>("--show") { Description = "Print the scenario's file, to begin one of your own with." };
        var policies = new Option<NamedPolicy[]>("--policy", "-p")
        {
            Description = $"Which policies are compared: {string.Join(", ", NamedPolicy.All.Select(policy => policy.Word))}. All when left out.",
            HelpName = "POLICY",
            AllowMultipleArgumentsPerToken = true,
            CustomParser = ReadPolicies,
        };
        var seed = WholeNumber.Option("--seed", alias: null, ulong.MinValue, ulong.MaxValue, otherwise: 1);
        seed.Description = "What everything random comes from: the same seed, the same run.";
        var duration = WholeNumber.Option("--duration", alias: null, least: 1, most: 86_400, otherwise: null);
        (duration.Description, duration.HelpName) = ("Seconds of virtual time, instead of the scenario's.", "SECONDS");
        var svg = new Option<string?>("--svg") { Description = "Write charts to this file as well.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("simulate", "Compares ways to choose servers, in virtual time, with the code that serves traffic.") { file, pool, scenario, list, show, policies, seed, duration, svg, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
                return List(parsed.GetValue(json));
            var name = parsed.GetRequiredValue(scenario);
            if (parsed.GetValue(show))
                return parsed.GetValue(json) ? Misused("--show prints a file, which is YAML; leave --json out") : Show(name);
            return Run(new(
                parsed.GetValue(file),
                parsed.GetValue(pool),
                name,
                parsed.GetValue(policies) ?? [],
                parsed.GetValue(seed),
                parsed.GetValue(duration) is > 0 and var seconds ? seconds : null,
                parsed.GetValue(svg),
                parsed.GetValue(json)));
        });
        CommandLine.WithExamples(command,
            "steelyard simulate                                     one of five servers is ten times slower",
            "steelyard simulate --list",
            "steelyard simulate --scenario zone-dies --policy round-robin least-connections --svg zone.svg",
            "steelyard simulate site.yaml --pool web                the settings and weights of that pool",
            "steelyard simulate --scenario heavy-tail --show > mine.yaml && steelyard simulate --scenario mine.yaml");
        return command;
    }

    private sealed record Wish(string? File, string? Pool, string Scenario, NamedPolicy[] Policies, ulong Seed, int? Duration, string? Svg, bool Json);

    private static int List(bool json)
    {
        ScenarioReport[] scenarios = [.. ScenarioFile.Names.Select(name => new ScenarioReport(name, ScenarioFile.Parse(name, ScenarioFile.TextOf(name)!, out _)!.About))];
        var width = scenarios.Max(scenario => scenario.Name.Length);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(scenarios, SimulationJson.Readable.ScenarioReportArray));
        foreach (var scenario in json ? [] : scenarios)
            Console.WriteLine($"{scenario.Name.PadRight(width)}  {scenario.About}");
        return CommandLine.Success;
    }

    private static int Show(string name)
    {
        if (ScenarioFile.TextOf(name) is not { } text)
            return Misused($"there is no scenario {name}; there are {string.Join(", ", ScenarioFile.Names)}");
        Console.Write(text);
        return CommandLine.Success;
    }

    private static int Run(Wish wish)
    {
        if (ReadScenario(wish.Scenario) is not { } scenario)
            return CommandLine.Failure;
        if (wish.Duration is { } seconds)
            scenario = scenario with { Duration = TimeSpan.FromSeconds(seconds), WarmUp = TimeSpan.FromSeconds(Math.Min(seconds / 2.0, scenario.WarmUp.TotalSeconds)) };
        NamedPolicy? configured = null;
        if (wish.File is { } file)
        {
            if (ReadPool(file, wish.Pool) is not { } found)
                return CommandLine.Failure;
            (scenario, configured) = (ScenarioFile.With(scenario, found.Pool, found.Timeouts), NamedPolicy.Of(found.Pool));
        }
        else if (wish.Pool is not null)
        {
            return Misused("--pool names a pool of a configuration; name its file too");
        }

        var policies = wish.Policies.Length > 0 ? wish.Policies : [.. NamedPolicy.All];
        if (configured is not null && !policies.Contains(configured))
            policies = [configured, .. policies];
        var outcomes = policies.Select(policy => Simulate.Run.Of(scenario, policy, wish.Seed)).ToArray();
        if (wish.Svg is { } svg && !TryWrite(svg, SvgChart.Of(scenario, outcomes, wish.Seed)))
            return CommandLine.Failure;
        if (wish.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(SimulationReport.Of(scenario, outcomes, wish.Seed), SimulationJson.Readable.SimulationReport));
        }
        else
        {
            var toTerminal = !Console.IsOutputRedirected;
            SimulationPrinter.Print(SimulationPrinter.ConsoleFor(Console.Out, toTerminal), scenario, outcomes, wish.Seed, configured, toTerminal);
        }

        return CommandLine.Success;
    }

    private static Scenario? ReadScenario(string name)
    {
        var text = ScenarioFile.TextOf(name);
        if (text is null && !System.IO.File.Exists(name))
        {
            Console.Error.WriteLine($"steelyard simulate: there is no scenario {name}, and no such file; there are {string.Join(", ", ScenarioFile.Names)}");
            return null;
        }

        try
        {
            text ??= System.IO.File.ReadAllText(name);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard simulate: {name} cannot be read: {fault.Message}");
            return null;
        }

        var scenario = ScenarioFile.Parse(name, text, out var result);
        ProblemPrinter.Print(Console.Error, result, colour: !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "");
        return scenario;
    }

    private static (PoolSettings Pool, Timeouts Timeouts)? ReadPool(string file, string? name)
    {
        if (ConfigurationArgument.TryRead("simulate", file) is not { } configuration)
            return null;
        if (configuration.Result.Snapshot is not { } snapshot)
        {
            configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
            return null;
        }

        var pools = snapshot.Pools.AsEnumerable().Where(pool => name is null || pool.Name == name).ToArray();
        if (pools is [var pool])
        {
            if (pool.Servers.Count > 0)
                return (pool, snapshot.Timeouts);
            Console.Error.WriteLine($"steelyard simulate: the pool {pool.Name} has no servers but those its app will start; write a scenario with as many");
            return null;
        }

        var names = string.Join(", ", snapshot.Pools.AsEnumerable().Select(pool => pool.Name));
        Console.Error.WriteLine(name is null ? $"steelyard simulate: which pool? name one with --pool: {names}" : $"steelyard simulate: there is no pool {name}; there are {names}");
        return null;
    }

    private static bool TryWrite(string file, string text)
    {
        try
        {
            System.IO.File.WriteAllText(file, text);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard simulate: {file} cannot be written: {fault.Message}");
            return false;
        }
    }

    private static NamedPolicy[] ReadPolicies(System.CommandLine.Parsing.ArgumentResult result)
    {
        var policies = new List<NamedPolicy>();
        foreach (var token in result.Tokens)
        {
            if (NamedPolicy.All.FirstOrDefault(policy => policy.Word == token.Value) is { } known)
                policies.Add(known);
            else
                result.AddError($"'{token.Value}' is not a policy; expected {string.Join(", ", NamedPolicy.All.Select(policy => policy.Word))}");
        }

        return [.. policies];
    }

    private static int Misused(string message)
    {
        Console.Error.WriteLine($"steelyard simulate: {message}");
        return CommandLine.Misuse;
    }
}

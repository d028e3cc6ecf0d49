using System.Globalization;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;

namespace Steelyard.Config.Compose;

/// <summary>Which services of a Compose file are Docker Swarm's, on which networks they are, and what Steelyard does for them.</summary>
/// <param name="file">The whole file.</param>
/// <param name="engine">The engine that is to run them.</param>
/// <param name="problems">Where problems go.</param>
internal sealed class SwarmServices(YamlMapping file, SwarmEngine engine, ProblemList problems)
{
    /// <summary>The name of the project, by the file or by its folder.</summary>
    private readonly string _stack = Named(file) ?? engine.Project;
    private bool _volumesChecked;

    private static string? Named(YamlMapping file) => file.ValueOf("name") is YamlText { Value.Length: > 0 } name ? name.Value : null;

    /// <summary>Whether a service is one of a swarm: it has an image and no command for this machine, or says so.</summary>
    public static bool Wants(YamlMapping service)
    {
        var own = service.ValueOf("x-steelyard") as YamlMapping;
        if (own?.Entries.Any(entry => entry is { Key.Value: "swarm", Value: YamlText { Value: "true" or "yes" or "on" } }) == true)
            return true;
        return Has(service, "image") && !Has(service, "command") && !Has(service, "entrypoint") && own?.Entries.Any(entry => entry.Key.Value is "command" or "container") != true;

        static bool Has(YamlMapping mapping, string key) => mapping.Entries.Any(entry => entry.Key.Value == key && entry.Value is not YamlText { IsAbsent: true });
    }

    /// <summary>What a service is before its keys are read.</summary>
    public SwarmServiceSettings Begin(YamlText name, YamlMapping service) => new()
    {
        Stack = _stack,
        Name = name.Value,
        Socket = engine.Socket,
        Networks = NetworksOf(service).ToValueList(),
    };

    private IEnumerable<SwarmNetwork> NetworksOf(YamlMapping service)
    {
        var written = service.ValueOf("networks");
        if (written is null or YamlText { IsAbsent: true })
        {
            if (Default() is { } its)
                yield return its;
            yield break;
        }

        foreach (var (key, value) in (ComposeMerge.AsMapping(written) as YamlMapping)?.Entries ?? [])
        {
            if (value is YamlMapping { Entries.Count: > 0 } or YamlList)
                problems.Error(value.Place, "settings of a service on one of its networks are not handed on to Swarm", "the name of the network alone");
            else if (key.Value == "default")
            {
                if (Default() is { } its)
                    yield return its;
            }
            else if (NetworkCalled(key) is { } network)
                yield return network;
        }
    }

    private SwarmNetwork? Default()
    {
        var written = (file.ValueOf("networks") as YamlMapping)?.Entries.FirstOrDefault(entry => entry.Key.Value == "default").Key;
        return written is null ? new($"{_stack}_default", IsExternal: false) : NetworkCalled(written);
    }

    // Each is made under its own name, by whichever service comes first.
    private void CheckVolumes()
    {
        if (_volumesChecked)
            return;
        _volumesChecked = true;
        foreach (var (key, value) in (file.ValueOf("volumes") as YamlMapping)?.Entries ?? [])
        {
            if (value is YamlMapping { Entries.Count: > 0 })
                problems.Error(value.Place, $"settings of the volume {Shown.Quote(key.Value)} are not handed on to Swarm", $"a volume without settings, which is {_stack}_{key.Value} there, or a folder of the machine");
        }
    }

    // Steelyard could listen where the file says, but what is behind it would be open to everybody all the same.
    private void CheckAddresses(ComposeService service)
    {
        foreach (var port in service.Ports.Where(port => port.Address.Host.Length > 0).DistinctBy(port => port.Place))
            problems.Error(port.Place, $"{port.Address.Host} keeps nobody out: Swarm publishes the ports of tasks on all addresses of their nodes", "a port without an address, and a firewall where the network needs one; or a command that runs on this machine");
    }

    private SwarmNetwork? NetworkCalled(YamlText key)
    {
        var all = (file.ValueOf("networks") as YamlMapping)?.Entries ?? [];
        if (!all.Any(entry => entry.Key.Value == key.Value))
        {
            problems.Error(key.Place, $"no network is called {Shown.Quote(key.Value)}", "a name under 'networks' of the file");
            return null;
        }

        var settings = all.First(entry => entry.Key.Value == key.Value).Value as YamlMapping;
        string? TextOf(string name) => (settings?.ValueOf(name) as YamlText)?.Value;
        foreach (var (other, _) in settings?.Entries ?? [])
        {
            if (other.Value is not ("external" or "name" or "attachable") && !(other.Value == "driver" && TextOf("driver") == "overlay"))
                problems.Error(other.Place, $"{Shown.Quote(other.Value)} of a network is not handed on to Swarm", "a network that was made before, with 'external: true'");
        }

        var isExternal = TextOf("external") is "true" or "yes" or "on";
        return new(TextOf("name") ?? (isExternal ? key.Value : $"{_stack}_{key.Value}"), isExternal);
    }

    /// <summary>What Steelyard does for a service: a pool for each port that clients want, and where they connect.</summary>
    public (IReadOnlyList<PoolDraft> Pools, IReadOnlyList<ListenerDraft> Listeners, SwarmServiceSettings Service) Finish(ComposeService service)
    {
        CheckVolumes();
        CheckAddresses(service);
        var targets = service.Ports.Select(port => port.Target).Distinct().ToValueList();
        var environment = new Dictionary<string, Located<string>>(service.FileEnvironment, StringComparer.Ordinal);
        foreach (var (variable, value) in service.Environment)
            environment[variable] = value;
        var settings = service.Container! with { Ports = targets, Environment = environment.Select(pair => new EnvironmentVariable(pair.Key, pair.Value.Value)).ToValueList() };
        if (settings.Image.Length == 0)
            problems.Error(service.Name.Place, $"the service {Shown.Quote(service.Name.Value)} has no image for Swarm to run", "'image'");

        var (pools, listeners) = (new List<PoolDraft>(), new List<ListenerDraft>());
        foreach (var ports in service.Ports.GroupBy(port => (port.Target, port.IsTcp)))
        {
            var name = ports.Key.Target == targets[0] ? service.Name.Value : string.Create(CultureInfo.InvariantCulture, $"{service.Name.Value}-{ports.Key.Target}");
            var place = ports.First().Place;
            if (!pools.Exists(pool => pool.Name.Value == name))
            {
                pools.Add(new(new(name, service.Name.Place))
                {
                    Balance = BalancePolicy.LeastConnections,
                    Discover = [new DiscoverDraft(place) { Finders = 1, Settings = new() { Docker = new() { Find = settings.FullName, IsSwarm = true } }, Docker = new() { Find = "", Port = ports.Key.Target, Socket = engine.Socket } }],
                });
            }

            listeners.Add(new(place)
            {
                Bind = [.. ports.Select(port => new Located<NetworkAddress>(port.Address, port.Place))],
                Mode = ports.Key.IsTcp ? new(ListenerMode.Tcp, place) : null,
                To = new(name, place),
            });
        }

        return (pools, listeners, settings);
    }
}

using System.Net;
using Steelyard.Config;
using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>
/// The tasks of services of Docker Swarm that run and are to go on running. A manager decides that a task is to end some
/// 100 ms before the engine of its node sends the signal, and does not tell; so while something changes it is asked often.
/// </summary>
internal sealed class TaskServers(DockerSettings settings, ServerSettings? like) : IDockerServers
{
    // What happens on other nodes nobody tells.
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_whileStarting = TimeSpan.FromMilliseconds(250);

    // Others do not end a task: some let a program write down where it stands.
    private const int Kill = 9;
    private const int Terminate = 15;

    private readonly ServerSettings _like = like ?? new() { Address = NetworkAddress.Nowhere };
    private readonly OwnContainer _own = new();
    private readonly Dictionary<string, string?> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ending = new(StringComparer.Ordinal);
    private readonly ChangePace _pace = new(s_lookEvery);
    private HashSet<string> _services = new(StringComparer.Ordinal);

    public string Name { get; } = $"service {settings.Find}{(settings.Socket == DockerSettings.UsualSocket ? "" : $" at {settings.Socket}")}";

    public string Events { get; } = DockerEngine.Filters(
        ("type", ["container", "service", "node", "network"]),
        ("event", ["start", "die", "kill", "health_status", "create", "update", "remove", "connect", "disconnect"]));

    public TimeSpan LookAgain { get; private set; } = s_lookEvery;

    public bool Note(DockerEvent happened)
    {
        if (happened.Type == "network")
            return _own.Note(happened);
        if (happened.Type == "container")
        {
            // Tasks never start again: each has one container.
            var labels = happened.Actor?.Attributes ?? [];
            if (labels.GetValueOrDefault("com.docker.swarm.service.id") is not { } service || !_services.Contains(service))
                return false;
            if (labels.GetValueOrDefault("com.docker.swarm.task.id") is { } task && (happened.Action == "die" || (happened.Action == "kill" && StoppingContainers.SignalOf(happened) is Kill or Terminate)))
                _ending.Add(task);
            return true;
        }

        _nodes.Clear();
        _pace.Told(Environment.TickCount64);
        return true;
    }

    public async Task<SourceAnswer> LookAsync(DockerEngine engine, CancellationToken cancel)
    {
        var networks = await _own.NetworksAsync(engine, cancel);
        var services = await ServicesAsync(engine, cancel);
        _services = [.. services.Select(service => service.Id)];
        var tasks = services.Count == 0 ? [] : await engine.GetAsync($"tasks?{DockerEngine.Filters(("service", [.. _services]), ("desired-state", ["running"]))}", DockerJson.Default.TaskItemArray, cancel);
        tasks = [.. tasks.Where(task => task.DesiredState == "running" && _services.Contains(task.ServiceId))];
        _ending.IntersectWith(tasks.Select(task => task.Id));
        _pace.Saw(string.Join(' ', tasks.Select(task => $"{task.Id}:{task.Status?.State}")), Environment.TickCount64);
        LookAgain = _pace.Next(services.Where(service => service.UpdateStatus?.State is "updating" or "rollback_started").Select(service => service.Spec).ToList(), Environment.TickCount64)
            ?? (tasks.Any(task => task.Status?.State != "running") ? s_whileStarting : s_lookEvery);

        var (servers, why) = (new List<ServerSettings>(), services.Count > 0 || settings.ByLabel ? null : $"there is no service '{settings.Find}'");
        foreach (var task in tasks.Where(task => task.Status?.State == "running" && !_ending.Contains(task.Id)))
        {
            var (server, reason) = await ServerAsync(task, services.Find(service => service.Id == task.ServiceId)!, networks, engine, cancel);
            if (server is not null)
                servers.Add(server);
            why ??= reason;
        }

        return SourceAnswer.Found(servers, null) with { Why = why };
    }

    private async Task<List<ServiceItem>> ServicesAsync(DockerEngine engine, CancellationToken cancel)
    {
        var filter = settings.ByLabel ? ("label", [settings.Find]) : ("name", (IReadOnlyList<string>)[settings.Find]);
        var services = await engine.GetAsync($"services?{DockerEngine.Filters(filter)}", DockerJson.Default.ServiceItemArray, cancel);

        // By name Docker finds those too that only begin with it.
        return [.. services.Where(service => settings.ByLabel ? settings.Find.Split('=', 2) is var label && service.Spec?.Labels?.GetValueOrDefault(label[0]) == label[1] : service.Spec?.Name == settings.Find)];
    }

    private async Task<(ServerSettings? Server, string? Why)> ServerAsync(TaskItem task, ServiceItem service, IReadOnlySet<string> networks, DockerEngine engine, CancellationToken cancel)
    {
        var (labels, name) = (LabelsOf(task, service), service.Spec?.Name ?? service.Id);
        var server = ServerLabels.Apply(_like, labels, name, out var why);
        var port = settings.Port > 0 ? settings.Port : ServerLabels.Port(labels, name, ref why) ?? 0;
        if (OverlayAddress(task, settings.Network ?? labels.GetValueOrDefault(ServerLabels.NetworkLabel), networks) is { } direct)
        {
            return port > 0 ? (server with { Address = NetworkAddress.ForHost(direct, port) }, why)
                : (null, why ?? $"nothing says which port the service {name} listens on: 'port', or its label {ServerLabels.PortLabel}");
        }

        // Each port comes twice, for IPv4 and then for IPv6, and not always with the same number.
        List<PublishedPort> published = [.. (task.Status?.PortStatus?.Ports ?? []).Where(one => one is { PublishMode: "host", Protocol: null or "tcp", Port: > 0 } && (port == 0 || one.TargetPort == port)).DistinctBy(one => one.TargetPort)];
        if (settings.Network is not null || published.Count == 0)
            return (null, settings.Network is { } network ? $"a task of the service {name} has no address on the network {network}" : $"the service {name} cannot be reached: it publishes no {(port > 0 ? $"port {port}" : "port")} in mode 'host', and shares no network with a container of this program");
        if (published.Count > 1)
            return (null, why ?? $"the service {name} publishes several ports: say with 'port', or with its label {ServerLabels.PortLabel}, which is meant");
        return await NodeAsync(task, engine, cancel) is { } node ? (server with { Address = NetworkAddress.ForHost(node, published[0].Port) }, why) : (null, $"nobody says where the node {task.NodeId} is");
    }

    private static Dictionary<string, string> LabelsOf(TaskItem task, ServiceItem service)
    {
        var labels = new Dictionary<string, string>(task.Spec?.ContainerSpec?.Labels ?? [], StringComparer.Ordinal);
        foreach (var (name, value) in service.Spec?.Labels ?? [])
            labels[name] = value;
        return labels;
    }

    private static string? OverlayAddress(TaskItem task, string? network, IReadOnlySet<string> shared) =>
        (task.Networks ?? [])
            .Where(one => one.Network?.Spec is { Ingress: false, Name: { } name } && (network is null ? shared.Contains(name) : name == network))
            .SelectMany(one => one.Addresses ?? []).Select(address => address.Split('/')[0]).FirstOrDefault(address => IPAddress.TryParse(address, out _));

    private async Task<string?> NodeAsync(TaskItem task, DockerEngine engine, CancellationToken cancel)
    {
        if (task.NodeId is not { } id)
            return null;
        if (!_nodes.ContainsKey(id))
        {
            var nodes = await engine.GetAsync("nodes", DockerJson.Default.NodeItemArray, cancel);
            foreach (var node in nodes)
                _nodes[node.Id] = AddressOf(node, isOnly: nodes.Length == 1);
        }

        return _nodes.GetValueOrDefault(id);
    }

    // The manager that leads knows itself as 0.0.0.0 at times; where the others reach it, it says besides.
    private static string? AddressOf(NodeItem node, bool isOnly)
    {
        if (!IPAddress.TryParse(node.Status?.Address, out var address))
            return null;
        if (!IsAny(address))
            return address.ToString();
        return IPEndPoint.TryParse(node.ManagerStatus?.Address ?? "", out var manager) && !IsAny(manager.Address) ? manager.Address.ToString() : isOnly ? "127.0.0.1" : null;
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

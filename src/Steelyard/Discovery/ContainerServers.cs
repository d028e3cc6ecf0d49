using System.Globalization;
using System.Text.RegularExpressions;
using Steelyard.Config;
using Steelyard.Docker;

namespace Steelyard.Discovery;

/// <summary>The running containers of an engine, by a label, by name, or by their service of Compose.</summary>
internal sealed class ContainerServers(DockerSettings settings, ServerSettings? like) : IDockerServers
{
    private const string ServiceLabel = "com.docker.compose.service";
    private const string ProjectLabel = "com.docker.compose.project";
    private const int AtOnce = 8;

    // Events tell all; this is for a mistake in that.
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(30);

    private readonly ServerSettings _like = like ?? new() { Address = NetworkAddress.Nowhere };
    private readonly OwnContainer _own = new();
    private readonly StoppingContainers _stopping = new();

    public string Name { get; } = $"docker {settings.Find}{(settings.Socket == DockerSettings.UsualSocket ? "" : $" at {settings.Socket}")}";

    public string Events { get; } = DockerEngine.Filters(
        ("type", ["container", "network"]),
        ("event", ["start", "die", "kill", "pause", "unpause", "destroy", "rename", "health_status", "connect", "disconnect"]));

    public TimeSpan LookAgain => s_lookEvery;

    public bool Note(DockerEvent happened)
    {
        if (happened is { Type: "container", Actor.Id: { } id })
            _stopping.Note(id, happened);
        _own.Note(happened);
        return true;
    }

    public async Task<SourceAnswer> LookAsync(DockerEngine engine, CancellationToken cancel)
    {
        var networks = await _own.NetworksAsync(engine, cancel);
        var ids = new List<string>();
        foreach (var filters in Lists())
            ids.AddRange((await engine.GetAsync($"containers/json?{filters}", DockerJson.Default.ContainerItemArray, cancel)).Select(item => item.Id));
        var (servers, why) = (new List<ServerSettings>(), (string?)null);
        var found = new List<ContainerDetail>();
        foreach (var some in ids.Distinct(StringComparer.Ordinal).Chunk(AtOnce))
            found.AddRange((await Task.WhenAll(some.Select(id => DetailAsync(engine, id, cancel)))).OfType<ContainerDetail>());
        _stopping.Keep(found);
        foreach (var container in found.Where(container => IsWanted(container) && IsServer(container) && !_stopping.Has(container.Id)))
        {
            if (Server(container, networks, out var reason) is { } server)
                servers.Add(server);
            why ??= reason;
        }

        return SourceAnswer.Found(servers, null) with { Why = why };
    }

    /// <summary>What lists to ask for; by a name more than one.</summary>
    private IEnumerable<string> Lists()
    {
        if (settings.ByLabel)
        {
            yield return DockerEngine.Filters(("label", [settings.Find]));
            yield break;
        }

        if (settings.Find.Split('/') is [var project, var service])
        {
            yield return DockerEngine.Filters(("label", [$"{ServiceLabel}={service}", $"{ProjectLabel}={project}"]));
            yield break;
        }

        yield return DockerEngine.Filters(("name", [$"^/?{Regex.Escape(settings.Find)}$"]));
        yield return DockerEngine.Filters(("label", [$"{ServiceLabel}={settings.Find}"]));
    }

    private static async Task<ContainerDetail?> DetailAsync(DockerEngine engine, string id, CancellationToken cancel)
    {
        try
        {
            return await engine.GetAsync($"containers/{Uri.EscapeDataString(id)}/json", DockerJson.Default.ContainerDetail, cancel);
        }
        catch (DockerException gone) when (gone.Status == 404)
        {
            return null;
        }
    }

    // What an engine makes of a filter is its affair.
    private bool IsWanted(ContainerDetail container)
    {
        var labels = container.Config?.Labels ?? [];

        // What 'docker compose run' starts has the labels of its service, and is no part of it.
        if (labels.GetValueOrDefault("com.docker.compose.oneoff") == "True")
            return false;
        if (settings.ByLabel)
            return settings.Find.Split('=', 2) is var label && labels.GetValueOrDefault(label[0]) == label[1];
        return settings.Find.Split('/') is [var project, var service]
            ? labels.GetValueOrDefault(ServiceLabel) == service && labels.GetValueOrDefault(ProjectLabel) == project
            : container.Name.TrimStart('/') == settings.Find || labels.GetValueOrDefault(ServiceLabel) == settings.Find;
    }

    private static bool IsServer(ContainerDetail container) =>
        container.State is { Running: true, Paused: false, Restarting: false } state && state.Health?.Status is null or "" or "none" or "healthy";

    private ServerSettings? Server(ContainerDetail container, IReadOnlySet<string> networks, out string? why)
    {
        var (labels, name) = (container.Config?.Labels ?? [], container.Name.TrimStart('/'));
        var server = ServerLabels.Apply(_like, labels, name, out why);
        if ((settings.Port > 0 ? settings.Port : ServerLabels.Port(labels, name, ref why)) is not { } port && !TryOnlyPort(container, out port))
        {
            why ??= $"the container {name} does not expose just one port: say with 'port', or with its label {ServerLabels.PortLabel}, which it listens on";
            return null;
        }

        if (HostOf(container, settings.Network ?? labels.GetValueOrDefault(ServerLabels.NetworkLabel), networks) is not { } host)
        {
            why = $"the container {name} has no address{(settings.Network is { } network ? $" on the network {network}" : "")}";
            return null;
        }

        return server with { Address = NetworkAddress.ForHost(host, port) };
    }

    private static bool TryOnlyPort(ContainerDetail container, out int port)
    {
        List<string> exposed = [.. container.Config?.ExposedPorts?.Keys.Where(key => key.EndsWith("/tcp", StringComparison.Ordinal)) ?? []];
        port = 0;
        return exposed.Count == 1 && int.TryParse(exposed[0].AsSpan(0, exposed[0].Length - 4), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
    }

    private static string? HostOf(ContainerDetail container, string? network, IReadOnlySet<string> shared)
    {
        if (container.HostConfig?.NetworkMode == "host")
            return network is null ? "127.0.0.1" : null;
        return (container.NetworkSettings?.Networks ?? [])
            .Where(pair => network is null || pair.Key == network)
            .OrderBy(pair => shared.Contains(pair.Key) ? 0 : 1).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => AddressOf(pair.Value)).FirstOrDefault(address => address is not null);
    }

    private static string? AddressOf(ContainerNetwork network) =>
        network.Address is { Length: > 0 } address ? address : network.Ipv6Address is { Length: > 0 } other ? other : null;
}

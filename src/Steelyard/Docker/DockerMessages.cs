using System.Text.Json;
using System.Text.Json.Serialization;

namespace Steelyard.Docker;

// What of the answers of Docker's engine (https://docs.docker.com/reference/api/engine/) is of use here. Any part may be missing.

internal sealed record VersionAnswer
{
    public string? Version { get; init; }

    public string? ApiVersion { get; init; }

    [JsonPropertyName("MinAPIVersion")]
    public string? LeastApiVersion { get; init; }
}

internal sealed record InfoAnswer
{
    public SwarmState? Swarm { get; init; }
}

internal sealed record SwarmState
{
    /// <summary>inactive, pending, active, error or locked.</summary>
    [JsonPropertyName("LocalNodeState")]
    public string? NodeState { get; init; }

    [JsonPropertyName("ControlAvailable")]
    public bool IsManager { get; init; }
}

internal sealed record NetworkName
{
    public string? Name { get; init; }
}

internal sealed record RefusalAnswer
{
    [JsonPropertyName("message")]
    public string? Message { get; init; }
}

/// <summary>A container, as a list has it.</summary>
internal sealed record ContainerItem
{
    public string Id { get; init; } = "";
}

/// <summary>A container, looked at alone.</summary>
internal sealed record ContainerDetail
{
    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    public ContainerState? State { get; init; }

    public ContainerConfig? Config { get; init; }

    public ContainerHost? HostConfig { get; init; }

    public ContainerNetworks? NetworkSettings { get; init; }
}

internal sealed record ContainerState
{
    public bool Running { get; init; }

    public bool Paused { get; init; }

    public bool Restarting { get; init; }

    public ContainerHealth? Health { get; init; }
}

internal sealed record ContainerHealth
{
    /// <summary>none, starting, healthy or unhealthy.</summary>
    public string? Status { get; init; }
}

internal sealed record ContainerConfig
{
    public string? Hostname { get; init; }

    public Dictionary<string, string>? Labels { get; init; }

    /// <summary>By names such as 3000/tcp.</summary>
    public Dictionary<string, JsonElement>? ExposedPorts { get; init; }

    public string? StopSignal { get; init; }
}

internal sealed record ContainerHost
{
    public string? NetworkMode { get; init; }
}

internal sealed record ContainerNetworks
{
    public Dictionary<string, ContainerNetwork>? Networks { get; init; }
}

internal sealed record ContainerNetwork
{
    [JsonPropertyName("IPAddress")]
    public string? Address { get; init; }

    [JsonPropertyName("GlobalIPv6Address")]
    public string? Ipv6Address { get; init; }
}

/// <summary>A service of Docker Swarm.</summary>
internal sealed record ServiceItem
{
    [JsonPropertyName("ID")]
    public string Id { get; init; } = "";

    public ObjectVersion? Version { get; init; }

    public ServiceSpec? Spec { get; init; }

    public UpdateStatus? UpdateStatus { get; init; }
}

internal sealed record ObjectVersion
{
    public ulong Index { get; init; }
}

internal sealed record ServiceSpec
{
    public string? Name { get; init; }

    public UpdateConfig? UpdateConfig { get; init; }

    public UpdateConfig? RollbackConfig { get; init; }

    public Dictionary<string, string>? Labels { get; init; }
}

/// <summary>How tasks are replaced. Times are nanoseconds.</summary>
internal sealed record UpdateConfig
{
    public long Delay { get; init; }

    public long Monitor { get; init; }
}

internal sealed record UpdateStatus
{
    /// <summary>updating, paused, completed, rollback_started, rollback_paused or rollback_completed.</summary>
    public string? State { get; init; }

    public string? Message { get; init; }
}

/// <summary>A task: one container of a service.</summary>
internal sealed record TaskItem
{
    [JsonPropertyName("ID")]
    public string Id { get; init; } = "";

    [JsonPropertyName("ServiceID")]
    public string ServiceId { get; init; } = "";

    [JsonPropertyName("NodeID")]
    public string? NodeId { get; init; }

    /// <summary>What the manager wants of it: running, or shutdown, remove and others.</summary>
    public string? DesiredState { get; init; }

    public TaskSpec? Spec { get; init; }

    public TaskStatus? Status { get; init; }

    [JsonPropertyName("NetworksAttachments")]
    public TaskNetwork[]? Networks { get; init; }
}

internal sealed record TaskSpec
{
    public TaskContainer? ContainerSpec { get; init; }
}

internal sealed record TaskContainer
{
    public Dictionary<string, string>? Labels { get; init; }
}

internal sealed record TaskStatus
{
    /// <summary>What it is: new, pending, assigned, preparing, starting, running, complete, shutdown, failed and others.</summary>
    public string? State { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Err { get; init; }

    public PortStatus? PortStatus { get; init; }
}

internal sealed record PortStatus
{
    public PublishedPort[]? Ports { get; init; }
}

internal sealed record PublishedPort
{
    public string? Protocol { get; init; }

    public int TargetPort { get; init; }

    [JsonPropertyName("PublishedPort")]
    public int Port { get; init; }

    /// <summary>ingress or host.</summary>
    public string? PublishMode { get; init; }
}

internal sealed record TaskNetwork
{
    public NetworkItem? Network { get; init; }

    /// <summary>With the length of the prefix, as in 10.0.1.5/24.</summary>
    public string[]? Addresses { get; init; }
}

internal sealed record NetworkItem
{
    public NetworkSpec? Spec { get; init; }
}

internal sealed record NetworkSpec
{
    public string? Name { get; init; }

    public bool Ingress { get; init; }
}

internal sealed record NodeItem
{
    [JsonPropertyName("ID")]
    public string Id { get; init; } = "";

    public NodeStatus? Status { get; init; }

    /// <summary>Of managers only.</summary>
    public ManagerStatus? ManagerStatus { get; init; }
}

internal sealed record ManagerStatus
{
    /// <summary>Where other managers reach it, with its port.</summary>
    [JsonPropertyName("Addr")]
    public string? Address { get; init; }
}

internal sealed record NodeStatus
{
    [JsonPropertyName("Addr")]
    public string? Address { get; init; }
}

/// <summary>Something that has happened.</summary>
internal sealed record DockerEvent
{
    public string? Type { get; init; }

    public string? Action { get; init; }

    public EventActor? Actor { get; init; }
}

internal sealed record EventActor
{
    [JsonPropertyName("ID")]
    public string? Id { get; init; }

    public Dictionary<string, string>? Attributes { get; init; }
}

/// <summary>How the messages of Docker's engine are read.</summary>
[JsonSourceGenerationOptions]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(RefusalAnswer))]
[JsonSerializable(typeof(InfoAnswer))]
[JsonSerializable(typeof(NetworkName[]))]
[JsonSerializable(typeof(ContainerItem[]))]
[JsonSerializable(typeof(ContainerDetail))]
[JsonSerializable(typeof(ServiceItem[]))]
[JsonSerializable(typeof(TaskItem[]))]
[JsonSerializable(typeof(NodeItem[]))]
[JsonSerializable(typeof(DockerEvent))]
internal sealed partial class DockerJson : JsonSerializerContext;

using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Steelyard.Config;

namespace Steelyard.Docker;

/// <summary>A service in the words of Docker's API.</summary>
internal static class SwarmSpec
{
    /// <summary>The label that says what a service was made from, by which one sees whether a file says something else now.</summary>
    public const string MadeFrom = "steelyard.spec";

    private const string Namespace = "com.docker.stack.namespace";

    /// <summary>The body that makes a service, or that changes one.</summary>
    public static JsonObject Of(SwarmServiceSettings service)
    {
        var spec = new JsonObject
        {
            ["Name"] = service.FullName,
            ["TaskTemplate"] = new JsonObject
            {
                ["ContainerSpec"] = ContainerOf(service),
                ["Resources"] = service.MostMemory is { } memory ? new JsonObject { ["Limits"] = new JsonObject { ["MemoryBytes"] = memory.Bytes } } : null,
                ["RestartPolicy"] = RestartOf(service),
                ["Placement"] = new JsonObject { ["Constraints"] = Texts(service.Constraints) },
                ["Networks"] = new JsonArray([.. service.Networks.Select(network => new JsonObject { ["Target"] = network.Name, ["Aliases"] = new JsonArray(service.Name) })]),
            },
            ["Mode"] = service.Replicas is { } count ? new JsonObject { ["Replicated"] = new JsonObject { ["Replicas"] = count } } : new JsonObject { ["Global"] = new JsonObject() },
            ["UpdateConfig"] = UpdateOf(service.Update, "rollback"),
            ["RollbackConfig"] = UpdateOf(service.Rollback, "pause"),
            ["EndpointSpec"] = new JsonObject
            {
                ["Ports"] = new JsonArray([.. service.Ports.Select(port => new JsonObject { ["Protocol"] = "tcp", ["TargetPort"] = port, ["PublishMode"] = "host" })]),
            },
        };
        var labels = Pairs(service.Labels);
        labels[Namespace] = service.Stack;
        labels["com.docker.stack.image"] = service.Image;
        labels[MadeFrom] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(labels.ToJsonString() + spec.ToJsonString())).AsSpan(0, 16));
        spec["Labels"] = labels;
        return spec;
    }

    /// <summary>The body that makes a network.</summary>
    public static JsonObject NetworkOf(string stack, string name) => new()
    {
        ["Name"] = name,
        ["Driver"] = "overlay",
        ["Attachable"] = true,
        ["CheckDuplicate"] = true,
        ["Labels"] = new JsonObject { [Namespace] = stack },
    };

    private static JsonObject ContainerOf(SwarmServiceSettings service)
    {
        var labels = Pairs(service.ContainerLabels);
        labels[Namespace] = service.Stack;
        var container = new JsonObject
        {
            ["Image"] = service.Image,
            ["Labels"] = labels,
            ["Env"] = new JsonArray([.. service.Environment.Select(variable => (JsonNode)$"{variable.Name}={variable.Value}")]),
            ["StopGracePeriod"] = Nanoseconds(service.StopGrace),
            ["ReadOnly"] = service.ReadOnly,
            ["Init"] = service.Init,
            ["Mounts"] = new JsonArray([.. service.Mounts.Select(mount => new JsonObject { ["Type"] = mount.IsPath ? "bind" : "volume", ["Source"] = mount.Source, ["Target"] = mount.Target, ["ReadOnly"] = mount.ReadOnly })]),
        };
        if (service.Entrypoint.Count > 0)
            container["Command"] = Texts(service.Entrypoint);
        if (service.Arguments.Count > 0)
            container["Args"] = Texts(service.Arguments);
        if (service.Folder is { } folder)
            container["Dir"] = folder;
        if (service.User is { } user)
            container["User"] = user;
        if (service.StopSignal is { } signal)
            container["StopSignal"] = signal;
        if (HealthOf(service) is { Count: > 0 } health)
            container["Healthcheck"] = health;
        return container;
    }

    private static JsonObject HealthOf(SwarmServiceSettings service)
    {
        var health = new JsonObject();
        if (service.HealthTest.Count > 0)
            health["Test"] = Texts(service.HealthTest);
        foreach (var (name, time) in new[] { ("Interval", service.HealthInterval), ("Timeout", service.HealthTimeout), ("StartPeriod", service.HealthStartPeriod) })
        {
            if (time is { } given)
                health[name] = Nanoseconds(given);
        }

        if (service.HealthRetries is { } retries)
            health["Retries"] = retries;
        return health;
    }

    private static JsonObject RestartOf(SwarmServiceSettings service)
    {
        var restart = new JsonObject { ["Condition"] = service.RestartOn };
        if (service.RestartDelay is { } delay)
            restart["Delay"] = Nanoseconds(delay);
        if (service.RestartMost is { } most)
            restart["MaxAttempts"] = most;
        if (service.RestartWindow is { } window)
            restart["Window"] = Nanoseconds(window);
        return restart;
    }

    private static JsonObject UpdateOf(SwarmUpdate update, string onFailure)
    {
        var config = new JsonObject
        {
            ["Parallelism"] = update.Parallel,
            ["Delay"] = Nanoseconds(update.Delay),
            ["FailureAction"] = update.OnFailure ?? onFailure,
            ["Order"] = update.StartsFirst ? "start-first" : "stop-first",
        };
        if (update.Monitor is { } monitor)
            config["Monitor"] = Nanoseconds(monitor);
        return config;
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * 100;

    private static JsonArray Texts(ValueList<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static JsonObject Pairs(ValueList<EnvironmentVariable> pairs)
    {
        var all = new JsonObject();
        foreach (var pair in pairs)
            all[pair.Name] = pair.Value;
        return all;
    }
}

using System.Globalization;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Yaml;

/// <summary>Writes a server of a pool, and where servers are found.</summary>
internal static class ServerWriter
{
    private static readonly Drafts.DiscoverDraft s_blank = new(default);

    public static string Write(ServerSettings server)
    {
        var address = YamlValues.Scalar(server.Address.ToString());
        string[] parts = [.. Parts(server)];
        return parts.Length == 0 ? address : YamlValues.Braces([$"address: {address}", .. parts]);
    }

    public static string Write(DiscoverSettings discover) => YamlValues.Braces(
    [
        discover.Docker is { } docker ? $"{(docker.IsSwarm ? "service" : "docker")}: {YamlValues.Scalar(docker.Find)}"
            : discover.File is { } file ? $"file: {YamlValues.Scalar(file)}"
            : $"dns: {YamlValues.Scalar(discover.Port == 0 ? discover.Dns! : string.Create(CultureInfo.InvariantCulture, $"{discover.Dns}:{discover.Port}"))}",
        .. YamlValues.Parts(DiscoverTable.Discover, new Drafts.DiscoverDraft(default) { Settings = discover with { Dns = null, File = null }, Docker = discover.Docker ?? s_blank.Docker }, s_blank).Where(part => !part.StartsWith("dns:", StringComparison.Ordinal)),
        .. discover.Docker?.Network is { } network ? (string[])[$"network: {YamlValues.Scalar(network)}"] : [],
        .. discover.NamePrefix is { } prefix ? (string[])[$"name: {YamlValues.Scalar(prefix)}"] : [],
        .. discover.Server is { } server && Parts(server).ToArray() is var parts ? (string[])[parts.Length == 0 ? "server: {}" : $"server: {YamlValues.Braces(parts)}"] : [],
    ]);

    private static IEnumerable<string> Parts(ServerSettings server)
    {
        if (server.At is { } at)
            yield return $"at: {YamlValues.Scalar(at.ToString())}";
        if (server.Made is { } made)
            yield return $"made: {YamlValues.Scalar(made.ToString())}";
        if (server.ClientPort is { } offset)
            yield return $"client-port: {offset.ToString(CultureInfo.InvariantCulture)}";
        if (server.Name is { } name)
            yield return $"name: {YamlValues.Scalar(name)}";
        if (server.Maintenance)
            yield return "maintenance: true";
        if (server.Unchecked)
            yield return "health: none";
        else if (server.Health is { } health)
            yield return health == new HealthSettings() ? "health: tcp" : $"health: {YamlValues.Braces(YamlWriter.HealthParts(health))}";
        if (server.Weight != 1)
            yield return $"weight: {server.Weight.ToString(CultureInfo.InvariantCulture)}";
        if (server.MaxConnections is { } most)
            yield return $"max-connections: {most.ToString(CultureInfo.InvariantCulture)}";
        if (server.MinConnections is { } least)
            yield return $"min-connections: {least.ToString(CultureInfo.InvariantCulture)}";
        if (server.CutsWhenDown)
            yield return "cut-when-down: true";
        if (server.CutsBackups)
            yield return "cut-backups-when-up: true";
        if (server.Backup)
            yield return "backup: true";
        else if (server.Priority > 0)
            yield return $"priority: {server.Priority.ToString(CultureInfo.InvariantCulture)}";
        if (server.ProxyProtocol is { } version)
            yield return $"proxy-protocol: {version.ToString().ToLowerInvariant()}";
        if (server.Tls is { } tls)
            yield return $"tls: {YamlWriter.Tls(tls)}";
        if (server.AgentPort is { } port)
            yield return $"agent-port: {port.ToString(CultureInfo.InvariantCulture)}";
        if (server.AgentAddress is { } beside)
            yield return $"agent-address: {YamlValues.Scalar(beside)}";
        if (server.MaxFails is { } fails)
            yield return $"max-fails: {fails.ToString(CultureInfo.InvariantCulture)}";
        if (server.FailTimeout is { } failing)
            yield return $"fail-timeout: {((long)failing.TotalSeconds).ToString(CultureInfo.InvariantCulture)}s";
        if (server.Cookie is { } cookie)
            yield return $"cookie: {YamlValues.Scalar(cookie)}";
    }
}

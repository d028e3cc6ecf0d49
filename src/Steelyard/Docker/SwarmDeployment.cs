using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Docker;

/// <summary>
/// Brings the services of a file to Docker Swarm: makes those that are missing, changes those that were made from something
/// else, and leaves the others as they are. What the file has no more stays, for it may be somebody else's by now.
/// </summary>
/// <param name="tell">Gets a line for what is done.</param>
internal sealed class SwarmDeployment(Action<string> tell)
{
    /// <summary>Looks for the engine in swarm mode that DOCKER_HOST names, or that is in its usual place.</summary>
    /// <param name="file">The file whose services it is to run, after the folder of which they are called.</param>
    public static SwarmEngine Find(string file)
    {
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } given ? given : $"unix://{DockerSettings.UsualSocket}";
        var project = Environment.GetEnvironmentVariable("COMPOSE_PROJECT_NAME") is { Length: > 0 } named ? named : ProjectOf(file);
        if (!host.StartsWith("unix://", StringComparison.Ordinal))
            return new(DockerSettings.UsualSocket, project, $"DOCKER_HOST is {host}, and Docker is asked through a Unix socket only");
        var socket = host["unix://".Length..];
        return new(socket, project, WhyNotAsync(socket).GetAwaiter().GetResult());
    }

    // As Compose does it.
    private static string ProjectOf(string file)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file))) ?? "";
        var name = string.Concat(folder.ToLowerInvariant().Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')).TrimStart('-', '_');
        return name.Length > 0 ? name : "app";
    }

    private static async Task<string?> WhyNotAsync(string socket)
    {
        using var engine = new DockerEngine(socket);
        try
        {
            var swarm = (await engine.GetAsync("info", DockerJson.Default.InfoAnswer, CancellationToken.None)).Swarm;
            return swarm?.NodeState != "active" ? $"the engine at {socket} is in no swarm"
                : !swarm.IsManager ? $"the engine at {socket} is no manager of its swarm"
                : null;
        }
        catch (DockerException error)
        {
            return error.Message;
        }
    }

    /// <summary>Brings all of them.</summary>
    /// <exception cref="DockerException">The engine refuses one, or does not answer; those before it have been brought.</exception>
    public async Task ApplyAsync(ValueList<SwarmServiceSettings> services, CancellationToken cancel)
    {
        if (services.Count == 0)
            return;
        using var engine = new DockerEngine(services[0].Socket);
        foreach (var (network, stack) in services.AsEnumerable().SelectMany(service => service.Networks, (service, network) => (network, service.Stack)).Where(pair => !pair.network.IsExternal).DistinctBy(pair => pair.network.Name))
            await MakeNetworkAsync(engine, network.Name, stack, cancel);
        foreach (var service in services.AsEnumerable())
            await BringAsync(engine, service, cancel);
    }

    private async Task MakeNetworkAsync(DockerEngine engine, string name, string stack, CancellationToken cancel)
    {
        var known = await engine.GetAsync($"networks?{DockerEngine.Filters(("name", [name]))}", DockerJson.Default.NetworkNameArray, cancel);
        if (Array.Exists(known, network => network.Name == name))
            return;
        await engine.PostAsync("networks/create", SwarmSpec.NetworkOf(stack, name).ToJsonString(), cancel);
        tell($"Docker Swarm: the network {name} is made");
    }

    private async Task BringAsync(DockerEngine engine, SwarmServiceSettings service, CancellationToken cancel)
    {
        var spec = SwarmSpec.Of(service);
        var known = await engine.GetAsync($"services?{DockerEngine.Filters(("name", [service.FullName]))}", DockerJson.Default.ServiceItemArray, cancel);
        if (Array.Find(known, item => item.Spec?.Name == service.FullName) is not { } there)
        {
            await engine.PostAsync("services/create", spec.ToJsonString(), cancel);
            tell($"Docker Swarm: the service {service.FullName} is made");
        }
        else if (there.Spec?.Labels?.GetValueOrDefault(SwarmSpec.MadeFrom) is not { } madeFrom)
        {
            throw new DockerException($"Docker Swarm has a service {service.FullName} that Steelyard has not made: take it away, or call the project otherwise ('name' in the file)");
        }
        else if (madeFrom != (string?)spec["Labels"]![SwarmSpec.MadeFrom])
        {
            await engine.PostAsync(string.Create(CultureInfo.InvariantCulture, $"services/{there.Id}/update?version={there.Version?.Index}"), spec.ToJsonString(), cancel);
            tell($"Docker Swarm: the service {service.FullName} is changed");
        }
    }
}

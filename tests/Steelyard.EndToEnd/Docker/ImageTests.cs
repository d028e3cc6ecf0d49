using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Docker;

/// <summary>
/// The container image and the stacks, as far as they can be tried without a registry: the instructions of the Dockerfile
/// on an empty file system, into which the built program and this machine's libraries are mounted.
/// </summary>
public sealed partial class ImageTests(DockerDaemon docker) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Repository { get; } = Root();

    // Where the program is compiled as it runs, on a machine that does other things, an answer takes longer than that of the native one.
    private static readonly string[] s_patience = ["--health-interval", "1s", "--health-timeout", "20s"];

    // What its libraries lie in, read only.
    private static string[] Libraries => [.. new[] { "/usr", "/lib", "/lib64" }.Where(Directory.Exists)];

    private static string ProgramFolder => Path.GetDirectoryName(SteelyardProcess.Program)!;

    private static string SearchPath => "PATH=/program:/usr/bin:/bin";

    private async Task MakeImageAsync()
    {
        await docker.UseAsync();
        Directory.CreateDirectory(_folder.At("root/etc/steelyard"));
        File.Copy(Path.Combine(Repository, "packaging/docker/steelyard.yaml"), _folder.At("root/etc/steelyard/steelyard.yaml"), overwrite: true);
        await DockerDaemon.RunAsync("tar", "-C", _folder.At("root"), "-cf", _folder.At("root.tar"), ".");
        var last = (await File.ReadAllTextAsync(Path.Combine(Repository, "Dockerfile"), TestContext.Current.CancellationToken)).Split("\nFROM ")[^1];
        var changes = Instruction().Matches(last).SelectMany(match => new[] { "-c", match.Value });
        await docker.DockerAsync(["import", .. changes, _folder.At("root.tar"), "steelyard:latest"]);
    }

    private static IEnumerable<string> Mounts => [.. Libraries.SelectMany(folder => new[] { "-v", $"{folder}:{folder}:ro" }), "-v", $"{ProgramFolder}:/program:ro", "-e", SearchPath];

    [Fact]
    public async Task It_serves_with_a_read_only_root_and_without_rights_says_that_it_is_well_and_stops()
    {
        await MakeImageAsync();
        var id = await docker.DockerAsync(["run", "-d", "--pull", "never", .. s_patience, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", .. Mounts, "steelyard:latest"]);
        await Patience.Until(async () => await docker.DockerAsync("inspect", "--format", "{{.State.Health.Status}}", id) == "healthy", () => "healthy");
        var address = await docker.DockerAsync("inspect", "--format", "{{.NetworkSettings.IPAddress}}", id);
        using var http = new HttpClient();

        using var answer = await http.GetAsync(new Uri($"http://{address}:8080/"), TestContext.Current.CancellationToken);
        Assert.Single(answer.Headers.GetValues("X-Whoami"));
        Assert.Contains("1654", await docker.DockerAsync("top", id, "-o", "pid,uid"), StringComparison.Ordinal);
        Assert.Contains("web:", await docker.DockerAsync("exec", id, "steelyard", "status"), StringComparison.Ordinal);
        await docker.DockerAsync("stop", id);
        Assert.Equal("0", await docker.DockerAsync("inspect", "--format", "{{.State.ExitCode}}", id));
        await docker.DockerAsync("rm", id);
    }

    [Fact]
    public async Task The_sample_of_a_stack_finds_its_tasks()
    {
        await MakeImageAsync();
        var mounts = string.Join(", ", Libraries.Append("/program").Select(folder => $"\"{(folder == "/program" ? ProgramFolder : folder)}:{folder}:ro\""));
        var over = _folder.Write("over.yml", $$"""
            version: "3.8"
            services:
              steelyard: { volumes: [ {{mounts}} ], environment: [ "{{SearchPath}}" ], healthcheck: { interval: 1s, timeout: 20s, start_period: 60s } }
              hello: { volumes: [ {{mounts}} ], environment: [ "{{SearchPath}}" ] }
            """);
        var port = Ports.Free();
        await DeployAsync("hello", Path.Combine(Repository, "samples/swarm/stack.yml"), over, $"PORT={port}");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var names = new HashSet<string>();
        await Patience.Until(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/"), TestContext.Current.CancellationToken);
                    if (answer.IsSuccessStatusCode)
                        names.Add(answer.Headers.GetValues("X-Whoami").Single());
                }
                catch (HttpRequestException)
                {
                    // It does not listen yet.
                }

                return names.Count == 3;
            },
            () => $"answers of three tasks, but {string.Join(", ", names)}");

        await docker.DockerAsync("stack", "rm", "hello");
    }

    [Fact]
    public async Task The_stack_with_all_that_belongs_to_it_is_taken_by_the_engine()
    {
        await MakeImageAsync();
        await docker.DockerAsync("secret", "create", "steelyard-token", Path.Combine(Repository, "packaging/docker/steelyard.yaml"));
        await docker.DockerAsync("secret", "create", "grafana-password", Path.Combine(Repository, "packaging/docker/steelyard.yaml"));

        // Without tasks, whose images nobody is to look for. Older versions of the command take 0 for no override, so those of the app begin, and their image is here.
        var over = _folder.Write("over.yml", "version: \"3.8\"\nservices:\n" + string.Concat(new[] { "steelyard", "app", "redis", "prometheus", "grafana" }.Select(service => $"  {service}: {{ deploy: {{ replicas: 0 }} }}\n")));
        await DeployAsync("all", Path.Combine(Repository, "packaging/swarm/stack.yml"), over, "APP=steelyard");

        // The app is run as its image says, unless somebody says otherwise.
        Task<string> CommandAsync() => docker.DockerAsync("service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{.Spec.TaskTemplate.ContainerSpec.Args}}", "all_app");
        Assert.Equal("steelyard []", (await CommandAsync()).Replace(":latest", "", StringComparison.Ordinal));
        await DeployAsync("all", Path.Combine(Repository, "packaging/swarm/stack.yml"), over, "APP=steelyard", "APP_COMMAND=whoami --listen :3000");
        Assert.Equal("steelyard [whoami --listen :3000]", (await CommandAsync()).Replace(":latest", "", StringComparison.Ordinal));

        var services = await docker.DockerAsync("stack", "services", "--format", "{{.Name}}", "all");
        Assert.Equal(["all_app", "all_grafana", "all_prometheus", "all_redis", "all_steelyard"], services.Split('\n').Order(StringComparer.Ordinal));
        Assert.Contains("GF_SECURITY_ADMIN_PASSWORD__FILE=/run/secrets/grafana-password", await docker.DockerAsync("service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}}", "all_grafana"), StringComparison.Ordinal);
        Assert.Contains("grafana-password", await docker.DockerAsync("service", "inspect", "--format", "{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretName}}{{end}}", "all_grafana"), StringComparison.Ordinal);
        await docker.DockerAsync("stack", "rm", "all");
        await docker.DockerAsync("secret", "rm", "steelyard-token", "grafana-password");
    }

    private async Task DeployAsync(string name, string stack, string over, params string[] variables)
    {
        var group = await DockerDaemon.RunAsync("stat", "-c", "%g", docker.Socket);
        await DockerDaemon.RunAsync("env", [$"DOCKER_GROUP={group}", $"DOCKER_SOCKET={docker.Socket}", .. variables, "docker", "--host", $"unix://{docker.Socket}", "stack", "deploy", "--resolve-image", "never", "-c", stack, "-c", over, name]);
    }

    [Fact]
    public async Task Prometheus_takes_its_configuration()
    {
        foreach (var (name, from) in new[] { ("prometheus.yml", "packaging/swarm/prometheus.yml"), ("steelyard.rules.yml", "packaging/prometheus/steelyard.rules.yml") })
            File.Copy(Path.Combine(Repository, from), _folder.At(name));

        await DockerDaemon.RunAsync("promtool", "check", "config", "--syntax-only", _folder.At("prometheus.yml"));
    }

    [Theory]
    [InlineData("samples/swarm/steelyard.yaml")]
    [InlineData("packaging/docker/steelyard.yaml")]
    public async Task Its_configurations_are_fine(string file)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync("check", Path.Combine(Repository, file));

        Assert.True(status == 0, output + error);
    }

    [Theory]
    [InlineData("samples/swarm/stack.yml")]
    [InlineData("packaging/swarm/stack.yml")]
    public void Every_file_that_a_stack_names_is_there(string file)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository, file))!;
        var named = NamedFile().Matches(File.ReadAllText(Path.Combine(Repository, file))).Select(match => match.Groups["path"].Value).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(folder, path)), path));
    }

    [GeneratedRegex(@"^(?:WORKDIR|USER|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD) .*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\{ file: (?<path>\S+) \}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamedFile();

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}

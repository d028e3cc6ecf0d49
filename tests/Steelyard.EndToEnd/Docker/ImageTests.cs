using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Node;

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

    /// <summary>Makes an image of Debian's programs, under the name that the stack has for it, with a folder that its user may write to.</summary>
    private async Task MakeImageOfAsync(string name, string[] programs, string writable, int user, params string[] instructions)
    {
        var named = (await File.ReadAllLinesAsync(Stack, TestContext.Current.CancellationToken)).Select(line => line.Trim()).Single(line => line.StartsWith($"image: {name}:", StringComparison.Ordinal))["image: ".Length..];
        var (root, archive) = (_folder.At(Path.GetFileName(name)), _folder.At($"{Path.GetFileName(name)}.tar"));
        await DockerDaemon.RunAsync("bash", ["-c", """
            set -e
            root=$1 writable=$2 user=$3
            shift 3
            install -d -o "$user" "$root$writable"
            install -d -m 1777 "$root/tmp"
            for program; do
              file=$(readlink -f "$(command -v "$program")")
              install -D "$file" "$root/usr/bin/$program"
              ldd "$file" | grep -o '/[^ ]*' | while read -r library; do install -D "$library" "$root$library"; done
            done
            tar -C "$root" -cf "$root.tar" .
            """, "image", root, writable, $"{user}", .. programs]);
        await docker.DockerAsync(["import", .. instructions.Prepend($"USER {user}").SelectMany(instruction => new[] { "-c", instruction }), archive, named]);
    }

    private static string Stack { get; } = Path.Combine(Repository, "packaging/swarm/stack.yml");

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

    /// <remarks>
    /// Its images are of Debian's Redis and Prometheus. Grafana is in no distribution: in its place, and as its user, stands a
    /// program that is asked what Grafana would find.
    /// </remarks>
    [Fact]
    public async Task The_stack_serves_an_app_whose_sessions_are_in_its_Redis_and_its_Prometheus_sees_the_requests()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prometheus"), "Prometheus is not installed (Debian: prometheus)");
        await MakeImageAsync();
        await docker.DockerAsync("import", "-c", "ENV PORT=3000", "-c", "CMD [\"node\", \"/app/app.js\"]", _folder.At("root.tar"), "shop:1");
        await MakeImageOfAsync("redis", ["redis-server", "redis-cli"], "/data", 0, "WORKDIR /data", "CMD [\"redis-server\", \"--protected-mode\", \"no\"]");
        await MakeImageOfAsync("prom/prometheus", ["prometheus"], "/prometheus", 65534, "ENTRYPOINT [\"prometheus\"]", "CMD [\"--config.file=/etc/prometheus/prometheus.yml\", \"--storage.tsdb.path=/prometheus\"]");
        await MakeImageOfAsync("grafana/grafana", ["sleep", "cat", "touch", "curl"], "/var/lib/grafana", 472, "CMD [\"sleep\", \"infinity\"]");
        var token = _folder.Write("token", "0123456789abcdef0123456789abcdef");
        await docker.DockerAsync("secret", "create", "steelyard-token", token);
        await docker.DockerAsync("secret", "create", "grafana-password", token);

        // As it is, but that Prometheus asks sooner.
        var scrapes = await File.ReadAllTextAsync(Path.Combine(Repository, "packaging/swarm/prometheus.yml"), TestContext.Current.CancellationToken);
        Assert.Contains("scrape_interval: 15s", scrapes, StringComparison.Ordinal);
        var libraries = string.Join(", ", Libraries.Select(folder => $"\"{folder}:{folder}:ro\""));
        var packages = Path.Combine(await NodePackages.InstallAsync("node"), "node_modules");
        var over = _folder.Write("over.yml", $$"""
            version: "3.8"
            services:
              steelyard: { volumes: [ {{libraries}}, "{{ProgramFolder}}:/program:ro" ], environment: [ "{{SearchPath}}" ], healthcheck: { interval: 1s, timeout: 20s, start_period: 60s } }
              app: { volumes: [ {{libraries}}, "{{Repository}}/samples/sessions/node/app.js:/app/app.js:ro", "{{packages}}:/node_modules:ro" ] }
            configs:
              prometheus: { file: {{_folder.Write("prometheus.yml", scrapes.Replace("15s", "1s", StringComparison.Ordinal))}} }
            """);
        var port = Ports.Free();
        string[] variables = [$"PORT={port}", $"GRAFANA_PORT={Ports.Free()}", "APP=shop:1"];
        await DeployAsync("all", Stack, over, variables);

        // The app is run as its image says, unless somebody says otherwise.
        Task<string> CommandAsync() => docker.DockerAsync("service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{.Spec.TaskTemplate.ContainerSpec.Args}}", "all_app");
        Assert.Equal("shop:1 []", await CommandAsync());

        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(5) };
        var cookie = "";
        var last = "nothing";
        await Patience.Until(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync("/", TestContext.Current.CancellationToken);
                    last = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                    cookie = answer.IsSuccessStatusCode && answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Single().Split(';')[0] : "";
                }
                catch (HttpRequestException notYet)
                {
                    last = notYet.Message;
                }

                return cookie.Length > 0;
            },
            () => $"a session of the app, but {last}");
        for (var visits = 2; visits < 22; visits++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", cookie } } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.StartsWith($"{visits} Node", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        // What a cookie of express-session names, behind its "s:" and before its signature.
        Assert.Contains($"sess:{Uri.UnescapeDataString(cookie.Split('=')[1])[2..].Split('.')[0]}", (await InAsync("redis", "redis-cli", "keys", "*")).Split('\n'));

        var source = await InAsync("grafana", "cat", "/etc/grafana/provisioning/datasources/prometheus.yml");
        var prometheus = Address().Match(source).Value;
        var found = "";
        await Patience.Until(
            async () => (found = await InAsync("grafana", "curl", "-sG", $"{prometheus}/api/v1/query", "--data-urlencode", "query=up{job=\"steelyard\"} == 1 and on(instance) steelyard_requests_total > 20")).Contains("\"instance\":\"steelyard:8404\"", StringComparison.Ordinal),
            () => $"what Prometheus has scraped, but {found}");
        Assert.Contains("SteelyardPoolWithoutServers", await InAsync("grafana", "curl", "-s", $"{prometheus}/api/v1/rules"), StringComparison.Ordinal);

        // What Grafana takes up at its start, and where it writes.
        foreach (var (file, at) in new[] { ("packaging/grafana/provisioning.yml", "provisioning/dashboards/steelyard.yml"), ("packaging/grafana/steelyard.json", "dashboards/steelyard.json") })
            Assert.Equal((await File.ReadAllTextAsync(Path.Combine(Repository, file), TestContext.Current.CancellationToken)).Trim(), await InAsync("grafana", "cat", $"/etc/grafana/{at}"));
        Assert.Contains("GF_SECURITY_ADMIN_PASSWORD__FILE=/run/secrets/grafana-password", await docker.DockerAsync("service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}}", "all_grafana"), StringComparison.Ordinal);
        Assert.Equal("0123456789abcdef0123456789abcdef", await InAsync("grafana", "cat", "/run/secrets/grafana-password"));
        Assert.Equal("", await InAsync("grafana", "touch", "/var/lib/grafana/grafana.db"));

        await DeployAsync("all", Stack, over, [.. variables, "APP=steelyard", "APP_COMMAND=whoami --listen :3000"]);
        Assert.Equal("steelyard [whoami --listen :3000]", (await CommandAsync()).Replace(":latest", "", StringComparison.Ordinal));
        await docker.DockerAsync("stack", "rm", "all");
        await docker.DockerAsync("secret", "rm", "steelyard-token", "grafana-password");
    }

    /// <summary>What a program says in the only task of a service of the stack, whether it succeeds or not.</summary>
    private async Task<string> InAsync(string service, params string[] command)
    {
        var id = await docker.DockerAsync("ps", "-q", "--filter", $"label=com.docker.swarm.service.name=all_{service}");
        return (await DockerDaemon.TryRunAsync("docker", ["--host", $"unix://{docker.Socket}", "exec", id, .. command])).Output.Trim();
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

    [GeneratedRegex(@"http://[\w:]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Address();

    [GeneratedRegex(@"\{ file: (?<path>\S+) \}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamedFile();

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}

using System.Runtime.InteropServices;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Node;

/// <summary>Files of PM2 and of Compose as people have them, with their app, served as they are: on the ports that they name.</summary>
[Trait("Lane", "files")]
public sealed class GuideFilesTests : IDisposable
{
    private readonly HttpClient _http = new();
    private readonly TemporaryFolder _runtime = new();

    public void Dispose()
    {
        _http.Dispose();
        _runtime.Dispose();
    }

    [Fact]
    public async Task The_ecosystem_file_of_the_guide_runs_its_app_on_the_apps_own_port()
    {
        Assert.SkipUnless(Ports.IsFree(3000), "port 3000, which the app listens on whatever it is told, is taken");
        var folder = await GuideAsync();
        await using var up = SteelyardProcess.Start(["up", "ecosystem.config.js"], Environment, folder);
        await up.LineAsync("ready");
        var url = new Uri("http://127.0.0.1:3000/");

        var before = await WorkersAsync(url, System.Environment.ProcessorCount);
        await using var restart = SteelyardProcess.Start(["restart", "app", "-c", "ecosystem.config.js"], Environment, folder);
        Assert.Equal(0, await restart.ExitAsync());
        var after = await WorkersAsync(url, System.Environment.ProcessorCount);

        Assert.Empty(before.Intersect(after));
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        Assert.True(Ports.IsFree(3000));
    }

    [Fact]
    public async Task A_file_that_computes_is_run_by_node_and_read_again_by_a_reload()
    {
        using var folder = new TemporaryFolder();
        folder.Write("app.js", "require('http').createServer((request, response) => response.end(process.env.VERSION)).listen(0);");
        folder.Write("version.json", "{ \"VERSION\": \"one\" }");
        folder.Write("ecosystem.config.js", """
            const env = JSON.parse(require('fs').readFileSync(__dirname + '/version.json', 'utf8'));
            console.log('computing');
            module.exports = { apps: [{ script: 'app.js', instances: 1, env, env_test: { VERSION: env.VERSION + ' tested' } }] };
            """);
        await using var up = SteelyardProcess.Start(["up", "--env", "test"], Environment, folder.Path);
        var url = await up.UrlAsync("listening on http");
        await up.LineAsync("ready");

        Assert.Equal("one tested", await _http.GetStringAsync(url, TestContext.Current.CancellationToken));
        folder.Write("version.json", "{ \"VERSION\": \"two\" }");
        await using var reload = SteelyardProcess.Start(["reload"], Environment, folder.Path);
        Assert.Equal(0, await reload.ExitAsync());

        Assert.Equal("two tested", await _http.GetStringAsync(await up.UrlAsync("listening on http"), TestContext.Current.CancellationToken));
        Assert.Contains("computing", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_in_fork_mode_binds_its_port_says_ready_and_is_told_to_end()
    {
        using var folder = new TemporaryFolder();
        folder.Write("mail.js", """
            const server = require('http').createServer((request, response) => response.end('mail')).listen(0, '127.0.0.1', () => {
              console.log(`mail on http://127.0.0.1:${server.address().port}, ${require('cluster').isPrimary}`);
              process.send('ready');
            });
            process.on('message', text => {
              console.log(`told ${text}`);
              process.disconnect();
              setTimeout(() => { console.log('all sent'); process.exit(0); }, 1000);
            });
            """);
        folder.Write("ecosystem.json", """{ "apps": [{ "script": "mail.js", "wait_ready": true, "shutdown_with_message": true, "kill_timeout": 20000 }] }""");
        await using var up = SteelyardProcess.Start(["up"], Environment, folder.Path);
        await up.LineAsync(", true");
        await up.LineAsync("ready");

        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await up.ExitAsync());
        Assert.Contains("told shutdown\nmail/1 | all sent\n", up.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_ends_well_is_started_again_by_its_schedule_alone_and_each_output_has_its_file()
    {
        using var folder = new TemporaryFolder();
        folder.Write("job.js", "console.log('done'); console.error('counted');");
        folder.Write("ecosystem.config.js", """
            module.exports = { apps: [{ script: 'job.js', autorestart: false, cron_restart: '*/2 * * * * *', out_file: 'out.log', error_file: 'errors.log', log_date_format: '[at] YYYY' }] };
            """);
        await using var up = SteelyardProcess.Start(["up"], Environment, folder.Path);
        await up.LineAsync("ready");
        await Patience.Until(() => up.Output.Split("job/1 | done\n").Length > 3);

        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await up.ExitAsync());
        Assert.Matches(@"^(at \d{4}: done\n){3,}$", File.ReadAllText(folder.At("out.log")));
        Assert.Matches(@"^(at \d{4}: counted\n){3,}$", File.ReadAllText(folder.At("errors.log")));
        Assert.DoesNotContain("before", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_waits_for_the_end_of_another_starts_when_that_has_ended_well()
    {
        using var folder = new TemporaryFolder();
        folder.Write("compose.yaml", """
            services:
              web: { command: sh -c 'cat made; exec sleep 1000', depends_on: { migrate: { condition: service_completed_successfully } } }
              migrate: { command: sh -c 'read go <go; echo $$go >made; exit $$go' }
            """);
        using (var make = System.Diagnostics.Process.Start("mkfifo", [folder.At("go")]))
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        await using (var failing = SteelyardProcess.Start(["up"], Environment, folder.Path))
        {
            await File.WriteAllTextAsync(folder.At("go"), "3\n", TestContext.Current.CancellationToken);
            Assert.Equal(1, await failing.ExitAsync());
            Assert.Contains("migrate/1 ended with exit code 3 instead of 0", failing.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("web/1", failing.Output, StringComparison.Ordinal);
        }

        await using var up = SteelyardProcess.Start(["up"], Environment, folder.Path);
        await File.WriteAllTextAsync(folder.At("go"), "0\n", TestContext.Current.CancellationToken);
        await up.LineAsync("web/1 | 0");
        await up.LineAsync("ready");

        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    // Express's generator writes bin/www, and npm does not tell what it runs of SIGINT.
    [Fact]
    public async Task A_script_without_extension_is_run_by_node_and_what_npm_started_is_told_to_end()
    {
        using var folder = new TemporaryFolder();
        const string App = """
            #!/usr/bin/env node
            const server = require('http').createServer((request, response) => response.end(`Handled by process ${process.pid}`)).listen(0, '127.0.0.1', () => console.log(`${process.argv[1]} listens`));
            process.on('SIGINT', () => { console.log('told'); process.exit(0); });
            """;
        Directory.CreateDirectory(folder.At("bin"));
        folder.Write("bin/www", App);
        folder.Write("package.json", """{ "scripts": { "start": "node bin/www" } }""");
        folder.Write("ecosystem.config.js", "module.exports = { apps: [{ name: 'web', script: './bin/www', instances: 2 }, { name: 'other', script: 'npm start', kill_timeout: 20000 }] };");
        await using var up = SteelyardProcess.Start(["up"], Environment, folder.Path);
        var url = await up.UrlAsync("listening on http");
        await up.LineAsync("other/1 | ");
        await Patience.Until(() => up.Output.Split(" listens\n").Length == 4);
        await up.LineAsync("ready");

        Assert.Equal(2, (await WorkersAsync(url, 2)).Count);
        up.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await up.ExitAsync());
        Assert.Contains("other/1 | told", up.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("killed", up.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_compose_file_of_the_guide_runs_the_command_of_its_override_file_behind_the_published_port()
    {
        Assert.SkipUnless(Ports.IsFree(80), "port 80, which the file publishes, is taken or not ours");
        var folder = await GuideAsync();
        await using var up = SteelyardProcess.Start(["up", "docker-compose.yml"], Environment, folder);
        await up.LineAsync("ready");

        Assert.Equal(3, (await WorkersAsync(new("http://127.0.0.1/"), 3)).Count);
        await using var check = SteelyardProcess.Start(["check", "-f", "docker-compose.yml"], Environment, folder);
        Assert.Equal(1, await check.ExitAsync());

        Assert.Contains("docker-compose.yml:5:5: error: the service 'web' says no command", check.Output, StringComparison.Ordinal);
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    [Fact]
    public async Task Services_wait_for_those_they_depend_on_and_reach_them_by_what_these_expose()
    {
        using var folder = new TemporaryFolder();
        folder.Write(".env", $"API_PORT={Ports.Free()}\n");
        folder.Write("api.js", "setTimeout(() => require('http').createServer((request, response) => response.end('of the api')).listen(8000), 300);");
        folder.Write("web.js", """
            require('http').get(process.env.API, answer => answer.on('data', text => {
              require('http').createServer((request, response) => response.end(`${process.env.NAME} ${text}`)).listen(3000);
            })).on('error', error => { console.error(error.message); process.exit(1); });
            """);
        folder.Write("compose.yaml", """
            services:
              web:
                image: web
                command: node web.js
                environment: { API: "http://127.0.0.1:${API_PORT}/", NAME: web }
                ports: [ "127.0.0.1::3000" ]
                depends_on: { api: { condition: service_healthy } }
              api:
                command: node api.js
                expose: [ "${API_PORT}" ]
                x-steelyard: { port: 8000 }
                healthcheck: { test: [ CMD, curl, -f, "http://localhost:8000/health" ] }
            """);
        folder.Write("more.yaml", "services: { web: { environment: [ NAME=more ] } }");
        await using var up = SteelyardProcess.Start(["up", "-f", "compose.yaml", "-f", "more.yaml"], Environment, folder.Path);
        var url = await up.UrlAsync("listening on http");
        await up.LineAsync("ready");

        Assert.Equal("more of the api", await _http.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal("", up.Error);
    }

    private Dictionary<string, string> Environment => new() { ["XDG_RUNTIME_DIR"] = _runtime.Path, ["DOTNET_TieredPGO"] = "0" };

    private static async Task<string> GuideAsync() => Path.Combine(await NodePackages.InstallAsync("node"), "guide");

    /// <summary>Asks until so many workers have answered.</summary>
    private async Task<HashSet<string>> WorkersAsync(Uri url, int count)
    {
        var seen = new HashSet<string>();
        while (seen.Count < count)
            seen.Add(await _http.GetStringAsync(url).Patiently());
        Assert.All(seen, answer => Assert.StartsWith("Handled by process ", answer, StringComparison.Ordinal));
        return seen;
    }
}

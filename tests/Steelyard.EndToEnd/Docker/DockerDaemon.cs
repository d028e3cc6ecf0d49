using System.Diagnostics;
using Steelyard.EndToEnd.Docker;
using Steelyard.EndToEnd.Machinery;

[assembly: AssemblyFixture(typeof(DockerDaemon))]

namespace Steelyard.EndToEnd.Docker;

/// <summary>
/// A Docker engine of these tests, in swarm mode, with folders of its own and without rules in the machine's firewall. It is
/// started by the first test that wants it, and its images are one small server, see tests/docker/server.c. What it is told
/// is told by Docker's own command.
/// </summary>
public sealed class DockerDaemon : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _starting = new(1);
    private readonly TemporaryFolder _folder = new();
    private Process? _process;
    private string? _whyNot;

    public string Socket => _folder.At("docker.sock");

    /// <summary>Starts it, where that was not done; the test is skipped where it cannot be, and fails in CI.</summary>
    public async Task UseAsync()
    {
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_process is null && _whyNot is null)
                _whyNot = await TryStartAsync();
        }
        finally
        {
            _starting.Release();
        }

        if (_whyNot is null)
            return;
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", $"no Docker engine: {_whyNot}");
        Assert.Fail($"no Docker engine: {_whyNot}");
    }

    /// <summary>Runs <c>docker</c>, which has to succeed.</summary>
    /// <returns>What it prints.</returns>
    public Task<string> DockerAsync(params string[] arguments) => RunAsync("docker", ["--host", $"unix://{Socket}", .. arguments]);

    /// <summary>Runs a program, which has to succeed.</summary>
    /// <returns>What it prints.</returns>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (status, output) = await TryRunAsync(program, arguments);
        Assert.True(status == 0, $"{program} {string.Join(' ', arguments)}: {output}");
        return output.Trim();
    }

    /// <summary>Makes an image of the server that says something, or of one that fails.</summary>
    public async Task ImageAsync(string name, string says)
    {
        var setting = says == "fails" ? "ENV FAILS=1" : $"ENV SAYS={says}";
        await DockerAsync("import", "-c", "ENTRYPOINT [\"/server\"]", "-c", setting, "-c", "EXPOSE 3000", _folder.At("image.tar"), name);
    }

    private async Task<string?> TryStartAsync()
    {
        if (Environment.UserName != "root")
            return "only root can start one";
        if (Process.GetProcessesByName("dockerd").Length > 0)
            return "there is one on this machine, whose networks are not to be touched";
        Directory.CreateDirectory(_folder.At("image"));
        try
        {
            var (status, output) = await TryRunAsync("cc", ["-static", "-O1", "-w", "-o", _folder.At("image/server"), Path.Combine(AppContext.BaseDirectory, "docker/server.c")]);
            if (status != 0)
                return output;
            (status, output) = await TryRunAsync("tar", ["-C", _folder.At("image"), "-cf", _folder.At("image.tar"), "."]);
            if (status != 0)
                return output;
            _process = Process.Start(new ProcessStartInfo("dockerd", ["--host", $"unix://{Socket}", "--data-root", _folder.At("data"), "--exec-root", _folder.At("exec"), "--pidfile", _folder.At("pid"), "--iptables=false", "--log-level", "error"])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }

        var complaints = _process.StandardError.ReadToEndAsync();
        while ((await TryRunAsync("docker", ["--host", $"unix://{Socket}", "version"])).Status != 0)
        {
            if (_process.HasExited)
                return await complaints;
            await Task.Delay(50);
        }

        var (done, said) = await TryRunAsync("docker", ["--host", $"unix://{Socket}", "swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:0", "--default-addr-pool", "10.77.0.0/16"]);
        return done == 0 ? null : said;
    }

    /// <summary>Runs a program, which may fail.</summary>
    public static async Task<(int Status, string Output)> TryRunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(s_patience);
        return (process.ExitCode, await output + await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await TryRunAsync("docker", ["--host", $"unix://{Socket}", "swarm", "leave", "--force"]);
            if (!_process.HasExited)
                SteelyardProcess.Signal(_process.Id, System.Runtime.InteropServices.PosixSignal.SIGTERM);
            await _process.WaitForExitAsync().Patiently();
            _process.Dispose();
            foreach (var space in Directory.Exists(_folder.At("exec/netns")) ? Directory.GetFiles(_folder.At("exec/netns")) : [])
                await TryRunAsync("umount", [space]);
            await TryRunAsync("ip", ["link", "del", "docker0"]);
            await TryRunAsync("ip", ["link", "del", "docker_gwbridge"]);
        }

        _starting.Dispose();
        _folder.Dispose();
    }
}

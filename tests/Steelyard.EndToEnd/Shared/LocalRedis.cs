using System.Diagnostics;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Shared;

/// <summary>A real Redis of one test on a port of its own, which can die and come back on the same.</summary>
internal sealed class LocalRedis : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string[] _more;
    private readonly bool _tls;
    private Process _process;

    private LocalRedis(int port, bool tls, string[] more)
    {
        (Port, _tls, _more) = (port, tls, more);
        _process = Begin();
    }

    public int Port { get; }

    /// <param name="more">Further options.</param>
    public static Task<LocalRedis> StartAsync(params string[] more) => StartAsync(tls: false, more);

    /// <summary>One that speaks TLS alone.</summary>
    public static Task<LocalRedis> StartWithTlsAsync(TestCertificates certificates, params string[] more) => StartAsync(
        tls: true,
        ["--tls-cert-file", certificates.PathOf("site.pem"), "--tls-key-file", certificates.PathOf("site.key"), "--tls-ca-cert-file", certificates.PathOf("ca.pem"), "--tls-auth-clients", "no", .. more]);

    private static async Task<LocalRedis> StartAsync(bool tls, string[] more)
    {
        var redis = new LocalRedis(Ports.Free(), tls, more);
        await redis.ReadyAsync();
        return redis;
    }

    /// <summary>SIGKILL, with nothing written anywhere.</summary>
    public async Task KillAsync()
    {
        SteelyardProcess.Kill(_process.Id);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Starts it anew, without anything it knew.</summary>
    public Task StartAgainAsync()
    {
        _process = Begin();
        return ReadyAsync();
    }

    private Process Begin() => Process.Start(new ProcessStartInfo("redis-server", [_tls ? "--tls-port" : "--port", $"{Port}", .. (ReadOnlySpan<string>)(_tls ? ["--port", "0"] : []), "--bind", "127.0.0.1", "--save", "", "--dir", _folder.Path, .. _more]) { UseShellExecute = false, RedirectStandardOutput = true })!;

    private async Task ReadyAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains("eady to accept", StringComparison.Ordinal))
                return;
        }

        Assert.Fail("redis-server has ended");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Steelyard.EndToEnd;

[Trait("Lane", "files")]
public sealed class CheckTests : IDisposable
{
    private const string Good = "listen: [ { bind: ':0', to: web } ]\npools: { web: { servers: [ 127.0.0.1:1 ] } }\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_good_file_is_fine()
    {
        var file = _folder.Write("good.yaml", Good);

        Assert.Equal((0, $"{file} is fine: 1 listener, 1 pool\n", ""), await SteelyardProcess.RunAsync("check", file));
    }

    [Fact]
    public async Task A_folder_means_its_steelyard_yaml()
    {
        _folder.Write("steelyard.yaml", Good);
        await using var process = SteelyardProcess.Start(["check"], [], _folder.Path);

        Assert.Equal(0, await process.ExitAsync());
        Assert.Equal("steelyard.yaml is fine: 1 listener, 1 pool\n", process.Output);
    }

    [Fact]
    public async Task Every_problem_is_shown_in_its_place_without_colours_in_a_pipe()
    {
        var file = _folder.Write("bad.yaml", "listen: [ { bind: ':0', to: wob } ]\npools: { web: { servers: [ 127.0.0.1:1 ], wait: 3 } }\n");

        var (status, output, error) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal((1, ""), (status, error));
        Assert.Contains($"{file}:1:29: error: ", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:2:43: error: ", output, StringComparison.Ordinal);
        Assert.EndsWith($"{file} cannot be used: 2 errors\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Fact]
    public async Task A_warning_leaves_the_file_usable()
    {
        var file = _folder.Write("warning.yaml", Good.Replace("web: {", "spare: { servers: [ 127.0.0.1:2 ] }, web: {", StringComparison.Ordinal));

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(0, status);
        Assert.EndsWith($"{file} is fine: 1 listener, 2 pools, 1 warning\n", output, StringComparison.Ordinal);
    }

    /// <summary>What node makes of an ecosystem file that computes.</summary>
    [Theory]
    [InlineData("process.exit(7)", "what stands here has to be computed by node, and node ended with exit code 7")]
    [InlineData("process.exit(0)", "the file exports nothing, or a function")]
    [InlineData("while (true);", "what stands here has to be computed by node, and node has not ended within 10 s and is killed")]
    [InlineData("require('fs').ftruncateSync(3, 5e9); process.exit(0)", "what stands here has to be computed by node, and it exports 5000000000 bytes, more than 33554432")]
    public async Task A_file_that_node_makes_nothing_of_is_told(string code, string message)
    {
        var file = _folder.Write("ecosystem.config.js", code);

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(1, status);
        Assert.StartsWith($"{file}:1:", output, StringComparison.Ordinal);
        Assert.Contains($": error: {message}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_warning_is_an_error_where_one_is_strict()
    {
        var file = _folder.Write("warning.yaml", Good.Replace("web: {", "spare: { servers: [ 127.0.0.1:2 ] }, web: {", StringComparison.Ordinal));

        var (status, output, _) = await SteelyardProcess.RunAsync("check", "--strict", file);

        Assert.Equal(1, status);
        Assert.Contains($"{file}:2:10: error: no route leads to the pool 'spare'", output, StringComparison.Ordinal);
        Assert.EndsWith($"{file} cannot be used: 1 error\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("many.yaml", "limits: { connections: 9000000 }\n" + Good, "many.yaml:1:24: warning: 9000000 connections are more than ")]
    [InlineData("many.cfg", "global\n  maxconn 9000000\ndefaults\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\nlisten web\n  bind :0\n  server a 127.0.0.1:1\n", "many.cfg:2:3: warning: 9000000 connections are more than ")]
    public async Task More_connections_than_descriptors_are_warned_of(string name, string text, string warning)
    {
        var (status, output, _) = await SteelyardProcess.RunAsync("check", _folder.Write(name, text));

        Assert.Equal(0, status);
        Assert.Contains(warning, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(29, "the certificate expires on ")]
    [InlineData(31, null)]
    [InlineData(-1, "the certificate has expired on ")]
    public async Task A_certificate_is_warned_of_a_month_before_it_expires(int days, string? warning)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=example.com", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-90), DateTimeOffset.UtcNow.AddDays(days).AddHours(1));
        _folder.Write("site.pem", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        var file = _folder.Write("tls.yaml", Good.Replace("to: web", "tls: { certificate: site.pem }, to: web", StringComparison.Ordinal));

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(0, status);
        Assert.Equal(warning is not null, output.Contains($"{file}:1:45: warning: site.pem: {warning ?? "the certificate"}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("site.yaml", Good + "expect: [ GET / -> 403 ]\n", "3:11")]
    [InlineData("site.cfg", "# steelyard: expect GET / -> 403\ndefaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\nlisten web\n  bind :0\n  server a 127.0.0.1:1\n", "1:14")]
    public async Task What_a_file_expects_in_vain_is_an_error_in_its_line(string name, string text, string place)
    {
        var file = _folder.Write(name, text);

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(1, status);
        Assert.StartsWith($"{file}:{place}: error: GET / goes to pool web\n", output, StringComparison.Ordinal);
        Assert.Equal(0, (await SteelyardProcess.RunAsync("check", _folder.Write(name, text.Replace("403", "pool web", StringComparison.Ordinal)))).Status);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("check")]
    public async Task What_is_not_there_is_said_plainly(string command)
    {
        Assert.Equal((1, "", $"steelyard {command}: there is no file or folder {_folder.At("missing.yaml")}\n"),
            await SteelyardProcess.RunAsync(command, _folder.At("missing.yaml")));
        Assert.Equal((1, "", $"steelyard {command}: there is no steelyard.yaml in {_folder.Path}; name a file, or a folder that has one\n"),
            await SteelyardProcess.RunAsync(command, _folder.Path));
    }
}

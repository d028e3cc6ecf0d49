using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Commands;

namespace Steelyard.Tests.Commands;

/// <summary>What <c>steelyard check</c> says of files that hold secrets.</summary>
public sealed class SecretFilesTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private const UnixFileMode OpenFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _folder = Directory.CreateTempSubdirectory("steelyard-").FullName;

    public SecretFilesTests()
    {
        File.SetUnixFileMode(_folder, OpenFolder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=admin", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(365));
        Write("admin.pem", certificate.ExportCertificatePem(), Private | UnixFileMode.OtherRead);
        Write("admin.key", key.ExportPkcs8PrivateKeyPem(), Private);
        Write("token", "0123456789abcdef\n", Private);
        Write("password", "secret\n", Private);
        Write("steelyard.yaml", """
            admin: { address: "127.0.0.1:0", token-file: token, tls: { certificate: admin.pem, key: admin.key } }
            shared: { redis: "127.0.0.1:6379", password-file: password }
            listen: [ { bind: "127.0.0.1:0", to: web } ]
            pools: { web: { sticky: { learn: sid }, servers: [ "127.0.0.1:1" ] } }
            """, Private);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string name, string text, UnixFileMode mode)
    {
        File.WriteAllText(Path.Combine(_folder, name), text);
        File.SetUnixFileMode(Path.Combine(_folder, name), mode);
    }

    private string Check(bool strict = false)
    {
        var read = ConfigurationArgument.TryRead("check", _folder)!;
        Assert.Equal(strict ? null : "", (strict ? read.Strict() : read).Result.Snapshot is null ? null : "");
        return string.Join('\n', read.Result.Problems.Select(problem => $"{problem.Line}:{problem.Column}: {problem.Message}"));
    }

    [Fact]
    public void Those_that_only_their_owner_and_a_group_may_read_are_fine() => Assert.Equal("", Check());

    [Theory]
    [InlineData("token", "1:46: token: every user of this machine may read the token")]
    [InlineData("admin.key", "1:89: admin.key: every user of this machine may read the key")]
    [InlineData("password", "2:51: password: every user of this machine may read the password")]
    public void One_that_everybody_may_read_is_a_warning_where_it_is_named(string name, string expected)
    {
        File.SetUnixFileMode(Path.Combine(_folder, name), Private | UnixFileMode.OtherRead);
        Assert.Equal(expected, Check());
        Assert.Equal(expected, Check(strict: true));

        // Nobody comes to a file in a folder that lets no others through.
        File.SetUnixFileMode(_folder, OpenFolder & ~UnixFileMode.OtherExecute);
        Assert.Equal("", Check());
    }

    [Fact]
    public void A_password_of_Redis_that_cannot_be_read_is_an_error_where_it_is_named()
    {
        File.Delete(Path.Combine(_folder, "password"));
        Assert.Equal("2:51: password: there is no such file", Check(strict: true));
    }
}

using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Expressions;

/// <summary>JSON Web Tokens whose signature is right, and others; those by a secret are beside HAProxy in its differences.</summary>
public sealed class Tokens
{
    [Theory]
    [InlineData("RS256", "RS256", 1)]
    [InlineData("RS512", "RS512", 1)]
    [InlineData("RS256", "RS384", 0)]
    [InlineData("ES256", "ES256", 1)]
    [InlineData("ES256", "RS256", 0)]
    [InlineData("RS256", "PS256", -2)]
    [InlineData("RS256", "XS256", -1)]
    [InlineData("RS256", "RS25", -1)]
    public void A_token_is_verified_by_a_public_key(string signed, string asked, int expected)
    {
        using var rsa = RSA.Create(2048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var isRsa = signed.StartsWith("RS", StringComparison.Ordinal);
        var name = signed.EndsWith("256", StringComparison.Ordinal) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;
        var text = $"{Encode(Encoding.UTF8.GetBytes($"{{\"alg\":\"{signed}\"}}"))}.{Encode("{\"sub\":\"joe\"}"u8)}";
        var signature = isRsa ? rsa.SignData(Encoding.ASCII.GetBytes(text), name, RSASignaturePadding.Pkcs1) : curve.SignData(Encoding.ASCII.GetBytes(text), name);
        var pem = isRsa ? rsa.ExportSubjectPublicKeyInfoPem() : curve.ExportSubjectPublicKeyInfoPem();

        Assert.Equal(expected.ToString(System.Globalization.CultureInfo.InvariantCulture), Verify(asked, $"{text}.{Encode(signature)}", pem));
        signature[^1] ^= 1;
        if (expected == 1)
            Assert.Equal("0", Verify(asked, $"{text}.{Encode(signature)}", pem));
    }

    [Fact]
    public void A_key_of_a_haproxy_cfg_is_read_from_its_file()
    {
        using var rsa = RSA.Create(2048);
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "key.pem"), rsa.ExportSubjectPublicKeyInfoPem());
            File.WriteAllText(Path.Combine(folder.FullName, "private.pem"), rsa.ExportPkcs8PrivateKeyPem());
            Assert.Empty(Read("key.pem"));
            Assert.Contains("no public key", Assert.Single(Read("private.pem")).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        IEnumerable<Problem> Read(string key)
        {
            var file = Path.Combine(folder.FullName, "haproxy.cfg");
            File.WriteAllText(file, $"defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nlisten l\n bind :80\n http-request deny unless {{ http_auth_bearer,jwt_verify(\"RS256\",\"{key}\") 1 }}\n server a 10.0.0.1:80\n");
            return ConfigurationFile.Read(file).Problems.Where(problem => problem.Severity == Severity.Error);
        }
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private static string? Verify(string algorithm, string token, string pem)
    {
        var head = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nX-Token: {token}\r\n\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal(HeadState.Complete, request.Read(head, 16384, 100));
        var client = new ForwardedFields();
        client.Reset(KernelAddress.For(IPAddress.Loopback, 1234), new ListenerState(new RouteTable([], new Dictionary<string, Steelyard.Balancing.Pool>()), []));
        ExpressionRoom.OfThread.Clear();
        var value = CompiledValue.From(new CallExpression(FunctionKind.JwtVerify, new FetchExpression(FetchKind.Header, "X-Token"), [algorithm, pem]));
        return value.TryRead(new() { Request = request, Head = head, Client = client }, out var said) ? Encoding.UTF8.GetString(said) : null;
    }
}

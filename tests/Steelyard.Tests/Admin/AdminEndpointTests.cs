using Steelyard.Admin;

namespace Steelyard.Tests.Admin;

/// <summary>Which endpoint a path is for.</summary>
public sealed class AdminEndpointTests
{
    private static readonly AdminEndpoint Server = new("GET", "/api/pools/{pool}/servers/{server}", "", _ => Task.CompletedTask);

    [Theory]
    [InlineData("/api/pools/web/servers/10.0.0.1:80", "web", "10.0.0.1:80")]
    [InlineData("/api/pools/web/servers/unix:%2Frun%2Fa.sock", "web", "unix:/run/a.sock")]
    [InlineData("/api/pools/a%20b/servers/%5B::1%5D:80", "a b", "[::1]:80")]
    public void What_stands_in_its_places_is_decoded(string path, string pool, string server)
    {
        var values = Server.Match(path);

        Assert.Equal((pool, server), (values!["pool"], values["server"]));
    }

    [Theory]
    [InlineData("/api/pools/web/servers")]
    [InlineData("/api/pools/web/servers/a/b")]
    [InlineData("/api/pools/web/server/a")]
    [InlineData("/")]
    [InlineData("")]
    public void Another_path_is_not_its(string path) => Assert.Null(Server.Match(path));

    [Fact]
    public void Every_endpoint_is_described()
    {
        var document = AdminDocument.Of(AdminEndpoints.All);

        Assert.All(AdminEndpoints.All, endpoint =>
        {
            var operation = document["paths"]![endpoint.Path]![endpoint.Method.ToLowerInvariant()]!;
            Assert.EndsWith(".", (string)operation["summary"]!, StringComparison.Ordinal);
        });
    }
}

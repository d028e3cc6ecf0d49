using Microsoft.AspNetCore.Http;
using Steelyard.Admin;
using Steelyard.Board;

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

    [Theory]
    [InlineData("/api/live", "?sort=nonsense", "'nonsense' is no sort; it is file, state, active or failures")]
    [InlineData("/api/live", "?sort=", "'' is no sort; it is file, state, active or failures")]
    [InlineData("/api/live", "?troubled=yes", "'yes' is no troubled; it is true or false")]
    [InlineData("/api/live", "?page=x", "'x' is no page; it is 0 to 2147483647")]
    [InlineData("/api/live", "?page=-1", "'-1' is no page; it is 0 to 2147483647")]
    [InlineData("/api/live", "?from=web", "'web' is no from; it is POOL:N, the name of a pool and the first server of it from 0")]
    [InlineData("/api/live", "?from=web:1&from=web:x", "'web:x' is no from; it is POOL:N, the name of a pool and the first server of it from 0")]
    [InlineData("/api/live", "?sort=file&sort=state", "'sort' is given 2 times; once is enough")]
    [InlineData("/api/live", "?sorted=state", "/api/live has no parameter 'sorted'; it has search, troubled, sort, page, from")]
    [InlineData("/api/apps/{pool}/logs", "?lines=0", "'0' is no lines; it is 1 to 500")]
    [InlineData("/api/apps/{pool}/logs", "?lines=501", "'501' is no lines; it is 1 to 500")]
    [InlineData("/api/apps/{pool}/logs", "?worker=web", "'web' is no worker; it is 1 to 1024")]
    [InlineData("/api/errors", "?last=5", "/api/errors has no parameter 'last'; it has none")]
    public async Task A_query_that_means_nothing_is_refused_and_told_what_there_is(string path, string query, string detail)
    {
        var endpoint = AdminEndpoints.All.Single(one => one.Path == path);
        var context = new DefaultHttpContext();
        context.Request.QueryString = new(query);

        var problem = await Assert.ThrowsAsync<AdminProblemException>(async () =>
        {
            AdminParameter.Check(path, endpoint.Query, context.Request.Query);
            await endpoint.Handle(new(context, null!, new Dictionary<string, string>()));
        });

        Assert.Equal((400, detail), (problem.Status, problem.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?search=&troubled=false&sort=failures&page=999&from=web:10&from=gone:1")]
    public void A_query_that_means_something_is_taken(string query)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new(query);

        AdminParameter.Check("/api/live", AdminEndpoints.All.Single(one => one.Path == "/api/live").Query, context.Request.Query);

        Assert.Equal(query.Length > 0 ? "failures" : "file", LiveView.Of(new(context, null!, new Dictionary<string, string>())).Sort);
    }

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

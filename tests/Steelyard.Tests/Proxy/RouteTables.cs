using System.Text;
using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>The most specific route wins: host before path, exact before wildcard, long before short.</summary>
public sealed class RouteTables
{
    private static readonly string?[] Hosts =
        [null, "a.test", "b.a.test", "c.b.a.test", "*.a.test", "*.b.a.test", "*.test", "[::1]", "10.0.0.1", "localhost", "*.c.b.a.test"];

    private static readonly string?[] Paths = [null, "/", "/*", "/a", "/a*", "/a/*", "/a/b", "/a/b/*", "/A"];

    private static Dictionary<string, Pool> Pools(IEnumerable<RouteSettings> routes) =>
        routes.SelectMany(route => route.Pool is { } pool ? [pool] : route.Split.Select(share => share.Pool)).Distinct().ToDictionary(name => name, name => new Pool(new PoolSettings { Name = name, Servers = [] }, 0));

    private static RouteTable Table(params RouteSettings[] routes) => new(routes, Pools(routes));

    private static string? Match(RouteTable table, string authority, string path, string method = "GET", string fields = "")
    {
        var target = Encoding.Latin1.GetBytes(path.Split('?')[0]);
        if (PathNormalizer.IsNeeded(target))
            target = PathNormalizer.Normalize(target, new byte[target.Length]).ToArray();
        var head = Encoding.Latin1.GetBytes($"{method} {(path.StartsWith('/') ? path : "/")} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal((HeadState.Complete, HeadError.None), (request.Read(head, 16 * 1024, 100), request.Error));
        return table.Match(request, head, target)?.ChoosePool(null!)!.Name;
    }

    /// <summary>The same, by looking at every route: the best host that has a matching path, then the best path in it.</summary>
    private static string? Naive(RouteSettings[] routes, string authority, string path)
    {
        var host = authority.StartsWith('[') ? authority[..(authority.IndexOf(']') + 1)] : authority.Split(':')[0];
        host = (host.Length > 1 && host.EndsWith('.') ? host[..^1] : host).ToLowerInvariant();
        return routes
            .Select((route, place) => (route, place, host: HostRank(route.Host), path: PathRank(route.Path)))
            .Where(candidate => candidate is { host: >= 0, path: >= 0 })
            .OrderByDescending(candidate => candidate.host).ThenByDescending(candidate => candidate.path).ThenBy(candidate => candidate.place)
            .Select(candidate => candidate.route.Pool)
            .FirstOrDefault();

        int HostRank(string? pattern) =>
            pattern is null ? 0
            : pattern == host ? 1_000
            : pattern.StartsWith("*.", StringComparison.Ordinal) && host.EndsWith(pattern[1..], StringComparison.Ordinal) && host.Length > pattern.Length - 1 ? pattern.Length
            : -1;

        int PathRank(string? pattern) =>
            pattern is null ? 0
            : pattern == path ? 1_000
            : pattern.EndsWith('*') && path.StartsWith(pattern[..^1], StringComparison.Ordinal) ? pattern.Length
            : -1;
    }

    private static readonly Gen<RouteSettings[]> Routes = Gen.Select(Gen.OneOf(Hosts), Gen.OneOf(Paths), Gen.Int[0, 9])
        .Select((host, path, pool) => new RouteSettings { Host = host, Path = path, Pool = $"p{pool}" }).Array[0, 12];

    private static readonly Gen<string> Authority = Gen.Select(
        Gen.OneOf("a.test", "A.Test", "b.a.test", "x.a.test", "x.y.a.test", "c.b.a.test", "x.c.b.a.test", "xa.test", "test", "", "[::1]", "10.0.0.1", "localhost", "LOCALHOST"),
        Gen.OneOf("", "."), Gen.OneOf("", ":80", ":")).Select((host, dot, port) => host.Length == 0 ? "" : (host.StartsWith('[') ? host : host + dot) + port);

    private static readonly Gen<string> RequestPath = Gen.OneOf("/", "/a", "/A", "/ab", "/a/", "/a/b", "/a/b/", "/a/b/c", "/b", "*", "");

    [Fact]
    public void Every_request_goes_where_a_look_at_every_route_sends_it() =>
        Gen.Select(Routes, Authority, RequestPath).Sample(
            (routes, authority, path) => Assert.Equal(Naive(routes, authority, path), Match(Table(routes), authority, path)),
            iter: 20_000);

    [Theory]
    [InlineData("example.com", "exact")]
    [InlineData("EXAMPLE.com", "exact")]
    [InlineData("example.com:8080", "exact")]
    [InlineData("example.com.", "exact")]
    [InlineData("example.com.:8080", "exact")]
    [InlineData("www.example.com", "wildcard")]
    [InlineData("a.b.EXAMPLE.COM:1", "wildcard")]
    [InlineData("deep.www2.example.com", "longer")]
    [InlineData("notexample.com", "any")]
    [InlineData("[2001:db8::1]", "v6")]
    [InlineData("[2001:DB8::1]:443", "v6")]
    [InlineData("[2001:db8::2]", "any")]
    [InlineData("", "any")]
    public void A_host_is_found_with_its_port_its_dot_and_in_any_case(string authority, string pool)
    {
        var table = Table(
            new RouteSettings { Pool = "any" },
            new RouteSettings { Host = "*.example.com", Pool = "wildcard" },
            new RouteSettings { Host = "*.www2.example.com", Pool = "longer" },
            new RouteSettings { Host = "example.com", Pool = "exact" },
            new RouteSettings { Host = "[2001:db8::1]", Pool = "v6" });
        Assert.Equal(pool, Match(table, authority, "/"));
    }

    [Fact]
    public void A_host_whose_paths_do_not_match_passes_on_to_the_next()
    {
        var table = Table(
            new RouteSettings { Host = "www.example.com", Path = "/exact", Pool = "exact" },
            new RouteSettings { Host = "*.example.com", Path = "/wild/*", Pool = "wildcard" },
            new RouteSettings { Path = "/any", Pool = "any" });

        Assert.Equal("exact", Match(table, "www.example.com", "/exact"));
        Assert.Equal("wildcard", Match(table, "www.example.com", "/wild/x"));
        Assert.Equal("any", Match(table, "www.example.com", "/any"));
        Assert.Null(Match(table, "www.example.com", "/nowhere"));
    }

    [Fact]
    public void The_first_of_two_equal_routes_stands()
    {
        var table = Table(new RouteSettings { Path = "/*", Pool = "first" }, new RouteSettings { Path = "/*", Pool = "second" });
        Assert.Equal("first", Match(table, "", "/x"));
    }

    [Fact]
    public void A_host_of_the_longest_length_is_found()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('a', 49), 5)) + ".test";
        Assert.Equal("long", Match(Table(new RouteSettings { Host = host, Pool = "long" }), host.ToUpperInvariant() + ":65535", "/"));
        Assert.Null(Match(Table(new RouteSettings { Host = host, Pool = "long" }), new string('x', 261), "/"));
    }

    [Theory]
    [InlineData("/admin/x", "admin")]
    [InlineData("//admin/x", "admin")]
    [InlineData("/./admin/x", "admin")]
    [InlineData("/open/../admin/x", "admin")]
    [InlineData("/%61dmin/x", "admin")]
    [InlineData("/admin/%2E%2e/open", "open")]
    [InlineData("/open/%2e%2e/admin/", "admin")]
    [InlineData("/../../admin/x", "admin")]
    [InlineData("/admin%2Fx", "any")]
    [InlineData("/admin%2fx", "any")]
    [InlineData("/admin/..", "any")]
    [InlineData("/open", "open")]
    [InlineData("/open/.", "any")]
    [InlineData("/caf%c3%a9", "cafe")]
    [InlineData("/caf%C3%A9", "cafe")]
    public void No_spelling_of_a_path_steps_around_its_route(string path, string pool)
    {
        var table = Table(
            new RouteSettings { Path = "/admin/*", Pool = "admin" },
            new RouteSettings { Path = "/open", Pool = "open" },
            new RouteSettings { Path = "/caf%C3%A9", Pool = "cafe" },
            new RouteSettings { Pool = "any" });
        Assert.Equal(pool, Match(table, "x", path));
    }

    [Theory]
    [InlineData("GET", "/x", "", "any")]
    [InlineData("POST", "/x", "", "posts")]
    [InlineData("DELETE", "/x", "", "posts")]
    [InlineData("post", "/x", "", "any")]
    [InlineData("GET", "/x", "X-Canary: 1\r\n", "canary")]
    [InlineData("GET", "/x", "x-canary: 0\r\nX-CANARY: 1\r\n", "canary")]
    [InlineData("GET", "/x", "X-Canary: 10\r\n", "any")]
    [InlineData("POST", "/x", "X-Canary: 1\r\nAuthorization: Bearer a\r\n", "both")]
    [InlineData("GET", "/x?a=1&beta=yes", "", "beta")]
    [InlineData("GET", "/x?beta", "", "beta")]
    [InlineData("GET", "/x?Beta=1", "", "any")]
    [InlineData("GET", "/x?alphabeta=1", "", "any")]
    public void Who_asks_for_more_of_a_request_goes_first(string method, string path, string fields, string pool)
    {
        var table = Table(
            new RouteSettings { Pool = "any" },
            new RouteSettings { Methods = ["POST", "DELETE"], Pool = "posts" },
            new RouteSettings { Headers = [new("X-Canary", "1")], Pool = "canary" },
            new RouteSettings { Methods = ["POST"], Headers = [new("X-Canary", "*"), new("authorization", "Bearer *")], Pool = "both" },
            new RouteSettings { Query = [new("beta", "*")], Pool = "beta" });
        Assert.Equal(pool, Match(table, "x", path, method, fields));
    }

    [Fact]
    public void A_path_whose_conditions_fail_passes_on_to_a_shorter_one()
    {
        var table = Table(new RouteSettings { Path = "/a/*", Methods = ["PUT"], Pool = "put" }, new RouteSettings { Path = "/*", Pool = "rest" });
        Assert.Equal("put", Match(table, "x", "/a/b", "PUT"));
        Assert.Equal("rest", Match(table, "x", "/a/b"));
    }

    [Fact]
    public void A_split_gives_each_pool_its_share_exactly()
    {
        var table = Table(new RouteSettings { Split = [new("stable", 19), new("canary", 1), new("off", 0)] });
        var turns = Enumerable.Range(0, 200).Select(_ => Match(table, "x", "/")!).CountBy(name => name).ToDictionary();
        Assert.Equal(new() { ["stable"] = 190, ["canary"] = 10 }, turns);
    }
}

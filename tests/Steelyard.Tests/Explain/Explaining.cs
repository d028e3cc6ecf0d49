using System.Net;
using CsCheck;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Explain;

namespace Steelyard.Tests.Explain;

/// <summary>The way of a request is told as it would go.</summary>
public sealed class Explaining
{
    private const string Site = """
        listen:
          - bind: ":8080"
            routes:
              - { host: api.example.com, path: /v1/*, to: api }
              - { host: api.example.com, path: /v1/*, methods: [ POST ], headers: { X-Beta: "yes" }, to: beta }
              - { host: "*.example.com", path: /v1/admin/*, query: { key: "*" }, to: beta }
              - { path: /old, redirect: "https://{host}/new" }
              - { path: /split, split: { web: 3, api: 1 } }
              - { to: web }
          - bind: ":8443"
            mode: tcp
            routes:
              - { host: db.example.com, to: api }
        pools:
          web: { servers: [ 10.0.0.1:80, { address: 10.0.0.2:80, weight: 3 }, { address: 10.0.0.3:80, weight: 0 } ] }
          api: { balance: least-connections, servers: [ 10.0.1.1:80, 10.0.1.2:80 ] }
          beta: { servers: [ 10.0.2.1:80 ] }
        """;

    private static Answer Ask(string request, Func<Question, Question>? change = null, string configuration = Site)
    {
        var snapshot = ConfigurationFile.Parse(configuration, "test.yaml").Snapshot;
        Assert.NotNull(snapshot);
        var question = new Question { Request = request };
        return Explainer.Of(snapshot).Explain(change is null ? question : change(question));
    }

    private static string? PoolOf(Answer answer) => answer.Pools is [var pool] ? pool.Pool.Name : null;

    [Theory]
    [InlineData("GET http://api.example.com:8080/v1/users", "api")]
    [InlineData("http://API.example.com.:8080/v1/users", "api")]
    [InlineData("GET http://api.example.com:8080//v1/./x/../%75sers", "api")]
    [InlineData("GET http://api.example.com:8080/v2/users", "web")]
    [InlineData("GET http://www.example.com:8080/v1/admin/x?a=1&key=2", "beta")]
    [InlineData("GET http://www.example.com:8080/v1/admin/x?a=1", "web")]
    [InlineData("GET http://example.com:8080", "web")]
    [InlineData("GET http://api.example.com:8080/v1/users#here", "api")]
    public void A_request_takes_the_route_that_it_would_take(string request, string pool) => Assert.Equal(pool, PoolOf(Ask(request)));

    [Fact]
    public void Method_and_fields_count_and_what_was_passed_over_is_told()
    {
        var plain = Ask("POST http://api.example.com:8080/v1/users");
        var beta = Ask("POST http://api.example.com:8080/v1/users", question => question with { Fields = [new("x-beta", "yes")] });

        Assert.Equal(("api", "beta"), (PoolOf(plain), PoolOf(beta)));
        var report = ExplainReports.Of(new() { Request = "POST" }, plain);
        var passedOver = Assert.Single(report.MoreSpecific);
        Assert.Equal("pool beta", passedOver.LeadsTo);
        Assert.Equal(
            [("host", true), ("path", true), ("method", true), ("field", false)],
            passedOver.Conditions.Select(condition => (condition.What, condition.Holds)));
        Assert.Equal(["pool web"], report.LessSpecific.Select(route => route.LeadsTo));
        Assert.Equal("pool api", Assert.Single(ExplainReports.Of(new() { Request = "POST" }, beta).LessSpecific.SkipLast(1)).LeadsTo);
    }

    [Fact]
    public void A_route_that_answers_itself_asks_no_server()
    {
        var answer = Ask("GET http://x:8080/old");

        Assert.Equal("redirect 302 to https://{host}/new", ExplainReports.Of(new() { Request = "" }, answer).Route!.LeadsTo);
        Assert.Empty(answer.Pools);
    }

    [Fact]
    public void Requests_fall_on_pools_and_servers_by_their_weights()
    {
        var answer = Ask("GET http://x:8080/split", question => question with { Repeat = 400 });

        Assert.Equal(["web", "api"], answer.Pools.Select(pool => pool.Pool.Name));
        Assert.Equal([300, 100], answer.Pools.Select(pool => pool.Requests));
        Assert.Equal([75, 225, 0], answer.Pools[0].Counts);
        Assert.Equal([50, 50], answer.Pools[1].Counts);
        Assert.Equal([CandidateState.Eligible, CandidateState.Eligible, CandidateState.WithoutWeight], answer.Pools[0].Candidates.Select(candidate => candidate.State));
    }

    [Fact]
    public void The_same_question_has_the_same_answer()
    {
        static string Text() => Print(Ask("GET http://x:8080/split", question => question with { Repeat = 100, Seed = 7 }));

        Assert.Equal(Text(), Text());
    }

    [Theory]
    [InlineData("GET http://x:8080/a b")]
    [InlineData("")]
    [InlineData("GET example.com")]
    [InlineData("GET ftp://x/")]
    public void What_is_no_request_is_said(string request) => Assert.Contains("expected", Assert.Throws<QuestionException>(() => Ask(request)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("G@T http://x:8080/", 400)]
    [InlineData("GET http://x:8080/a\\b", 400)]
    [InlineData("GET /", 400)]
    [InlineData("GET http://us er:8080/", 400)]
    [InlineData("CONNECT x:8080", 501)]
    public void What_the_parser_refuses_is_refused(string request, int status)
    {
        var words = request.Split(' ');
        if (words.Length == 3)
        {
            Assert.Throws<QuestionException>(() => Ask(request));
            return;
        }

        Assert.Equal(status, Ask(request).Refusal?.Status);
    }

    [Fact]
    public void Who_asks_without_a_host_is_told_that_clients_may_not()
    {
        Assert.Contains("a URL", Ask("GET /").Note, StringComparison.Ordinal);
        Assert.Null(Ask("GET http://x:8080/").Note);
    }

    [Theory]
    [InlineData("{ on: \"header:X-User\" }", "X-User", "one")]
    [InlineData("{ on: \"cookie:sid\" }", "Cookie", "a=b; sid=one")]
    [InlineData("{ learn: sid }", "Cookie", "sid=one")]
    public void A_client_that_is_remembered_is_told_its_server_and_is_not_remembered_for_longer(string sticky, string field, string value)
    {
        const long Hour = 3_600_000;
        var snapshot = ConfigurationFile.Parse(
            $"listen: [ {{ bind: ':80', routes: [ {{ to: web }} ] }} ]\npools: {{ web: {{ sticky: {sticky}, servers: [ 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 ] }} }}", "test.yaml").Snapshot!;
        var pool = new Pool(snapshot.Pools[0], 0);
        var clients = pool.Clients!;
        var expire = (long)snapshot.Pools[0].Sticky!.Expire.TotalMilliseconds;
        clients.Table.Set(clients.Table.KeyOf("one"u8), pool.Servers[2].Id, Hour);
        PoolAnswer Ask(string said, long now) =>
            Explainer.Of(snapshot, new Dictionary<string, Pool> { ["web"] = pool }, lists: null, now).Explain(new Question { Request = "GET http://x/", Fields = [new(field, said)] }).Pools[0];

        Assert.Equal((2, DecisionReason.Sticky), (Ask(value, Hour).First.Server!.Index, Ask(value, Hour).First.Reason));
        Assert.Equal(0, Ask("other", Hour).First.Server!.Index);
        Assert.Equal(DecisionReason.Sticky, Ask(value, Hour + expire - 1).First.Reason);
        Assert.NotEqual(DecisionReason.Sticky, Ask(value, Hour + expire).First.Reason);
    }

    [Fact]
    public void No_route_is_404_and_every_route_is_told_with_what_speaks_against_it()
    {
        var answer = Ask("GET http://y/b", configuration: "listen: [ { bind: ':80', routes: [ { host: x, path: /a, to: web } ] } ]\npools: { web: { servers: [ 10.0.0.1:80 ] } }");

        Assert.Equal(404, answer.Refusal?.Status);
        Assert.Equal([false, false], Assert.Single(answer.Routes).Conditions.Select(condition => condition.Holds));
    }

    [Fact]
    public void A_listener_is_found_by_port_by_address_or_because_it_is_the_only_one_that_fits()
    {
        Assert.Null(Ask("GET http://x:8080/").Note);
        Assert.NotNull(Ask("GET http://x/").Note);
        Assert.Equal(ListenerMode.Tcp, Ask("https://db.example.com:8443", question => question with { Listener = NetworkAddress.ForHost("", 8443) }).Listener.Mode);
        Assert.Contains("no listener binds :1", Assert.Throws<QuestionException>(() => Ask("http://x", question => question with { Listener = NetworkAddress.ForHost("", 1) })).Message, StringComparison.Ordinal);
        Assert.Contains(":8080", Assert.Throws<QuestionException>(() => Ask("https://x/")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://db.example.com:8443", "api")]
    [InlineData("https://other.example.com:8443", null)]
    public void In_TCP_mode_the_name_of_the_hello_counts(string request, string? pool) =>
        Assert.Equal(pool, PoolOf(Ask(request, question => question with { Listener = NetworkAddress.ForHost("", 8443) })));

    [Fact]
    public void A_client_that_belongs_to_a_server_goes_there()
    {
        const string Sticky = "listen: [ { bind: ':80', to: web } ]\npools: { web: { sticky: { cookie: SRV, value: server }, servers: [ { address: 10.0.0.1:80, cookie: a }, { address: 10.0.0.2:80, cookie: b } ] } }";

        var answer = Ask("GET http://x/", question => question with { Fields = [new("Cookie", "SRV=b")], Repeat = 10 }, Sticky);

        Assert.Equal([0, 10], answer.Pools[0].Counts);
        Assert.Contains("10.0.0.2:80: the client belongs to it", Print(answer), StringComparison.Ordinal);
    }

    [Fact]
    public void The_printed_answer_names_everything()
    {
        var text = Print(Ask("GET http://api.example.com:8080/v1/users", question => question with { Repeat = 10, From = IPAddress.Parse("203.0.113.7") }));

        Assert.Contains("host api.example.com, path /v1/* -> pool api", text, StringComparison.Ordinal);
        Assert.Contains("api, least-connections", text, StringComparison.Ordinal);
        Assert.Contains("10.0.1.1:80: several had as little to do", text, StringComparison.Ordinal);
        Assert.Contains("50.0%", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_route_that_matches_in_the_order_told_is_the_one_that_serves()
    {
        string[] hosts = ["", "host: a.test", "host: '*.test'", "host: '*.b.test'", "host: b.test"];
        string[] paths = ["", "path: /a", "path: /*", "path: /a/*", "path: /a/b/*"];
        string[] others = ["", "methods: [ GET ]", "headers: { x: '*' }", "query: { q: '1' }"];
        Gen.Select(Gen.OneOf(hosts), Gen.OneOf(paths), Gen.OneOf(others))
            .Array[1, 12]
            .Select(Gen.OneOf("a.test", "b.test", "c.b.test", "d.c.b.test", "other"), Gen.OneOf("/", "/a", "/a/", "/a/b", "/a/b/c?q=1"))
            .Sample(
                (routes, host, path) =>
                {
                    var lines = routes.Distinct().Select(route => $"      - {{ {string.Concat(new[] { route.Item1, route.Item2, route.Item3 }.Where(part => part.Length > 0).Select(part => part + ", "))}to: web }}");
                    var read = ConfigurationFile.Parse($"listen:\n  - bind: ':80'\n    routes:\n{string.Join('\n', lines)}\npools: {{ web: {{ servers: [ 10.0.0.1:80 ] }} }}\n", "test.yaml");
                    Assert.NotNull(read.Snapshot);
                    var answer = Explainer.Of(read.Snapshot).Explain(new() { Request = $"GET http://{host}{path}", Fields = [new("X", "1")] });
                    Assert.Same(answer.Routes.FirstOrDefault(verdict => verdict.Matches), answer.Route);
                    Assert.All(answer.Routes, verdict => Assert.Equal(verdict.Conditions.All(condition => condition.Holds), verdict.Matches));
                },
                iter: 2000);
    }

    [Fact]
    public void Open_breakers_are_passed_over_and_fallbacks_are_followed()
    {
        var snapshot = ConfigurationFile.Parse(
            """
            listen: [ { bind: ":80", routes: [ { path: /each, to: each }, { path: /whole, to: whole }, { path: /fixed, to: fixed } ] } ]
            pools:
              each: { servers: [ 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 ], breaker: { scope: server } }
              whole: { servers: [ 10.0.1.1:80 ], breaker: { fallback: { to: each } } }
              fixed: { servers: [ 10.0.2.1:80 ], breaker: { fallback: { status: 203 } } }
            """,
            "test.yaml").Snapshot!;
        var pools = snapshot.Pools.ToDictionary(settings => settings.Name, settings => new Pool(settings, () => 0, before: null));
        Answer Of(string path) => Explainer.Of(snapshot, pools, lists: null, 5).Explain(new() { Request = "GET http://x" + path, Repeat = 6 });
        Assert.Equal([2, 2, 2], Of("/each").Pools[0].Counts);
        Assert.Equal(["whole"], Of("/whole").Pools.Select(answer => answer.Pool.Name));

        pools["each"].HoldBreakers(BreakerHold.Open, pools["each"].Servers[1].Settings.Address);
        pools["whole"].HoldBreakers(BreakerHold.Open);
        pools["fixed"].HoldBreakers(BreakerHold.Open);
        var each = Of("/each").Pools[0];
        Assert.Equal([CandidateState.Eligible, CandidateState.BreakerOpen, CandidateState.Eligible], each.Candidates.Select(candidate => candidate.State));
        Assert.Equal((0, 6), (each.Counts[1], each.Counts.Sum()));
        var whole = Of("/whole").Pools;
        Assert.Equal([("whole", 6), ("each", 0)], whole.Select(answer => (answer.Pool.Name, answer.WithoutServer)));
        Assert.Contains("none: the breaker is open; pool each is asked instead", Print(Of("/whole")), StringComparison.Ordinal);
        Assert.Contains("none: the breaker is open; the answer is 203, as its fallback says", Print(Of("/fixed")), StringComparison.Ordinal);

        pools["each"].HoldBreakers(BreakerHold.Open);
        Assert.Equal((new Decision(null, DecisionReason.BreakerOpen), 6), (Of("/each").Pools[0].First, Of("/each").Pools[0].WithoutServer));
        Assert.Equal(0, pools["each"].Servers.Sum(server => server.Active + (int)server.Breaker!.Counts.Calls));
    }

    private static string Print(Answer answer)
    {
        var output = new StringWriter();
        ExplainPrinter.Print(output, ExplainReports.Of(new() { Request = "GET" }, answer), answer.Pools.Sum(pool => pool.Requests));
        return output.ToString();
    }
}

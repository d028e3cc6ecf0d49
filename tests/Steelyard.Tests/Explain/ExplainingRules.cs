using Steelyard.Config;
using Steelyard.Engine.Explain;
using Steelyard.Explain;

namespace Steelyard.Tests.Explain;

/// <summary>What rules make of a request is told as they would make it.</summary>
public sealed class ExplainingRules
{
    private const string Site = """
        listen:
          - bind: ":8080"
            rules:
              - { when: "path starts-with '/admin' and not client in-network '10.0.0.0/8'", deny: 403 }
              - { when: "path is '/old'", redirect: { to: "https://{host}/new", status: 301 } }
              - { when: "path is '/gone'", close: true }
              - { when: "header('X-Beta')", set-variable: "stage: beta" }
              - { when: "path is '/alias'", set-path: /real }
            routes:
              - { path: "/real", to: real }
              - { path: "/v1/*", strip-prefix: /v1, to: web }
              - { path: "/beta", when: "variable('stage') is 'beta'", to: real }
              - { path: "/again", rules: [ { set-path: /real }, { reroute: true } ], to: web }
              - { path: "/split", split: { web: 1, real: 1 } }
              - path: /sorry
                rules: [ { deny: 503 } ]
                error-pages: [ { status: 503, go-to: sorry } ]
                to: web
              - { name: sorry, internal: true, respond: { status: 200, body: "sorry" } }
              - { to: web }
        pools:
          web: { servers: [ 10.0.0.1:80, 10.0.0.2:80 ] }
          real:
            rules: [ { when: "method is 'DELETE'", deny: 405 } ]
            servers: [ { address: 10.0.1.1:80, name: only } ]
        """;

    private static ExplainReport Ask(string request, string configuration = Site, string name = "test.yaml", string from = "127.0.0.1", params QuestionField[] fields)
    {
        var read = ConfigurationFile.Parse(configuration, name);
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems.AsEnumerable()));
        var question = new Question { Request = request, Fields = [.. fields], From = System.Net.IPAddress.Parse(from) };
        return ExplainReports.Of(question, Explainer.Of(read.Snapshot).Explain(question));
    }

    private static string EndOf(ExplainReport report) => report switch
    {
        { Refusal: { } refusal } => $"refused {refusal.Status}",
        { Given: { } given } => $"{given.Status} {given.Location}".TrimEnd(),
        _ => report.Pools[0].Name,
    };

    [Theory]
    [InlineData("GET http://x:8080/admin/users", "403")]
    [InlineData("GET http://x:8080/old", "301 https://x/new")]
    [InlineData("GET http://x:8080/gone", "refused 0")]
    [InlineData("GET http://x:8080/alias", "real")]
    [InlineData("DELETE http://x:8080/alias", "405")]
    [InlineData("GET http://x:8080/again", "real")]
    [InlineData("GET http://x:8080/beta", "web")]
    [InlineData("GET http://x:8080/sorry", "503")]
    public void A_request_comes_to_what_rules_make_of_it(string request, string end) => Assert.Equal(end, EndOf(Ask(request)));

    [Fact]
    public void Who_asks_and_what_else_is_said_counts()
    {
        Assert.Equal("web", EndOf(Ask("GET http://x:8080/admin/users", from: "10.1.2.3")));
        Assert.Equal("real", EndOf(Ask("GET http://x:8080/beta", fields: new QuestionField("X-Beta", "1"))));
    }

    [Theory]
    [InlineData("10.1.0.1", "near")]
    [InlineData("10.2.0.1", "far")]
    [InlineData("192.168.0.1", "refused 0")]
    public void Who_connects_in_TCP_mode_counts(string from, string end)
    {
        const string Databases = """
            listen:
              - bind: ":5432"
                mode: tcp
                rules: [ { when: "not client in-network '10.0.0.0/8'", close: true } ]
                routes:
                  - { when: "client in-network '10.1.0.0/16'", to: near }
                  - { to: far }
            pools:
              near: { servers: [ 10.0.0.1:5432 ] }
              far: { servers: [ 10.0.0.2:5432 ] }
            """;

        Assert.Equal(end, EndOf(Ask("https://x:5432", Databases, from: from)));
    }

    [Fact]
    public void The_rules_that_were_done_are_told_and_what_the_server_is_asked_for()
    {
        var alias = Ask("GET http://x:8080/alias?a=1");
        var stripped = Ask("GET http://x:8080/v1/users?a=1");

        Assert.Equal([("listener", "set-path /real")], alias.Rules.Select(rule => (rule.Place, rule.What)));
        Assert.Equal(("/real", "/real?a=1"), (alias.Path, alias.Target));
        Assert.Equal(("/v1/users", "/users?a=1"), (stripped.Path, stripped.Target));
        Assert.Null(Ask("GET http://x:8080/").Target);
    }

    [Fact]
    public void A_condition_of_a_route_that_does_not_hold_is_told()
    {
        var passedOver = Assert.Single(Ask("GET http://x:8080/beta").MoreSpecific, route => route.LeadsTo == "pool real" && route.Conditions.Any(condition => condition.What == "condition"));

        Assert.Equal([("path", true), ("condition", false)], passedOver.Conditions.Select(condition => (condition.What, condition.Holds)));
    }

    [Theory]
    [InlineData("GET http://x:8081/api/users", "b")]
    [InlineData("GET http://x:8081/", "a")]
    [InlineData("POST http://x:8081/", "403")]
    [InlineData("GET http://x:8081/moved", "301 https://example.com/moved")]
    public void A_haproxy_cfg_is_explained_with_its_rules(string request, string end) => Assert.Equal(end, EndOf(Ask(request, """
        defaults
          mode http
          timeout client 1s
          timeout connect 1s
          timeout server 1s
        frontend web
          bind :8081
          http-request set-var(txn.api) path,field(2,/)
          http-request deny if { method POST }
          http-request redirect prefix https://example.com code 301 if { path /moved }
          use_backend b if { var(txn.api) api }
          default_backend a
        backend a
          server a 10.0.0.1:80
        backend b
          server b 10.0.0.2:80
        """, "test.cfg")));

    [Theory]
    [InlineData("GET http://x:8083/metrics", "200")]
    [InlineData("GET http://x:8083/deep", "401")]
    [InlineData("GET http://x:8083/open", "web")]
    [InlineData("GET http://x:8083/twice", "204")]
    public void What_is_done_behind_the_limits_is_told_and_pages_about_the_balancer_and_errors_of_error_pages(string request, string end) => Assert.Equal(end, EndOf(Ask(request, """
        listen:
          - bind: ":8083"
            routes:
              - { path: /metrics, statistics: metrics }
              - { path: /deep, rules: [ { stop: true } ], access-rules: [ { deny: 401 } ], to: web }
              - { path: /open, access-rules: [ { when: "client in-network '10.0.0.0/8'", deny: 401 } ], to: web }
              - path: /twice
                rules: [ { deny: 403 } ]
                error-pages: [ { status: 403, go-to: page } ]
                recursive-errors: true
                to: web
              - name: page
                internal: true
                rules: [ { deny: 418 } ]
                error-pages: [ { status: 418, go-to: end, as: 204 } ]
                to: web
              - { name: end, internal: true, respond: { status: 200 } }
        pools:
          web: { servers: [ 10.0.0.1:80 ] }
        """)));

    [Fact]
    public void Passwords_are_not_told()
    {
        var report = Ask("GET http://x:8084/", """
            listen:
              - bind: ":8084"
                rules: [ { when: "not basic-credentials is ['joe:secret', 'ann:hidden']", deny: 401 }, { when: "not basic-credentials is-user 'joe:{PLAIN}secret'", deny: 401 } ]
                routes: [ { when: "basic-credentials is 'joe:secret'", to: web } ]
            pools: { web: { servers: [ 10.0.0.1:80 ] } }
            """);

        Assert.Equal("not basic-credentials is ['joe:***', 'ann:***']", Assert.Single(report.Rules).When);
        Assert.DoesNotContain("secret", System.Text.Json.JsonSerializer.Serialize(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_looked_for_in_the_folder_of_the_configuration()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "www"));
            File.WriteAllText(Path.Combine(folder.FullName, "www", "index.html"), "hello");
            var read = ConfigurationFile.Parse("listen: [ { bind: \":8085\", routes: [ { path: \"/*\", files: { root: www } } ] } ]\nexpect: [ \"GET /index.html -> files\" ]\n", "test.yaml");

            Assert.Empty(ExpectationCheck.Run(read, folder.FullName, DateTimeOffset.UnixEpoch));
            Assert.Single(ExpectationCheck.Run(read, Path.GetTempPath(), DateTimeOffset.UnixEpoch));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("GET http://x:8082/old/page", "up", "/new/page")]
    [InlineData("GET http://x:8082/api/users", "up", "/users")]
    [InlineData("GET http://x:8082/private", "403", null)]
    [InlineData("GET http://x:8082/moved", "301 http://x:8082/new", null)]
    public void An_nginx_conf_is_explained_with_its_rules(string request, string end, string? target)
    {
        var report = Ask(request, """
            events {}
            http {
                upstream up { server 10.0.0.1:80; }
                server {
                    listen 8082;
                    rewrite ^/old/(.*)$ /new/$1;
                    location / { proxy_pass http://up; }
                    location /api/ { proxy_pass http://up/; }
                    location /private { deny all; }
                    location /moved { return 301 /new; }
                }
            }
            """, "test.conf");

        Assert.Equal((end, target), (EndOf(report), report.Target));
    }

    [Theory]
    [InlineData("GET /real -> pool real", null)]
    [InlineData("/real -> server only", null)]
    [InlineData("DELETE /real -> 405", null)]
    [InlineData("GET http://x:8080/old -> 301 https://x/new", null)]
    [InlineData("GET /old [Host: y] -> 301 https://y/new", null)]
    [InlineData("GET /old -> 301", null)]
    [InlineData("GET /beta [X-Beta: 1] -> pool real", null)]
    [InlineData("GET /admin/x from 10.0.0.1 at :8080 -> pool web", null)]
    [InlineData("GET /gone -> closed", null)]
    [InlineData("GET /beta -> pool real", "GET /beta goes to pool web; pool real, as the line says; the route for path /beta, condition variable('stage') is 'beta' leads there, but the condition is not variable('stage') is 'beta'")]
    [InlineData("GET /admin/x -> pool web", "GET /admin/x is answered with 403; pool web, as the line says; what it meets is the rule 'deny 403' of the listener, when path starts-with '/admin' and not client in-network '10.0.0.0/8'")]
    [InlineData("GET /old [Host: y] -> 301 https://z/new", "GET /old is answered with 301 https://y/new; 301 https://z/new, as the line says; what it meets is the rule 'redirect 301 to https://{host}/new' of the listener, when path is '/old'")]
    [InlineData("GET / -> server 10.0.0.1:80", "GET / goes to one of 2 servers of pool web, each in its turn; server 10.0.0.1:80, as the line says; what it takes is the route for everything")]
    [InlineData("GET /split -> pool web", "GET /split is shared by the pools web and real; pool web, as the line says")]
    [InlineData("GET / -> pool wob", "no pool is called 'wob'")]
    [InlineData("GET / at :9 -> pool web", "GET / cannot be asked about: no listener binds :9; there is :8080")]
    public void What_is_expected_is_held_against_what_is_explained(string expectation, string? mistake)
    {
        var read = ConfigurationFile.Parse($"{Site}\nexpect:\n  - \"{expectation}\"\n", "test.yaml");
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems.AsEnumerable()));

        var problem = ExpectationCheck.Run(read, "", DateTimeOffset.UnixEpoch).SingleOrDefault();

        Assert.Equal(mistake is null, problem is null);
        if (problem is null)
            return;
        Assert.StartsWith(mistake!, $"{problem.Message}; {problem.Expected}", StringComparison.Ordinal);
        Assert.Equal((Severity.Error, read.Sources[0].LineCount - 1, 5), (problem.Severity, problem.Line, problem.Column));
    }
}

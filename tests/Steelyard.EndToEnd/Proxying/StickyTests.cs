using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>Clients stay with their server: the rows of the table in docs/stickiness.md.</summary>
public sealed class StickyTests
{
    private static readonly StickySettings s_insert = new() { Cookie = "STEELYARD" };

    private static long Now => Environment.TickCount64;

    /// <summary>A server that answers with its name and the cookies it was sent.</summary>
    internal static RecordingOrigin Named(string name, string fields = "") => RecordingOrigin.Start(async connection =>
    {
        while (await connection.ReadRequestOrEnd() is { } request)
        {
            var set = request.Target.Contains("set=", StringComparison.Ordinal) ? $"Set-Cookie: {request.Target.Split("set=")[1]}\r\n" : "";
            var body = $"{name} {string.Join(" / ", request.All("Cookie"))}".TrimEnd();
            await connection.Send($"HTTP/1.1 200 OK\r\n{fields}{set}Content-Length: {body.Length}\r\n\r\n{body}");
        }
    });

    private static TestBalancer Start(StickySettings sticky, params NetworkAddress[] servers) => TestBalancer.Start(
        servers,
        snapshot => snapshot with { Loops = 2, Pools = [snapshot.Pools[0] with { Balance = BalancePolicy.RoundRobin, Sticky = sticky, Outlier = new() { Ejection = TimeSpan.FromHours(1) } }] });

    private static Task<HttpMessage> Ask(TestBalancer balancer, string? cookie = null, string target = "/", string method = "GET") =>
        balancer.Ask($"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{(cookie is null ? "" : $"Cookie: {cookie}\r\n")}{(method == "POST" ? "Content-Length: 0\r\n" : "")}\r\n");

    private static string CookieOf(HttpMessage answer) => answer["Set-Cookie"]!.Split(';')[0];

    /// <summary>A client of the first server, and its cookie.</summary>
    private static async Task<string> ClientOfFirst(TestBalancer balancer)
    {
        while (true)
        {
            var answer = await Ask(balancer);
            if (answer.Text == "a")
                return CookieOf(answer);
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("ETag: \"1\"", true)]
    [InlineData("ETag: \"1\"\r\nCache-Control: no-store", false)]
    [InlineData("Cache-Control: max-age=0, s-maxage=600", true)]
    [InlineData("Cache-Control: s-maxage=0, max-age=600", false)]
    [InlineData("Cache-Control: private=\"X-User\", max-age=600", true)]
    [InlineData("Cache-Control: private, max-age=600", false)]
    public async Task A_cookie_is_private_where_a_shared_cache_might_keep_it(string fields, bool isPrivate)
    {
        await using var a = Named("a", fields.Length == 0 ? "" : fields + "\r\n");
        await using var balancer = Start(s_insert, a.Address);
        Assert.Equal(isPrivate, (await Ask(balancer)).All("Cache-Control").Contains("private"));
    }

    [Fact]
    public async Task A_client_stays_with_its_server_and_the_servers_do_not_see_by_what()
    {
        await using var a = Named("a", "ETag: \"1\"\r\n");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { MaxAge = TimeSpan.FromHours(24), SameSite = StickySameSite.Lax }, a.Address, b.Address);
        var (first, second) = (await Ask(balancer), await Ask(balancer));
        Assert.Equal(["a", "b"], [first.Text, second.Text]);
        Assert.Matches("^STEELYARD=[-_A-Za-z0-9]{30}; path=/; Max-Age=86400; HttpOnly; SameSite=Lax$", first["Set-Cookie"]);
        Assert.Equal("private", first["Cache-Control"]);
        for (var i = 0; i < 6; i++)
        {
            var again = await Ask(balancer, $"x=1; {CookieOf(second)}; y=2");
            Assert.Equal(("b x=1; y=2", null, null), (again.Text, again["Set-Cookie"], again["Cache-Control"]));
        }
    }

    [Fact]
    public async Task A_client_cannot_choose()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert, a.Address, b.Address);
        await using var other = Start(s_insert, a.Address, b.Address);
        var foreign = CookieOf(await Ask(other));
        foreach (var cookie in (string[])["STEELYARD=a", "STEELYARD=", "STEELYARD", "STEELYARD=127.0.0.1", foreign, foreign[..^1] + "!"])
        {
            // In turn, and everybody gets a cookie.
            var answers = new[] { await Ask(balancer, cookie), await Ask(balancer, cookie) };
            Assert.Equal(["a", "b"], answers.Select(answer => answer.Text[..1]));
            Assert.All(answers, answer => Assert.NotNull(answer["Set-Cookie"]));
        }
    }

    [Fact]
    public async Task Over_TLS_the_cookie_is_for_TLS_only()
    {
        await using var a = Named("a");
        await using var balancer = TestBalancer.Start([a.Address], snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Sticky = s_insert }] }, tls: true);
        Assert.EndsWith("; path=/; HttpOnly; Secure", (await Ask(balancer))["Set-Cookie"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServerState.Drain, 1)]
    [InlineData(ServerState.Ready, 0)]
    public async Task A_server_that_drains_or_has_weight_0_keeps_its_clients_and_gets_no_others(ServerState state, int weight)
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { WhenDown = StickyDown.Refuse, Redispatch = false }, a.Address, b.Address);
        var cookie = await ClientOfFirst(balancer);
        balancer.Pool.SetState(balancer.Pool.Servers[0], state, Now);
        balancer.Pool.SetWeight(balancer.Pool.Servers[0], weight, Now);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("b", (await Ask(balancer)).Text);
            Assert.Equal("a", (await Ask(balancer, cookie)).Text);
        }

        // A reload changes nothing of it.
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Panic = 1 }] });
        Assert.Equal(["b", "b", "a"], [(await Ask(balancer)).Text, (await Ask(balancer)).Text, (await Ask(balancer, cookie)).Text]);
    }

    [Theory]
    [InlineData("down", StickyDown.Redispatch, "b")]
    [InlineData("down", StickyDown.Persist, "a")]
    [InlineData("down", StickyDown.Refuse, "503")]
    [InlineData("ejected", StickyDown.Redispatch, "b")]
    [InlineData("ejected", StickyDown.Persist, "a")]
    [InlineData("ejected", StickyDown.Refuse, "503")]
    [InlineData("maintenance", StickyDown.Redispatch, "b")]
    [InlineData("maintenance", StickyDown.Persist, "b")]
    [InlineData("maintenance", StickyDown.Refuse, "503")]
    public async Task When_the_server_is_not_to_be_had(string state, StickyDown when, string expected)
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { WhenDown = when }, a.Address, b.Address);
        var cookie = await ClientOfFirst(balancer);
        var server = balancer.Pool.Servers[0];
        if (state == "down")
            balancer.Pool.Checked(server, up: false, ProbeFault.Refused, 0, Now);
        else if (state == "maintenance")
            balancer.Pool.SetState(server, ServerState.Maintenance, Now);
        for (var i = 0; i < 5 && state == "ejected"; i++)
            balancer.Pool.Learn(server, ServerFailure.Refused, 0, Now);

        var answer = await Ask(balancer, cookie);
        if (expected == "503")
        {
            Assert.Equal((503, null), (answer.Status, answer["Set-Cookie"]));
            return;
        }

        Assert.Equal(expected, answer.Text);
        Assert.Equal(expected == "b", answer["Set-Cookie"] is not null);
        Assert.Equal(expected, (await Ask(balancer, expected == "b" ? CookieOf(answer) : cookie)).Text);
    }

    [Fact]
    public async Task When_the_server_drains_and_is_not_to_keep_its_clients()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { WhenDrained = StickyDrained.Redispatch }, a.Address, b.Address);
        var cookie = await ClientOfFirst(balancer);
        balancer.Pool.SetState(balancer.Pool.Servers[0], ServerState.Drain, Now);
        var answer = await Ask(balancer, cookie);
        Assert.Equal(("b", true), (answer.Text, answer["Set-Cookie"] is not null));

        // What it has got it keeps when the other is back.
        balancer.Pool.SetState(balancer.Pool.Servers[0], ServerState.Ready, Now);
        Assert.Equal(("b", null), ((await Ask(balancer, CookieOf(answer))).Text, (await Ask(balancer, CookieOf(answer)))["Set-Cookie"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_server_does_not_take_the_request(bool redispatch)
    {
        var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { Redispatch = redispatch }, a.Address, b.Address);
        var cookie = await ClientOfFirst(balancer);
        await a.DisposeAsync();
        var answer = await Ask(balancer, cookie);
        if (redispatch)
            Assert.Equal(("b", true), (answer.Text, answer["Set-Cookie"] is not null));
        else
            Assert.Equal((503, null), (answer.Status, answer["Set-Cookie"]));
    }

    [Theory]
    [InlineData(StickyFull.Wait)]
    [InlineData(StickyFull.Redispatch)]
    public async Task When_the_server_is_full(StickyFull when)
    {
        await using var a = RecordingOrigin.Start();
        await using var b = Named("b");
        await using var balancer = TestBalancer.Start([a.Address, b.Address], snapshot => snapshot with
        {
            Pools = [snapshot.Pools[0] with { Sticky = s_insert with { WhenFull = when }, MaxConnections = 1 }],
        });
        using var first = await balancer.Connect();
        await first.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        using var server = await a.Accept();
        await server.Serve("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
        var cookie = CookieOf(await first.ReadResponse());

        // One request is under way with it, so that the next of its clients finds it full.
        await first.Send($"GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
        await server.ReadRequest();
        var second = Ask(balancer, cookie);
        if (when == StickyFull.Redispatch)
            Assert.Equal("b", (await second).Text);
        else
            await Patience.Until(() => balancer.Pool.Waiting == 1);
        await server.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
        await first.ReadResponse();
        if (when == StickyFull.Wait)
        {
            await server.Serve("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA");
            Assert.Equal(("A", null), ((await second).Text, (await second)["Set-Cookie"]));
        }
    }

    [Fact]
    public async Task Dates_are_renewed_and_old_cookies_are_worth_nothing()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        var sticky = s_insert with { MaxIdle = TimeSpan.FromHours(1), Secret = "0123456789abcdef" };
        await using var balancer = Start(sticky, a.Address, b.Address);
        var cookies = new StickyCookies(sticky, "web", balancer.Pool.Settings.Servers.ToArray(), default);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var (fresh, aged, idle) = (CookieAt(now + 60), CookieAt(now - 60), CookieAt(now - 4000));
        var answers = new[] { await Ask(balancer, fresh), await Ask(balancer, aged), await Ask(balancer, idle) };
        Assert.Equal(["b", "b", "a"], answers.Select(answer => answer.Text));
        Assert.Equal([false, true, true], answers.Select(answer => answer["Set-Cookie"] is not null));
        Assert.Equal("b", (await Ask(balancer, CookieOf(answers[1]))).Text);

        string CookieAt(long time)
        {
            var value = new byte[StickyCookies.LongestValue];
            return "STEELYARD=" + RawSocket.Latin1.GetString(value, 0, cookies.Write(1, 0, time, value));
        }
    }

    [Fact]
    public async Task A_cookie_of_the_servers_own_carries_the_server_along()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var balancer = Start(s_insert with { Kind = StickyKind.Prefix }, a.Address, b.Address);
        var answers = new[] { await Ask(balancer, target: "/?set=STEELYARD=one;Path=/"), await Ask(balancer, target: "/?set=STEELYARD=two;Path=/") };
        Assert.All(answers, answer => Assert.Matches("^STEELYARD=[-_A-Za-z0-9]{30}~(one|two);Path=/$", answer["Set-Cookie"]));
        Assert.Equal("b STEELYARD=two", (await Ask(balancer, CookieOf(answers[1]))).Text);
        Assert.Equal("a x=1; STEELYARD=one", (await Ask(balancer, "x=1; " + CookieOf(answers[0]))).Text);
    }

    [Fact]
    public async Task A_cookie_is_as_good_after_a_reload_that_moves_its_server()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var c = Named("c");
        await using var balancer = Start(s_insert, a.Address, b.Address);
        var cookie = await ClientOfFirst(balancer);
        await balancer.Apply(snapshot => snapshot with { Pools = [snapshot.Pools[0] with { Servers = [new() { Address = c.Address }, new() { Address = b.Address }, new() { Address = a.Address }] }] });
        Assert.Equal(["a", "a", "a"], [(await Ask(balancer, cookie)).Text, (await Ask(balancer, cookie)).Text, (await Ask(balancer, cookie)).Text]);
    }
}

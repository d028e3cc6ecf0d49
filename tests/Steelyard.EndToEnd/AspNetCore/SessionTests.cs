using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Steelyard.AspNetCore;
using Steelyard.EndToEnd.Node;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>Sessions over several workers, in a real Redis.</summary>
[Trait("Lane", "apps")]
public sealed class SessionTests
{
    [Fact]
    public async Task Any_worker_knows_every_client_where_sessions_are_in_Redis_and_only_there()
    {
        using var folder = new TemporaryFolder();
        await using var redis = await RedisServer.StartAsync(folder);
        await using var one = await StartAsync("!" + redis.Path);
        await using var other = await StartAsync("!" + redis.Path);

        Assert.Null(await CookieAsync(one, "/plain", null));
        var cookie = await CookieAsync(one, "/visit", null);
        Assert.Equal(("2", "3"), (await VisitAsync(other, cookie), await VisitAsync(one, cookie)));
        Assert.Equal("UP", (await one.AskAsync("/health/detailed")).Body.GetProperty("components").GetProperty("cache").GetProperty("status").GetString());

        await using var alone = await StartAsync(null);
        await using var another = await StartAsync(null);
        var known = await CookieAsync(alone, "/visit", null);
        Assert.Equal(("2", "1"), (await VisitAsync(alone, known), await VisitAsync(another, known)));
    }

    [Fact]
    public async Task The_cookie_is_for_the_server_alone_and_for_TLS_in_production()
    {
        await using var app = await StartAsync(null, secure: true);
        using var answer = await app.Client.GetAsync("/visit", TestContext.Current.CancellationToken);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("steelyard.sid=", cookie, StringComparison.Ordinal);
        Assert.All(["max-age=86400", "httponly", "secure", "samesite=lax"], word => Assert.Contains(word, cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Redis_is_asked_only_for_requests_that_use_their_session()
    {
        using var folder = new TemporaryFolder();
        await using var redis = await RedisServer.StartAsync(folder);
        await using var app = await StartAsync("!" + redis.Path);
        var cookie = await CookieAsync(app, "/visit", null);
        using var own = await ConnectionMultiplexer.ConnectAsync($"!{redis.Path},allowAdmin=true");
        var server = own.GetServer(own.GetEndPoints()[0]);
        async Task<string[]> AskedAsync(string path, string? cookie)
        {
            await server.ConfigResetStatisticsAsync();
            using var answer = await SendAsync(app, path, cookie);
            return [.. (await server.InfoAsync("commandstats")).SelectMany(all => all).Select(one => one.Key.Split('_')[1]).Where(one => one is not ("ping" or "config|resetstat" or "info" or "client|setinfo" or "echo" or "get" or "config|get" or "cluster|nodes" or "sentinel|masters" or "subscribe")).Order(StringComparer.Ordinal)];
        }

        foreach (var path in (string[])["/plain", "/health", "/health/live", "/metrics", "/nowhere"])
        {
            Assert.Empty(await AskedAsync(path, null));
            Assert.Empty(await AskedAsync(path, cookie));
        }

        // Nothing can be there of a client that comes for the first time.
        Assert.Empty(await AskedAsync("/look", null));
        Assert.Equal(["expire", "hmset"], await AskedAsync("/visit", null));
        Assert.Equal(["expire", "hmget"], await AskedAsync("/look", cookie));
        Assert.Equal("2", await VisitAsync(app, cookie));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(19)]
    public async Task A_Redis_that_is_killed_or_stopped_costs_requests_their_session_and_no_more(int signal)
    {
        using var folder = new TemporaryFolder();
        await using var redis = await RedisServer.StartAsync(folder);
        await using var app = await StartAsync("!" + redis.Path);
        var cookie = await CookieAsync(app, "/visit", null);
        Assert.Equal("2", await VisitAsync(app, cookie));

        SteelyardProcess.Signal(redis.Id, (PosixSignal)signal);

        // A load may take two seconds, and so may what is kept; without a time for either it was five, twice.
        var begun = Stopwatch.GetTimestamp();
        Assert.Equal("1", await VisitAsync(app, cookie));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 6);
        begun = Stopwatch.GetTimestamp();
        Assert.Equal(503, (await app.AskAsync("/health/detailed")).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 6);
        Assert.Equal(200, (await app.AskAsync("/health")).Status);
    }

    [Fact]
    public async Task An_app_that_adds_authentication_too_starts_without_its_Redis()
    {
        // It takes connections, and never says a word.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var begun = Stopwatch.GetTimestamp();
        await using var app = await CitizenApp.StartAsync(
            options => options.Sessions.Redis = $"{silent.LocalEndpoint},connectTimeout=60000",
            services => services.AddAuthentication("cookie").AddCookie("cookie"));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 20);
        Assert.Equal(200, (await app.AskAsync("/health")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_that_the_app_keeps_elsewhere_stay_there_in_whatever_order_it_says_so(bool first)
    {
        using var folder = new TemporaryFolder();
        var builder = WebApplication.CreateBuilder();
        if (first)
            builder.Services.AddDataProtection().PersistKeysToFileSystem(new(folder.Path));
        builder.Services.AddSteelyardSessions(new() { Redis = "127.0.0.1:1" }, builder.Environment);
        if (!first)
            builder.Services.AddDataProtection().PersistKeysToFileSystem(new(folder.Path));
        await using var app = builder.Build();
        Assert.IsType<FileSystemXmlRepository>(app.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task A_Redis_that_is_named_by_nothing_is_none(string redis)
    {
        await using var app = await StartAsync(redis);
        var cookie = await CookieAsync(app, "/visit", null);
        Assert.Equal("2", await VisitAsync(app, cookie));
    }

    [Fact]
    public async Task A_session_can_be_used_after_the_answer_has_begun_but_not_begin_there()
    {
        await using var app = await StartAsync(null);
        var cookie = await CookieAsync(app, "/visit", null);

        Assert.Equal("begun 1", await TextAsync(app, "/late", cookie));
        Assert.Equal("begun none", await TextAsync(app, "/late", null));
        Assert.Equal("begun InvalidOperationException", await TextAsync(app, "/late?set=true", null));
    }

    private static Task<CitizenApp> StartAsync(string? redis, bool? secure = null) => CitizenApp.StartAsync(
        options => (options.Sessions.Redis, options.Sessions.Secure) = (redis, secure),
        map: app =>
        {
            app.MapGet("/plain", () => "plain");
            app.MapGet("/look", (HttpContext context) => $"{context.Session.GetInt32("visits")}");
            app.MapGet("/late", async (HttpContext context, bool? set) =>
            {
                await context.Response.WriteAsync("begun ");
                await context.Response.Body.FlushAsync();
                try
                {
                    if (set == true)
                        context.Session.SetInt32("visits", 1);
                    await context.Response.WriteAsync($"{context.Session.GetInt32("visits")?.ToString(CultureInfo.InvariantCulture) ?? "none"}");
                }
                catch (InvalidOperationException fault)
                {
                    await context.Response.WriteAsync(fault.GetType().Name);
                }
            });
            app.MapGet("/visit", (HttpContext context) =>
            {
                var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
                context.Session.SetInt32("visits", visits);
                return $"{visits}";
            });
        });

    private static async Task<string?> CookieAsync(CitizenApp app, string path, string? cookie)
    {
        using var answer = await SendAsync(app, path, cookie);
        return answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Single().Split(';')[0] : null;
    }

    private static Task<string> VisitAsync(CitizenApp app, string? cookie) => TextAsync(app, "/visit", cookie);

    private static async Task<string> TextAsync(CitizenApp app, string path, string? cookie)
    {
        using var answer = await SendAsync(app, path, cookie);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<HttpResponseMessage> SendAsync(CitizenApp app, string path, string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie);
        return await app.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}

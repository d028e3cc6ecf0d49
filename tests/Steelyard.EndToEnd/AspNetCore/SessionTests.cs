using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Steelyard.EndToEnd.Node;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>Sessions over several workers, in a real Redis.</summary>
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

    private static Task<CitizenApp> StartAsync(string? redis, bool? secure = null) => CitizenApp.StartAsync(
        options => (options.Sessions.Redis, options.Sessions.Secure) = (redis, secure),
        map: app =>
        {
            app.MapGet("/plain", () => "plain");
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

    private static async Task<string> VisitAsync(CitizenApp app, string? cookie)
    {
        using var answer = await SendAsync(app, "/visit", cookie);
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

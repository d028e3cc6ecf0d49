using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Steelyard.AspNetCore;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>The health endpoints: as the guide's program answers where it fixes the answer.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task The_short_report_has_what_the_guides_has_until_the_app_is_to_end()
    {
        await using var app = await CitizenApp.StartAsync();

        var (status, body) = await app.AskAsync("/health");

        Assert.Equal(200, status);
        Assert.Equal(["uptime", "message", "timestamp", "cpuLoad", "memoryUsage", "pid"], body.EnumerateObject().Select(one => one.Name));
        Assert.Equal("OK", body.GetProperty("message").GetString());
        Assert.Equal(System.Environment.ProcessId, body.GetProperty("pid").GetInt32());
        Assert.InRange(body.GetProperty("uptime").GetDouble(), 0.01, 100_000);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - body.GetProperty("timestamp").GetInt64(), 0, 60_000);
        Assert.Equal(3, body.GetProperty("cpuLoad").GetArrayLength());
        Assert.All(["rss", "heapTotal", "heapUsed"], name => Assert.True(body.GetProperty("memoryUsage").GetProperty(name).GetInt64() > 1_000_000));
        app.Services.GetRequiredService<Readiness>().IsReady = false;
        Assert.Equal((503, "NOT READY"), await MessageAsync(app));
        Assert.Equal(503, (await app.AskAsync("/health/ready")).Status);
        Assert.Equal(200, (await app.AskAsync("/health/live")).Status);
    }

    [Fact]
    public async Task Each_check_is_a_component_and_one_that_fails_makes_it_down()
    {
        var database = HealthCheckResult.Healthy(data: new Dictionary<string, object> { ["version"] = 15, ["name"] = "orders" });
        await using var app = await CitizenApp.StartAsync(
            options => (options.Health.CacheFor, options.Health.LeastDiskBytes) = (TimeSpan.Zero, 1),
            services => services.AddHealthChecks().AddCheck("database", () => database).AddLivenessCheck("loop", _ => Task.FromResult(HealthCheckResult.Healthy())));

        var (status, body) = await app.AskAsync("/health/detailed");
        Assert.Equal((200, "UP"), (status, body.GetProperty("status").GetString()));
        Assert.Equal(["database", "diskSpace"], body.GetProperty("components").EnumerateObject().Select(one => one.Name).Order(StringComparer.Ordinal));
        var details = body.GetProperty("components").GetProperty("database").GetProperty("details");
        Assert.Equal((15, "orders"), (details.GetProperty("version").GetInt32(), details.GetProperty("name").GetString()));
        Assert.True(body.GetProperty("components").GetProperty("diskSpace").GetProperty("details").GetProperty("free").GetInt64() > 0);

        database = HealthCheckResult.Unhealthy("it does not answer");
        (status, body) = await app.AskAsync("/health/detailed");
        Assert.Equal((503, "DOWN", "database: it does not answer"), (status, body.GetProperty("status").GetString(), body.GetProperty("error").GetString()));
        Assert.Equal("DOWN", body.GetProperty("components").GetProperty("database").GetProperty("status").GetString());
        Assert.Equal(503, (await app.AskAsync("/health/ready")).Status);
        Assert.Equal(200, (await app.AskAsync("/health/live")).Status);
    }

    [Fact]
    public async Task A_check_that_hangs_has_its_time_and_many_who_ask_cost_one_run()
    {
        var runs = 0;
        await using var app = await CitizenApp.StartAsync(
            options => (options.Health.Timeout, options.Health.CacheFor) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
            services => services.AddHealthChecks().AddAsyncCheck("cache", async cancel =>
            {
                Interlocked.Increment(ref runs);
                await Task.Delay(Timeout.Infinite, cancel);
                return HealthCheckResult.Healthy();
            }));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.AskAsync("/health/detailed")));

        Assert.All(answers, answer => Assert.Equal(503, answer.Status));
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task A_check_that_does_not_listen_has_its_time_too()
    {
        var never = new TaskCompletionSource<HealthCheckResult>();
        await using var app = await CitizenApp.StartAsync(
            options => options.Health.Timeout = TimeSpan.FromMilliseconds(100),
            services => services.AddHealthChecks().AddAsyncCheck("deaf", () => never.Task));

        var (status, body) = await app.AskAsync("/health/detailed");

        Assert.Equal((503, "DOWN"), (status, body.GetProperty("components").GetProperty("deaf").GetProperty("status").GetString()));
        Assert.Equal("UP", body.GetProperty("components").GetProperty("diskSpace").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Resources_close_when_all_that_may_use_them_has_stopped()
    {
        var told = new List<string>();
        await using var app = await CitizenApp.StartAsync(
            options => options.Shutdown.Close("database", _ => Tell("database")).Close("cache", _ => Tell("cache")),
            services => services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(new Orders(() => Tell("orders")))));

        await app.StopAsync();

        Assert.Equal(["orders", "database", "cache"], told);

        Task Tell(string what)
        {
            told.Add(what);
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/health/detailed")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/metrics")]
    public async Task HEAD_is_answered_where_GET_is(string path)
    {
        await using var app = await CitizenApp.StartAsync();
        using var head = new HttpRequestMessage(HttpMethod.Head, path);

        using var answer = await app.Client.SendAsync(head, TestContext.Current.CancellationToken);
        using var get = await app.Client.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal((get.StatusCode, get.Content.Headers.ContentType), (answer.StatusCode, answer.Content.Headers.ContentType));
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<(int Status, string? Message)> MessageAsync(CitizenApp app)
    {
        var (status, body) = await app.AskAsync("/health");
        return (status, body.GetProperty("message").GetString());
    }

    private sealed class Orders(Func<Task> end) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => end();
    }
}

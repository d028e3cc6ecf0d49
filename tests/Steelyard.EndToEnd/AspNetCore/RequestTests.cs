using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>What is counted of requests, who is believed about them, and what they are called.</summary>
public sealed class RequestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_are_counted_by_method_route_and_status_and_promtool_finds_nothing()
    {
        await using var app = await CitizenApp.StartAsync(
            options => options.Metrics.Buckets = [0.1, 0.5, 1, 2, 5],
            map: app =>
            {
                app.MapGet("/users/{id:int}", (int id) => id == 0 ? Results.NotFound() : Results.Ok(id));
                app.MapGet("/fault", (RequestDelegate)(_ => throw new InvalidOperationException()));
            });
        foreach (var path in (string[])["/users/1", "/users/2", "/users/0", "/nowhere/at/all", "/fault"])
            (await app.Client.GetAsync(path, Cancel)).Dispose();
        using (var odd = new HttpRequestMessage(new("BREW"), "/users/1"))
            (await app.Client.SendAsync(odd, Cancel)).Dispose();

        var text = await app.Client.GetStringAsync("/metrics", Cancel);

        Assert.Contains("http_request_duration_seconds_count{method=\"GET\",route=\"/users/{id:int}\",status=\"200\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("http_request_duration_seconds_count{method=\"GET\",route=\"/users/{id:int}\",status=\"404\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("http_request_duration_seconds_count{method=\"GET\",route=\"none\",status=\"404\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("http_request_duration_seconds_count{method=\"GET\",route=\"/fault\",status=\"500\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("method=\"OTHER\"", text, StringComparison.Ordinal);
        Assert.Equal(["0.1", "0.5", "1", "2", "5", "+Inf"], text.Split('\n').Where(line => line.StartsWith("http_request_duration_seconds_bucket{method=\"GET\",route=\"none\"", StringComparison.Ordinal)).Select(line => line.Split("le=\"")[1].Split('"')[0]));
        Assert.Contains("process_cpu_seconds_total", text, StringComparison.Ordinal);
        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true })!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var complaints = await promtool.StandardError.ReadToEndAsync(Cancel);
        await promtool.WaitForExitAsync(Cancel);

        // Names that prometheus-net gave to the numbers of .NET before there were such rules.
        Assert.DoesNotContain("http_request", complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_errors_is_no_route_and_what_the_app_counts_itself_stands_beside()
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        Prometheus.Metrics.WithCustomRegistry(registry).CreateCounter("orders_total", "Orders").Inc();
        await using var app = await CitizenApp.StartAsync(
            options => options.Metrics.Registry = registry,
            map: app =>
            {
                app.UseExceptionHandler("/sorry/500");
                app.UseStatusCodePagesWithReExecute("/sorry/{0}");
                app.MapGet("/orders/{id:int}", (RequestDelegate)(_ => throw new InvalidOperationException()));
                app.MapGet("/users/{id:int}", () => Results.NotFound());
                app.MapGet("/sorry/{status:int}", (int status) => $"sorry, {status}");
            });
        foreach (var path in (string[])["/orders/1", "/users/1", "/nowhere", "/sorry/1"])
            (await app.Client.GetAsync(path, Cancel)).Dispose();

        var text = await app.Client.GetStringAsync("/metrics", Cancel);

        Assert.Contains("\norders_total 1\n", text, StringComparison.Ordinal);
        Assert.Equal(
            ["route=\"/orders/{id:int}\",status=\"500\"} 1", "route=\"/sorry/{status:int}\",status=\"200\"} 1", "route=\"/users/{id:int}\",status=\"404\"} 1", "route=\"none\",status=\"404\"} 1"],
            text.Split('\n').Where(line => line.StartsWith("http_request_duration_seconds_count", StringComparison.Ordinal)).Select(line => line[line.IndexOf("route", StringComparison.Ordinal)..]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_trusted_balancers_say_who_the_client_is_and_what_the_request_is_called(bool trusted)
    {
        await using var callee = await CitizenApp.StartAsync(map: app => app.MapGet("/callee", (HttpContext context) => context.TraceIdentifier));
        await using var app = await CitizenApp.StartAsync(
            options =>
            {
                if (!trusted)
                    options.Forwarding.Trusted.Clear();
            },
            services => services.AddHttpClient("callee"),
            app => app.MapGet("/", async (HttpContext context, IHttpClientFactory clients) =>
                $"{context.Connection.RemoteIpAddress} {context.Request.Scheme} {context.Request.Host} {context.TraceIdentifier} {await clients.CreateClient("callee").GetStringAsync(new Uri(callee.Client.BaseAddress!, "/callee"), Cancel)}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("X-Forwarded-For", "203.0.113.9, 127.0.0.3"), ("X-Forwarded-Proto", "https, https"), ("X-Forwarded-Host", "shop.example, shop.example"), ("X-Request-Id", "abc-1")])
            request.Headers.Add(name, value);

        using var answer = await app.Client.SendAsync(request, Cancel);
        var words = (await answer.Content.ReadAsStringAsync(Cancel)).Split(' ');

        Assert.Equal(trusted ? "203.0.113.9" : "127.0.0.1", words[0].Replace("::ffff:", "", StringComparison.Ordinal));
        Assert.Equal(trusted ? ("https", "shop.example") : ("http", app.Client.BaseAddress!.Authority), (words[1], words[2]));
        Assert.Equal(trusted, words[3] == "abc-1");
        Assert.Equal(words[3], words[4]);
        Assert.Equal(words[3], Assert.Single(answer.Headers.GetValues("X-Request-Id")));
    }

    [Fact]
    public async Task A_trace_that_a_balancer_began_goes_on_to_who_is_called()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";

        // ASP.NET Core follows a trace where somebody could write it down, as the logs of every app can.
        static void Log(IServiceCollection services) => services.AddLogging(logging => logging.AddProvider(new QuietLog())).AddHttpClient("callee");
        await using var callee = await CitizenApp.StartAsync(null, Log, app => app.MapGet("/callee", (HttpContext context) => $"{context.Request.Headers.TraceParent}|{context.Request.Headers.TraceState}"));
        await using var app = await CitizenApp.StartAsync(null, Log, app => app.MapGet("/", (IHttpClientFactory clients) => clients.CreateClient("callee").GetStringAsync(new Uri(callee.Client.BaseAddress!, "/callee"), Cancel)));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "traceparent", $"00-{Trace}-b7ad6b7169203331-01" }, { "tracestate", "a=b" } } };

        using var answer = await app.Client.SendAsync(request, Cancel);

        Assert.Matches($"^00-{Trace}-(?!b7ad6b7169203331)[0-9a-f]{{16}}-01\\|a=b$", await answer.Content.ReadAsStringAsync(Cancel));

        // Where nobody named the request, its trace does: logs of all whom it reaches have it.
        Assert.Equal(Trace, Assert.Single(answer.Headers.GetValues("X-Request-Id")));
    }

    /// <summary>A log that takes everything and keeps nothing.</summary>
    private sealed class QuietLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}

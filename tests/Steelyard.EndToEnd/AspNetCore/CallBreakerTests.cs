using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Steelyard.AspNetCore;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>The breaker of calls to others, with opossum's options and events.</summary>
public sealed class CallBreakerTests
{
    [Fact]
    public async Task It_opens_answers_by_its_fallback_tries_one_and_closes()
    {
        var (events, calls, status, hangs) = (new ConcurrentQueue<string>(), 0, HttpStatusCode.InternalServerError, false);
        var services = new ServiceCollection();
        services.AddHttpClient("api")
            .ConfigurePrimaryHttpMessageHandler(() => new Callee(async cancel =>
            {
                Interlocked.Increment(ref calls);
                if (hangs)
                    await Task.Delay(Timeout.Infinite, cancel);
                return new(status);
            }))
            .AddCallBreaker(options =>
            {
                (options.Timeout, options.ResetTimeout, options.VolumeThreshold) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500), 4);
                options.Fallback = _ => new(HttpStatusCode.OK) { Content = new StringContent("fallback data") };
                options.OnSuccess = _ => events.Enqueue("success");
                options.OnFailure = (_, _) => events.Enqueue("failure");
                options.OnTimeout = () => events.Enqueue("timeout");
                options.OnReject = () => events.Enqueue("reject");
                options.OnOpen = () => events.Enqueue("open");
                options.OnHalfOpen = () => events.Enqueue("halfOpen");
                options.OnClose = () => events.Enqueue("close");
            });
        await using var provider = services.BuildServiceProvider();
        async Task<string> CallAsync() => await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetStringAsync(new Uri("http://api.test/"), TestContext.Current.CancellationToken);

        for (var i = 0; i < 4; i++)
            Assert.Equal("fallback data", await CallAsync());
        Assert.Equal(["failure", "failure", "failure", "open", "failure"], events);
        events.Clear();
        Assert.Equal("fallback data", await CallAsync());
        Assert.Equal(["reject"], events);
        Assert.Equal(4, calls);

        events.Clear();
        status = HttpStatusCode.OK;
        await Patience.Until(() => CallAsync().GetAwaiter().GetResult().Length == 0);
        Assert.Equal(["halfOpen", "close", "success"], events.Where(one => one != "reject"));

        events.Clear();
        hangs = true;
        Assert.Equal("fallback data", await CallAsync());
        Assert.Equal(["timeout", "failure"], events);
    }

    [Theory]
    [InlineData(true, null, null, true)]
    [InlineData(false, null, null, false)]
    [InlineData(true, 1000L, null, true)]
    [InlineData(true, 1001L, null, false)]
    [InlineData(true, null, "text/event-stream", false)]
    public async Task An_answer_that_stalls_after_its_head_is_a_failure_unless_answers_are_streamed(bool covers, long? length, string? type, bool fails)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("api")
            .ConfigurePrimaryHttpMessageHandler(() => new Callee(_ =>
            {
                var content = new StreamContent(new System.IO.Pipelines.Pipe().Reader.AsStream());
                (content.Headers.ContentLength, content.Headers.ContentType) = (length, type is null ? null : new(type));
                return Task.FromResult(new HttpResponseMessage { Content = content });
            }))
            .AddCallBreaker(options =>
            {
                (options.Timeout, options.CoversBody, options.LongestBody) = (TimeSpan.FromMilliseconds(50), covers, 1000);
                options.Fallback = _ => new(HttpStatusCode.Accepted);
            });
        await using var provider = services.BuildServiceProvider();

        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        using var answer = await client.GetAsync(new Uri("http://api.test/"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        Assert.Equal(fails ? HttpStatusCode.Accepted : HttpStatusCode.OK, answer.StatusCode);
    }

    private sealed class Callee(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(cancellationToken);
    }
}

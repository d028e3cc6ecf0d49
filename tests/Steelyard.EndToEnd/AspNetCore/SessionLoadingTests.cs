using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>How a session comes from its store: before the endpoint that uses it, and holding no thread.</summary>
public sealed class SessionLoadingTests
{
    private readonly RecordingStore _store = new();

    [Fact]
    public async Task A_session_is_there_before_its_endpoint_asks_and_no_thread_waits_for_it()
    {
        await using var app = await StartAsync();
        Assert.Equal(("1", ""), await AskAsync(app, "/visit"));
        var cookie = _cookie!;

        // The second time as the first: nobody has to have used it before.
        Assert.Equal(("2", "load"), await AskAsync(app, "/visit", cookie));
        for (var i = 0; i < 3; i++)
            Assert.Equal(("2", "load"), await AskAsync(app, "/look", cookie));
        Assert.Equal(("none", ""), await AskAsync(app, "/look"));

        // One that has been seen to need none is not held up for one; one that needs it now and then is no such.
        Assert.Equal(("plain", "load"), await AskAsync(app, "/plain", cookie));
        Assert.Equal(("plain", ""), await AskAsync(app, "/plain", cookie));
        Assert.Equal(("no", "load"), await AskAsync(app, "/maybe?use=no", cookie));
        Assert.Equal(("2", "held"), await AskAsync(app, "/maybe?use=yes", cookie));
        Assert.Equal(("2", "load"), await AskAsync(app, "/maybe?use=yes", cookie));
        Assert.Equal(("no", "load"), await AskAsync(app, "/maybe?use=no", cookie));
        foreach (var path in (string[])["/health", "/health/detailed", "/health/live", "/health/ready", "/metrics", "/nowhere"])
            Assert.Equal("", (await AskAsync(app, path, cookie)).Asked);
    }

    [Fact]
    public async Task A_store_that_is_away_is_asked_once_for_a_request()
    {
        await using var app = await StartAsync();
        await AskAsync(app, "/visit");
        _store.IsAway = true;

        Assert.Equal(("1", "load"), await AskAsync(app, "/visit", _cookie));

        // What it knows is there again once it is.
        _store.IsAway = false;
        await Patience.Until(async () => await AskAsync(app, "/visit", _cookie) == ("2", "load"), () => "the session of before");
    }

    private string? _cookie;

    private Task<CitizenApp> StartAsync() => CitizenApp.StartAsync(
        add: services => services.AddSingleton<IDistributedCache>(_store),
        map: app =>
        {
            app.MapGet("/plain", () => "plain");
            app.MapGet("/look", (HttpContext context) => context.Session.GetInt32("visits") is { } visits ? $"{visits}" : "none");
            app.MapGet("/maybe", (HttpContext context, string use) => use == "yes" ? $"{context.Session.GetInt32("visits")}" : "no");
            app.MapGet("/visit", (HttpContext context) =>
            {
                var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
                context.Session.SetInt32("visits", visits);
                return $"{visits}";
            });
        });

    private async Task<(string Text, string Asked)> AskAsync(CitizenApp app, string path, string? cookie = null)
    {
        _store.Asked.Clear();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie);
        using var answer = await app.Client.SendAsync(request, TestContext.Current.CancellationToken);
        if (answer.Headers.TryGetValues("Set-Cookie", out var set))
            _cookie = set.Single().Split(';')[0];
        return (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), string.Join(' ', _store.Asked));
    }

    /// <summary>A store in memory that writes down how sessions are asked for, and may be away.</summary>
    private sealed class RecordingStore : IDistributedCache
    {
        private readonly MemoryDistributedCache _kept = new(Options.Create(new MemoryDistributedCacheOptions()));

        public ConcurrentQueue<string> Asked { get; } = new();

        public bool IsAway { get; set; }

        public byte[]? Get(string key)
        {
            Asked.Enqueue("held");
            return IsAway ? throw new TimeoutException() : _kept.Get(key);
        }

        public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
        {
            Asked.Enqueue("load");
            await Task.Yield();
            return IsAway ? throw new TimeoutException() : await _kept.GetAsync(key, token);
        }

        public void Refresh(string key) => throw new NotSupportedException();

        public Task RefreshAsync(string key, CancellationToken token = default)
        {
            if (IsAway)
                Asked.Enqueue("refresh");
            return Task.CompletedTask;
        }

        public void Remove(string key) => throw new NotSupportedException();

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) => _kept.SetAsync(key, value, options, token);
    }
}

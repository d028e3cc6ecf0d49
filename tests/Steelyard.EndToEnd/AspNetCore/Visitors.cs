using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>
/// Clients of the sample of sessions, which answers how often a client has come, and which process says so. Together they ask
/// so many times a second; who is late for a request, because the one before took long, asks at once.
/// </summary>
internal sealed class Visitors
{
    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly int _perSecond;
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly Task[] _clients;
    private readonly ConcurrentDictionary<int, int> _workers = new();
    private readonly ConcurrentDictionary<int, bool> _killed = new();
    private volatile bool _ended;
    private int _due;
    private int _asked;
    private int _lost;
    private int _cut;

    public Visitors(HttpClient http, Uri url, int count, int perSecond)
    {
        (_http, _url, _perSecond) = (http, url, perSecond);
        _clients = [.. Enumerable.Range(0, count).Select(_ => VisitAsync())];
    }

    /// <summary>How many whole answers there were.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>How often a session had fewer visits than the client knew of.</summary>
    public int Lost => _lost;

    /// <summary>How many answers ended before their end, because their worker did.</summary>
    public int Cut => _cut;

    /// <summary>The processes that have answered and live, the one first that has answered for longest.</summary>
    public int[] Workers => [.. _workers.Where(one => !_killed.ContainsKey(one.Key) && Directory.Exists($"/proc/{one.Key}")).OrderBy(one => one.Value).Select(one => one.Key)];

    public void Kill(int worker)
    {
        _killed[worker] = true;
        SteelyardProcess.Kill(worker);
    }

    /// <summary>Waits until so many processes have answered; a request that fails ends it.</summary>
    public Task UntilAnsweredByAsync(int workers) => Patience.Until(() => _workers.Count >= workers || Array.Exists(_clients, client => client.IsFaulted));

    /// <summary>Waits for a number of whole answers, as long as some come; a request that fails ends it.</summary>
    public async Task UntilAskedAsync(int requests)
    {
        for (var some = 100; some <= requests; some += 100)
            await Patience.Until(() => Asked >= some || Array.Exists(_clients, client => client.IsFaulted));
    }

    public async Task EndAsync()
    {
        _ended = true;
        await Task.WhenAll(_clients);
    }

    private async Task UntilDueAsync()
    {
        var early = TimeSpan.FromSeconds((double)Interlocked.Increment(ref _due) / _perSecond) - Stopwatch.GetElapsedTime(_begun);
        if (early > TimeSpan.Zero)
            await Task.Delay(early, TestContext.Current.CancellationToken);
    }

    private async Task VisitAsync()
    {
        var (cookie, before) = (default(string), 0);
        while (!_ended)
        {
            await UntilDueAsync();
            using var request = new HttpRequestMessage(HttpMethod.Get, _url);
            if (cookie is not null)
                request.Headers.Add("Cookie", cookie);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            if (!answer.IsSuccessStatusCode)
                Assert.Fail($"{(int)answer.StatusCode} after {_asked} answers: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
            string[] words;
            try
            {
                words = (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split(' ');
            }
            catch (HttpRequestException exception) when (exception.InnerException is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded })
            {
                // Killed between the head of an answer and its end: the client is told by the cut, and asks again.
                Interlocked.Increment(ref _cut);
                continue;
            }

            cookie ??= answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
            var visits = int.Parse(words[0], CultureInfo.InvariantCulture);

            // A worker that was killed behind its answer has counted a visit that another counts again.
            if (visits <= before)
                Interlocked.Increment(ref _lost);
            before = visits;
            _workers.TryAdd(int.Parse(words[2], CultureInfo.InvariantCulture), Interlocked.Increment(ref _asked));
        }
    }
}

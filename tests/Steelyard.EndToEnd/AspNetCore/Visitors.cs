using System.Collections.Concurrent;
using System.Globalization;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>Clients of the sample of sessions, which answers how often a client has come, and which process says so. Each asks without a pause.</summary>
internal sealed class Visitors
{
    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly Task[] _clients;
    private readonly ConcurrentDictionary<int, bool> _workers = new();
    private volatile bool _ended;
    private int _asked;
    private int _lost;
    private int _cut;

    public Visitors(HttpClient http, Uri url, int count)
    {
        (_http, _url) = (http, url);
        _clients = [.. Enumerable.Range(0, count).Select(_ => VisitAsync())];
    }

    /// <summary>How often a session had fewer visits than the client knew of.</summary>
    public int Lost => _lost;

    /// <summary>How many answers ended before their end, because their worker did.</summary>
    public int Cut => _cut;

    /// <summary>The processes that have answered.</summary>
    public IEnumerable<int> Workers => _workers.Keys;

    public void Forget(int worker) => _workers.TryRemove(worker, out _);

    /// <summary>Waits until so many processes have answered; a request that fails ends it.</summary>
    public Task UntilAnsweredByAsync(int workers) => Patience.Until(() => _workers.Count >= workers || Array.Exists(_clients, client => client.IsFaulted));

    /// <summary>Waits for a number of whole answers, as long as some come; a request that fails ends it.</summary>
    public async Task UntilAskedAsync(int requests)
    {
        for (var some = 100; some <= requests; some += 100)
            await Patience.Until(() => Volatile.Read(ref _asked) >= some || Array.Exists(_clients, client => client.IsFaulted));
    }

    public async Task EndAsync()
    {
        _ended = true;
        await Task.WhenAll(_clients);
    }

    private async Task VisitAsync()
    {
        var (cookie, before) = (default(string), 0);
        while (!_ended)
        {
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
            Interlocked.Increment(ref _asked);
            _workers.TryAdd(int.Parse(words[2], CultureInfo.InvariantCulture), true);
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Workers;

/// <summary>Clients that ask without a pause, some on one connection, some on one for each request; whatever is not a whole answer with status 200 is a failure.</summary>
internal sealed class WorkerLoad
{
    private readonly IPEndPoint _address;
    private readonly string _request;
    private readonly TimeSpan _pause;
    private readonly Task[] _clients;
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private volatile bool _done;

    /// <param name="url">Where they ask.</param>
    /// <param name="kept">How many stay on their connections.</param>
    /// <param name="single">How many do not.</param>
    /// <param name="path">What for.</param>
    /// <param name="pause">How long each waits after an answer, where others are to get something done meanwhile.</param>
    public WorkerLoad(Uri url, int kept = 4, int single = 2, string path = "/", TimeSpan pause = default)
    {
        _pause = pause;
        _address = new(IPAddress.Loopback, url.Port);
        _request = $"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n";
        _clients = [.. Enumerable.Range(0, kept + single).Select(number => Task.Run(() => AskAsync(keep: number < kept)))];
    }

    public IEnumerable<string> Failures => _failures;

    /// <summary>All bodies that came, with how often they did.</summary>
    public IReadOnlyDictionary<string, int> Answers => _answers;

    /// <summary>Waits until some number of further answers begin with a text.</summary>
    public Task AnsweredByAsync(string version, int more = 5)
    {
        var before = Count(version);
        return Patience.Until(() => Count(version) >= before + more);
    }

    public async Task EndAsync()
    {
        _done = true;
        await Task.WhenAll(_clients).Patiently();
    }

    private int Count(string version) => _answers.Where(pair => pair.Key.StartsWith(version, StringComparison.Ordinal)).Sum(pair => pair.Value);

    private async Task AskAsync(bool keep)
    {
        while (!_done)
        {
            try
            {
                using var client = await RawClient.Connect(_address);
                client.Records = false;
                do
                {
                    var answer = await client.Ask(_request);
                    if (answer.Status != 200)
                        throw new InvalidOperationException(answer.Head);
                    _answers.AddOrUpdate(answer.Text, 1, static (_, count) => count + 1);
                    if (_pause > TimeSpan.Zero)
                        await Task.Delay(_pause);
                    if (answer["Connection"] == "close")
                        break;
                }
                while (keep && !_done);
            }
            catch (Exception failure)
            {
                _failures.Enqueue(failure.ToString());
            }
        }
    }
}

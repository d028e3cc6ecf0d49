using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>A request that came to nothing, in ticks of the stopwatch.</summary>
internal sealed record FailedRequest(string Message, long Began, long Ended);

/// <summary>Clients that ask again and again.</summary>
internal sealed class KeeperLoad(IPEndPoint address, int clients, TimeSpan pause, bool keepAlive = true)
{
    private readonly List<FailedRequest> _failures = [];
    private Task[] _clients = [];
    private volatile bool _done;
    private int _answers;
    private int _generation;
    private long _slowest;

    /// <summary>How TLS is spoken; null for plain connections.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    public int Answers => Volatile.Read(ref _answers);

    public int Generation => Volatile.Read(ref _generation);

    public IReadOnlyList<FailedRequest> Failures
    {
        get
        {
            lock (_failures)
                return [.. _failures];
        }
    }

    public void Start() => _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(AskAsync))];

    /// <summary>The milliseconds that the slowest answer has taken since the last call.</summary>
    public long TakeSlowest() => Interlocked.Exchange(ref _slowest, 0);

    public async Task EndAsync()
    {
        _done = true;
        await Task.WhenAll(_clients).Patiently();
    }

    private async Task AskAsync()
    {
        while (!_done)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                using var client = await RawClient.Connect(address, tls: Tls);
                client.Records = false;
                while (!_done)
                {
                    if (keepAlive)
                        began = Stopwatch.GetTimestamp();
                    var answer = await client.Ask(KeeperRun.Get);
                    if (answer.Status != 200 || answer.Text != "ok")
                        throw new InvalidOperationException(answer.Head);
                    Interlocked.Increment(ref _answers);
                    Volatile.Write(ref _generation, int.Parse(answer["X-Generation"]!));
                    Took((long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    await Task.Delay(pause);
                    if (!keepAlive || answer["Connection"] == "close")
                        break;
                }
            }
            catch (Exception failure) when (failure is SocketException or EndOfStreamException or InvalidOperationException or System.Security.Authentication.AuthenticationException)
            {
                lock (_failures)
                    _failures.Add(new(failure.Message, began, Stopwatch.GetTimestamp()));
            }
        }
    }

    private void Took(long milliseconds)
    {
        for (var slowest = Volatile.Read(ref _slowest); milliseconds > slowest;)
        {
            var seen = Interlocked.CompareExchange(ref _slowest, milliseconds, slowest);
            if (seen == slowest)
                return;
            slowest = seen;
        }
    }
}

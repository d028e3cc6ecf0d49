using System.Diagnostics;
using System.Net;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Shared;

/// <summary>One client that asks at a steady rate over one connection, whatever the answers are, until it is disposed.</summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private readonly Task _running;
    private List<(int Status, double Milliseconds)> _answers = [];
    private volatile string? _failure;

    private SteadyLoad(IPEndPoint address, int perSecond, string request) => _running = Task.Run(() => RunAsync(address, perSecond, request));

    public static SteadyLoad Start(IPEndPoint address, int perSecond, string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n") => new(address, perSecond, request);

    /// <summary>What was answered since the last time, and how long each answer took.</summary>
    public List<(int Status, double Milliseconds)> TakeAnswers()
    {
        lock (_lock)
        {
            Assert.Null(_failure);
            var answers = _answers;
            _answers = [];
            return answers;
        }
    }

    private async Task RunAsync(IPEndPoint address, int perSecond, string request)
    {
        try
        {
            using var client = await RawClient.Connect(address);
            client.Records = false;
            var begun = Stopwatch.GetTimestamp();
            for (var i = 0L; !_ended.IsCancellationRequested; i++)
            {
                // Who is behind asks at once until it is not.
                var due = TimeSpan.FromSeconds((double)i / perSecond) - Stopwatch.GetElapsedTime(begun);
                if (due > TimeSpan.FromMilliseconds(1))
                    await Task.Delay(due);
                var asked = Stopwatch.GetTimestamp();
                var answer = await client.Ask(request);
                lock (_lock)
                    _answers.Add((answer.Status, Stopwatch.GetElapsedTime(asked).TotalMilliseconds));
            }
        }
        catch (Exception error)
        {
            _failure = error.ToString();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running;
        _ended.Dispose();
        Assert.Null(_failure);
    }
}

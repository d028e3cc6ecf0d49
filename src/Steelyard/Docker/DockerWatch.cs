using System.Threading.Channels;

namespace Steelyard.Docker;

/// <summary>What Docker's engine tells, gathered until somebody asks.</summary>
internal sealed class DockerWatch : IAsyncDisposable
{
    // Who tells more than that before anybody asks waits.
    private readonly Channel<DockerEvent> _events = Channel.CreateBounded<DockerEvent>(1024);
    private readonly CancellationTokenSource _end;
    private readonly Task _reading;

    private DockerWatch(IAsyncEnumerable<DockerEvent> events, CancellationTokenSource end)
    {
        _end = end;
        _reading = ReadAsync(events);
    }

    /// <summary>Begins to listen; what happens after that is not missed.</summary>
    /// <param name="engine">Who tells.</param>
    /// <param name="filters">Of what.</param>
    /// <param name="cancel">Ends the listening too.</param>
    /// <exception cref="DockerException">It does not tell.</exception>
    public static async Task<DockerWatch> BeginAsync(DockerEngine engine, string filters, CancellationToken cancel)
    {
        var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            return new(await engine.EventsAsync(filters, end.Token), end);
        }
        catch
        {
            end.Dispose();
            throw;
        }
    }

    /// <summary>What has happened since it was last asked, at once or as soon as there is something.</summary>
    /// <returns>Nothing when the time is over; null when nothing will be told any more.</returns>
    public async Task<IReadOnlyList<DockerEvent>?> NextAsync(TimeSpan within, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(within);
        try
        {
            if (!await _events.Reader.WaitToReadAsync(limit.Token))
                return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return [];
        }

        var events = new List<DockerEvent>();
        while (_events.Reader.TryRead(out var one))
            events.Add(one);
        return events;
    }

    private async Task ReadAsync(IAsyncEnumerable<DockerEvent> events)
    {
        try
        {
            await foreach (var one in events.WithCancellation(_end.Token))
                await _events.Writer.WriteAsync(one, _end.Token);
        }
        catch (Exception end) when (end is DockerException or OperationCanceledException)
        {
            // Why is seen when the engine is asked again.
        }
        finally
        {
            _events.Writer.Complete();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading;
        _end.Dispose();
    }
}

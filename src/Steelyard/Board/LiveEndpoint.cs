using Steelyard.Admin;

namespace Steelyard.Board;

/// <summary>What goes on, as server-sent events, for the page and for whoever else wants to watch.</summary>
internal static class LiveEndpoint
{
    /// <summary>The row of the admin API.</summary>
    public static AdminEndpoint Endpoint { get; } = new("GET", "/api/live", "What goes on, as server-sent events: one named 'look' each second, and one more when the state of a server changes. What is missing of a look has stayed as it was.", ServeAsync)
    {
        AnswerType = "text/event-stream",
        Query =
        [
            new("search", "A part of the names of pools or of the addresses of servers."),
            new("troubled", "'true' leaves servers out that are plainly well.") { Words = ["true", "false"] },
            new("sort", "What servers are sorted by.") { Words = LiveView.Sorts },
            new("page", $"The page of the pools, {LiveView.PoolsOnAPage} on each, from 0; the last one for any behind it."),
            new("from", "POOL:N, the first server that is shown of a pool, from 0; several are allowed.") { Repeats = true },
        ],
    };

    private static async Task ServeAsync(AdminCall call)
    {
        var view = LiveView.Of(call);
        using var place = call.Desk.Room.Watch(call.Context);
        var response = call.Context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        await response.StartAsync();

        // Whoever watches does not keep an engine from its end.
        var lifetime = call.Context.RequestServices.GetRequiredService<IHostApplicationLifetime>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Context.RequestAborted, lifetime.ApplicationStopping);
        var frames = new LiveFrames(view, call.Desk.History);
        try
        {
            await foreach (var sample in call.Desk.Live.WatchAsync(end.Token))
            {
                await response.Body.WriteAsync("event: look\ndata: "u8.ToArray(), end.Token);
                await response.Body.WriteAsync(frames.Write(sample, call.Desk), end.Token);
                await response.Body.WriteAsync("\n\n"u8.ToArray(), end.Token);
                await response.Body.FlushAsync(end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The page asks again, and finds the next engine.
        }
    }
}

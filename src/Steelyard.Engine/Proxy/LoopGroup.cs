using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>The loops of an engine and their threads: what is done on each of them, and how they end together.</summary>
internal sealed class LoopGroup
{
    private static readonly TimeSpan s_longestCut = TimeSpan.FromSeconds(5);

    private readonly Thread[] _threads;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LoopGroup(ProxyLoop[] loops, Thread[] threads) => (All, _threads) = (loops, threads);

    /// <summary>The loops.</summary>
    public ProxyLoop[] All { get; }

    /// <summary>Whether a client is connected or was a moment ago, so that others may be about to.</summary>
    public bool HasCompany => Array.Exists(All, static loop => loop.HasCompany);

    /// <inheritdoc cref="LoadBalancer.LastRequests"/>
    public TimeSpan LastRequests { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc cref="LoadBalancer.ListenersReleased"/>
    public Task ListenersReleased => _released.Task;

    /// <summary>Whether all threads have ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Starts a thread for each loop, which listens on these sockets.</summary>
    public static LoopGroup Start(ProxyLoop[] loops, IReadOnlyList<SocketHandle> sockets)
    {
        var threads = new Thread[loops.Length];
        for (var i = 0; i < loops.Length; i++)
        {
            var loop = loops[i];
            loop.Events.Post(_ => loop.Listen(sockets, loops), loop);
            threads[i] = new Thread(loop.Events.Run) { Name = $"loop {i}", IsBackground = true };
            threads[i].Start();
        }

        return new(loops, threads);
    }

    /// <summary>Does something on every loop; ends when all have, with what one of them has thrown.</summary>
    public Task OnEach(Action<ProxyLoop> action) => Task.WhenAll(Array.ConvertAll(All, loop =>
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Events.Post(
            _ =>
            {
                try
                {
                    action(loop);
                    done.SetResult();
                }
                catch (Exception fault)
                {
                    done.SetException(fault);
                }
            },
            loop);
        return done.Task;
    }));

    /// <inheritdoc cref="LoadBalancer.StopAsync"/>
    /// <param name="sockets">What is listened on.</param>
    /// <param name="grace">How long to wait for what is in flight; zero cuts at once.</param>
    /// <param name="keepIdle">Whether idle clients may send one more request each.</param>
    /// <param name="force">Ends the wait early.</param>
    public async Task<int> StopAsync(IReadOnlyList<SocketHandle> sockets, TimeSpan grace, bool keepIdle, CancellationToken force)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var remaining = All.Length;
        foreach (var loop in All)
        {
            loop.Events.Post(
                _ => loop.Drain(() =>
                {
                    if (Interlocked.Decrement(ref remaining) == 0)
                        drained.TrySetResult();
                }),
                loop);
        }

        if (keepIdle || grace <= TimeSpan.Zero)
            StopListening(endIdle: !keepIdle);
        else
            _ = TurnAwayAsync(sockets, force);

        var cut = 0;
        try
        {
            await drained.Task.WaitAsync(grace, force);
        }
        catch (Exception interruption) when (interruption is TimeoutException or OperationCanceledException)
        {
            StopListening(endIdle: false);
            foreach (var loop in All)
                loop.Events.Post(_ => Interlocked.Add(ref cut, loop.CutAll()), loop);
            try
            {
                await drained.Task.WaitAsync(s_longestCut, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                // A loop is stuck in a fault of ours. Its thread ends with the process.
                return Math.Max(cut, 1);
            }
        }

        foreach (var loop in All)
            loop.Events.Stop();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var loop in All)
        {
            loop.Events.Network.Dispose();
            loop.Events.Blocks.Dispose();
            loop.Deflaters.Dispose();
        }

        HasEnded = true;
        return cut;
    }

    /// <summary>Lets nobody else connect to these sockets.</summary>
    /// <param name="sockets">The sockets.</param>
    /// <param name="shared">Whether those are meant whose place others listen on too, or the others.</param>
    public static void TurnAway(IReadOnlyList<SocketHandle> sockets, bool shared = false)
    {
        foreach (var socket in sockets)
        {
            if (ListeningSocket.SharesItsPlace(socket.Handle) == shared)
                ListeningSocket.TurnAway(socket.Handle);
        }
    }

    /// <summary>Lets nobody else connect, and takes those who have: in a moment they are all here, and then the sockets may be closed.</summary>
    private async Task TurnAwayAsync(IReadOnlyList<SocketHandle> sockets, CancellationToken force)
    {
        // Where a successor listens on the same place the kernel gives some to us as long as we do: they are served, and not made to wait.
        TurnAway(sockets);

        // Who is far away may still be about to finish the opening of a connection.
        if (HasCompany)
            await Task.Delay(LastRequests, force).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        TurnAway(sockets, shared: true);
        StopListening(endIdle: true, acceptRest: true);
    }

    private void StopListening(bool endIdle, bool acceptRest = false)
    {
        var listening = All.Length;
        foreach (var loop in All)
        {
            loop.Events.Post(
                _ =>
                {
                    if (acceptRest)
                        loop.Events.Network.FinishListening(Stopped);
                    else
                        loop.Events.Network.StopListening();
                    if (endIdle)
                        loop.EndIdle();
                    if (!acceptRest)
                        Stopped();
                },
                loop);
        }

        // Until the last one has stopped, any of them may be handed a connection by another.
        void Stopped()
        {
            if (Interlocked.Decrement(ref listening) > 0)
                return;
            foreach (var loop in All)
                loop.Events.Post(static loop => ((ProxyLoop)loop).NobodyElseComes(), loop);
            _released.TrySetResult();
        }
    }
}

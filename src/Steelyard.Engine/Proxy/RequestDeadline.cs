using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// Ends an exchange that takes too long as a whole: by breaking off the connection it waits on, so that it ends of
/// itself. Owned by an exchange.
/// </summary>
internal sealed class RequestDeadline(ExchangeContext context) : TimerEntry
{
    /// <summary>The time is over.</summary>
    public bool Passed { get; private set; }

    /// <summary>Starts with the first byte of a request.</summary>
    public void Begin()
    {
        Passed = false;
        context.Events.Timers.Set(this, context.Events.In(context.Timeouts.Request));
    }

    /// <summary>A wait of so many milliseconds, or of what is left.</summary>
    public long Within(long milliseconds) =>
        Due == Never ? milliseconds : Math.Clamp(Due - context.Events.Now, 1, milliseconds);

    protected internal override void Expire()
    {
        Passed = true;

        // Each of these may run the exchange to its end before it returns. Only a connection that was reset cannot be
        // at its next request by then, so only after that one there is a second step.
        if (context.ResponseBegun)
            context.Client.Transport.Abort(reset: true);
        context.Upstream?.Transport.Abort();
    }
}

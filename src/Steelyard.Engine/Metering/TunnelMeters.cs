namespace Steelyard.Engine.Metering;

/// <summary>Who count the bytes of a tunnel or a session as they pass, for it may stand for days. Owned by their loop.</summary>
/// <param name="Listener">Where its client came.</param>
/// <param name="Route">By which it went.</param>
/// <param name="Server">To whom.</param>
internal readonly record struct TunnelMeters(ListenerMeter Listener, RouteMeter Route, ServerMeter Server)
{
    /// <summary>Counts bytes from the client to the server.</summary>
    public void CountUp(long bytes)
    {
        Listener.BytesReceived += bytes;
        Route.BytesReceived += bytes;
        Server.Sent(bytes);
    }

    /// <summary>Counts bytes from the server to the client.</summary>
    public void CountDown(long bytes)
    {
        Listener.BytesSent += bytes;
        Route.BytesSent += bytes;
        Server.Received(bytes);
    }
}

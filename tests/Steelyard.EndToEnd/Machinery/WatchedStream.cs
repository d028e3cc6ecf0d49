using System.Net.Sockets;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A socket under TLS that remembers whether its end was seen: without close_notify, that is how a stream was cut short.</summary>
internal sealed class WatchedStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
{
    public bool Ended { get; private set; }

    /// <summary>How many bytes were written.</summary>
    public long Written { get; private set; }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Written += buffer.Length;
        return base.WriteAsync(buffer, cancellationToken);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await base.ReadAsync(buffer, cancellationToken);
        Ended |= count == 0 && !buffer.IsEmpty;
        return count;
    }
}

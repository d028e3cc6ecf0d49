namespace Steelyard.Engine.Proxy;

/// <summary>
/// How many connections are open of those that one limit counts. Shared by all loops, written for every connection, and
/// kept over reloads.
/// </summary>
internal sealed class ConnectionCount
{
    private int _open;
    private int _awaited;

    /// <summary>Connections open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Counts one more, unless there are as many as may be. Then the next <see cref="Leave"/> says that somebody waits.</summary>
    public bool TryEnter(int most)
    {
        while (Interlocked.Increment(ref _open) > most)
        {
            Interlocked.Exchange(ref _awaited, 1);

            // A connection that has ended meanwhile need not have seen the mark.
            if (Interlocked.Decrement(ref _open) >= most)
                return false;
        }

        return true;
    }

    /// <summary>Takes an <see cref="TryEnter"/> back that came to nothing, when another limit was reached.</summary>
    public void Undo() => Interlocked.Decrement(ref _open);

    /// <summary>Counts one less.</summary>
    /// <returns>Whether somebody waits for that.</returns>
    public bool Leave()
    {
        Interlocked.Decrement(ref _open);
        return Volatile.Read(ref _awaited) != 0 && Interlocked.Exchange(ref _awaited, 0) != 0;
    }
}

using System.Globalization;
using System.Text;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Loops;

/// <summary>The value of a Date field (RFC 9110, 5.6.7), written anew at most once a second. Owned by its loop.</summary>
internal sealed class HttpDate(NetworkDriver network)
{
    private readonly byte[] _text = new byte[29];
    private long _nextSecond;

    /// <summary>29 bytes, good until the next call.</summary>
    public ReadOnlySpan<byte> At(long now)
    {
        if (now >= _nextSecond)
        {
            var wall = network.UtcNow;
            wall.TryFormat(_text, out var written, "R", CultureInfo.InvariantCulture);
            System.Diagnostics.Debug.Assert(written == _text.Length, Encoding.ASCII.GetString(_text));
            _nextSecond = now + 1000 - wall.Millisecond;
        }

        return _text;
    }
}

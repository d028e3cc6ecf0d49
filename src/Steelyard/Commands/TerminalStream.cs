using System.Runtime.InteropServices;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>
/// A terminal that is written to. .NET's own stream for it, and its question for the width, first put the terminal's keys
/// into another mode (ESC [ ? 1 h), which nobody takes back, and which ends up in whatever records the session.
/// </summary>
internal sealed unsafe class TerminalStream(int descriptor) : Stream
{
    private const int UsualWidth = 80, UsualHeight = 24;

    /// <summary>Columns and lines of the terminal that standard output is.</summary>
    public static (int Width, int Height) Size()
    {
        Posix.WindowSize size;
        return Posix.ioctl(StandardOutput, Posix.TIOCGWINSZ, &size) == 0 && size is { Columns: > 0, Rows: > 0 } ? (size.Columns, size.Rows) : (UsualWidth, UsualHeight);
    }

    public const int StandardOutput = 1, StandardError = 2;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            fixed (byte* start = buffer)
                written = Posix.write(descriptor, start, (nuint)buffer.Length);
            if (written >= 0)
                buffer = buffer[(int)written..];
            else if (!TryWait(Marshal.GetLastPInvokeError()))
                return;
        }
    }

    // Who shares the terminal may have made it one that does not block.
    private bool TryWait(int error)
    {
        switch (error)
        {
            case Posix.EINTR:
                return true;
            case Posix.EAGAIN:
                var entry = new Posix.PollEntry { Handle = descriptor, Wanted = Posix.POLLOUT };
                _ = Posix.poll(&entry, 1, -1);
                return true;
            default:
                // It has gone, and with it whoever would read a complaint.
                return false;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

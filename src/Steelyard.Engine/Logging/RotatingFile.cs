using System.Text;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Logging;

/// <summary>
/// A log file with those before it. Each write goes to the end of the file whoever else writes to it (O_APPEND), so that two
/// engines may, while one takes the other's place. A file that was moved away or deleted is begun anew within a second.
/// Not to be used from several threads at once, and never from a loop.
/// </summary>
/// <param name="name">Its full path; its folder is made.</param>
/// <param name="rotation">When another one is begun.</param>
public sealed unsafe class RotatingFile(string name, LogRotation rotation) : IDisposable
{
    // For its owner to write, for its group to read, as Debian has it (0640): who has asked for what is nobody else's business.
    private const int Mode = 0x1A0;
    private const int Closed = -1;

    private int _handle = Closed;
    private (ulong Inode, uint DeviceMajor, uint DeviceMinor) _file;
    private long _length;
    private DateTimeOffset _begun;
    private DateTimeOffset _lookedAt;
    private bool _endsWithinLine;

    /// <summary>Its full path.</summary>
    public string Name => name;

    /// <summary>When another one is begun; may be changed while nothing is written.</summary>
    public LogRotation Rotation { get; set; } = rotation;

    /// <summary>Opens it, if it is not.</summary>
    /// <param name="now">The time.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Its folder cannot be made.</exception>
    public void Open(DateTimeOffset now)
    {
        if (_handle != Closed)
            return;
        if (Path.GetDirectoryName(name) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        var path = Encoding.UTF8.GetBytes(name + '\0');
        fixed (byte* text = path)
            _handle = Linux.Check(Linux.open(text, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_APPEND | Linux.O_CLOEXEC, Mode));
        if (_handle < 0)
        {
            var error = _handle;
            _handle = Closed;
            throw new IOException(Errno.DescribeFile(error));
        }

        Look(out var status);
        _file = (status.Inode, status.DeviceMajor, status.DeviceMinor);
        _length = (long)status.Size;
        _begun = _length == 0 ? now : DateTimeOffset.FromUnixTimeSeconds(status.Modified.Seconds);
        _lookedAt = now;
        _endsWithinLine = _length > 0 && EndsWithinLine();
    }

    /// <summary>Whether the last line was cut, by a disk that was full or a kill: what comes next is not to be glued to it.</summary>
    private bool EndsWithinLine()
    {
        try
        {
            using var file = File.OpenHandle(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> last = stackalloc byte[1];
            return RandomAccess.Read(file, last, _length - 1) == 1 && last[0] != '\n';
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // One that may be written and not read: nobody can tell.
            return false;
        }
    }

    /// <summary>Writes whole lines, into another file if it is time for one.</summary>
    /// <exception cref="IOException">They could not be written, or not all; the file is closed then, and opened by the next.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made or written to.</exception>
    public void Write(ReadOnlySpan<byte> lines, DateTimeOffset now)
    {
        try
        {
            if (_handle != Closed && now - _lookedAt >= TimeSpan.FromSeconds(1))
                LookAgain(now);
            Open(now);
            while (!lines.IsEmpty)
            {
                var piece = lines[..FittingPart(lines)];
                if (Rotation.IsDue(_length, piece.Length, _begun, now))
                {
                    Rotate(piece.Length, now);
                    piece = lines[..FittingPart(lines)];
                }

                if (_endsWithinLine)
                    WriteAll("\n"u8);
                _endsWithinLine = false;
                WriteAll(piece);
                lines = lines[piece.Length..];
            }
        }
        catch (IOException)
        {
            Close();
            throw;
        }
    }

    /// <summary>Closes it; the next line opens what stands under its name then.</summary>
    public void Close()
    {
        if (_handle != Closed)
            _ = Linux.close(_handle);
        _handle = Closed;
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    /// <summary>How much of some lines there is room for in the present file: whole lines, and one at least.</summary>
    private int FittingPart(ReadOnlySpan<byte> lines)
    {
        if (Rotation.Size is not { } size || _length + lines.Length <= size)
            return lines.Length;
        var room = (int)Math.Clamp(size - _length, 0, lines.Length);
        var end = lines[..room].LastIndexOf((byte)'\n');
        return (end >= 0 ? end : lines.IndexOf((byte)'\n')) + 1;
    }

    private void Rotate(int added, DateTimeOffset now)
    {
        // Who else writes to it may have done so already.
        LookAgain(now);
        if (_handle != Closed)
        {
            if (Rotation.IsDue(_length, added, _begun, now))
                Rotation.Rotate(name);
            Close();
        }

        Open(now);
        if (_length == 0)
            _begun = now;
    }

    /// <summary>Sees whether the name still leads to the file that is open, and how long it is.</summary>
    private void LookAgain(DateTimeOffset now)
    {
        _lookedAt = now;
        var path = Encoding.UTF8.GetBytes(name + '\0');
        Linux.FileStatus status;
        int found;
        fixed (byte* text = path)
            found = Linux.Check(Linux.statx(Linux.AT_FDCWD, text, 0, Linux.STATX_BASIC_STATS, (byte*)&status));
        if (found < 0 || _file != (status.Inode, status.DeviceMajor, status.DeviceMinor))
            Close();
        else
            _length = (long)status.Size;
    }

    private void Look(out Linux.FileStatus status)
    {
        byte empty = 0;
        Linux.FileStatus found;
        if (Linux.Check(Linux.statx(_handle, &empty, Linux.AT_EMPTY_PATH, Linux.STATX_BASIC_STATS, (byte*)&found)) < 0)
            found = default;
        status = found;
    }

    private void WriteAll(ReadOnlySpan<byte> lines)
    {
        fixed (byte* start = lines)
        {
            var done = 0;
            while (done < lines.Length)
            {
                var written = Linux.Check(Linux.write(_handle, start + done, (nuint)(lines.Length - done)));
                if (written == Errno.Interrupted)
                    continue;
                if (written <= 0)
                    throw new IOException(Errno.DescribeFile(written));
                done += written;
                _length += written;
            }
        }
    }
}

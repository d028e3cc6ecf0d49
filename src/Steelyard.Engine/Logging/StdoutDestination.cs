using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Logging;

/// <summary>Lines on standard output. Who does not read it costs lines, never a request.</summary>
internal sealed unsafe class StdoutDestination : LogDestination
{
    private const int Stdout = 1;

    public override int Write(ReadOnlySpan<byte> lines)
    {
        fixed (byte* start = lines)
        {
            var done = 0;
            while (done < lines.Length)
            {
                var written = Linux.Check(Linux.write(Stdout, start + done, (nuint)(lines.Length - done)));
                if (written == Errno.Interrupted)
                    continue;
                if (written <= 0)
                    return lines[done..].Count((byte)'\n');
                done += written;
            }
        }

        return 0;
    }

    public override void Dispose()
    {
    }
}

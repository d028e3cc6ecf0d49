using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Steelyard.Keeper;

namespace Steelyard.Apps.Output;

/// <summary>
/// Reads what all workers print, on one thread. It waits for nobody it gives lines to, so that no worker ever waits for
/// room in its pipe.
/// </summary>
internal sealed unsafe class OutputPump
{
    private const int Stack = 256 * 1024;

    // Several at a time, so that one that prints without end does not keep the others waiting.
    private const int Room = 16 * 1024;

    private readonly ConcurrentQueue<LineSplitter> _new = new();
    private readonly int _wakeUp;
    private readonly int _wakes;

    private OutputPump()
    {
        if (!Posix.TryPipe(out _wakes, out _wakeUp))
            throw new AppStartException("no descriptors are left (ulimit -n)");
        new Thread(Run, Stack) { IsBackground = true, Name = "output" }.Start();
    }

    private static readonly Lazy<OutputPump> s_one = new(() => new());

    /// <summary>Reads a pipe to its end and closes it.</summary>
    public static void Add(LineSplitter pipe)
    {
        s_one.Value._new.Enqueue(pipe);
        byte word = 0;
        _ = Posix.write(s_one.Value._wakeUp, &word, 1);
    }

    private void Run()
    {
        var pipes = new List<LineSplitter>();
        var room = new byte[Room];
        while (true)
        {
            while (_new.TryDequeue(out var added))
                pipes.Add(added);
            var entries = new Posix.PollEntry[pipes.Count + 1];
            entries[0] = new() { Handle = _wakes, Wanted = Posix.POLLIN };
            for (var i = 0; i < pipes.Count; i++)
                entries[i + 1] = new() { Handle = pipes[i].Handle, Wanted = Posix.POLLIN };
            fixed (Posix.PollEntry* first = entries)
                _ = Posix.poll(first, (nuint)entries.Length, -1);
            if (entries[0].Happened != 0)
                _ = Read(_wakes, room);
            for (var i = entries.Length - 1; i > 0; i--)
            {
                if (entries[i].Happened != 0 && !Take(pipes[i - 1], room))
                    pipes.RemoveAt(i - 1);
            }
        }
    }

    /// <summary>Reads some of a pipe.</summary>
    /// <returns>Whether there may be more.</returns>
    private static bool Take(LineSplitter pipe, byte[] room)
    {
        var count = Read(pipe.Handle, room);
        if (count > 0)
        {
            pipe.Take(room.AsSpan(0, count));
            return true;
        }

        if (count < 0 && Marshal.GetLastPInvokeError() is Posix.EINTR or Posix.EAGAIN)
            return true;
        _ = Posix.close(pipe.Handle);
        pipe.End();
        return false;
    }

    private static int Read(int handle, byte[] room)
    {
        fixed (byte* start = room)
            return (int)Posix.read(handle, start, (nuint)room.Length);
    }
}

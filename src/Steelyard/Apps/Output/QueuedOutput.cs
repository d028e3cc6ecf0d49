using System.Runtime.InteropServices;
using System.Text;
using Steelyard.Keeper;

namespace Steelyard.Apps.Output;

/// <summary>
/// Standard output and standard error behind a queue: a terminal that is held, or a pipe that nobody reads, stops neither
/// the keeper nor a worker. What does not fit is dropped, and a line says how much.
/// </summary>
internal sealed class QueuedOutput : IDisposable
{
    private const long Room = 1024 * 1024;
    private const int Stack = 256 * 1024;

    // As much as a pipe takes; a call for each line would be what limits how many can be written.
    private const int Piece = 32 * 1024;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private static readonly TimeSpan s_patienceAtTheEnd = TimeSpan.FromSeconds(2);

    private readonly DroppingQueue<(bool Error, string Text)> _queue = new(Room);
    private readonly TextWriter _output = Console.Out;
    private readonly TextWriter _error = Console.Error;

    public QueuedOutput()
    {
        Console.SetOut(new Writer(_queue, error: false));
        Console.SetError(new Writer(_queue, error: true));
        new Thread(Run, Stack) { IsBackground = true, Name = "terminal" }.Start();
    }

    /// <summary>Writes what waits, for a while.</summary>
    public void Dispose()
    {
        _queue.Flush(s_patienceAtTheEnd);
        _queue.End();
        Console.SetOut(_output);
        Console.SetError(_error);
    }

    private void Run()
    {
        var (text, error) = (new StringBuilder(), false);
        while (_queue.TryTake(out var next, out var dropped))
        {
            if (dropped > 0)
                WriteAll(StandardError, $"steelyard: {dropped} lines of output are lost: it was not read fast enough\n");
            if (next.Error != error)
                Write(text, error);
            error = next.Error;
            text.Append(next.Text);
            if (!_queue.HasNext || text.Length > Piece)
                Write(text, error);
        }
    }

    private static void Write(StringBuilder text, bool error)
    {
        if (text.Length > 0)
            WriteAll(error ? StandardError : StandardOutput, text.ToString());
        text.Clear();
    }

    // The console's own streams would hold the lock of Console.Out, which is ours, and with it whoever has something to say.
    private static unsafe void WriteAll(int descriptor, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var written = (int)Posix.write(descriptor, start + done, (nuint)(bytes.Length - done));
                if (written >= 0)
                    done += written;
                else if (!MayGoOn(descriptor, Marshal.GetLastPInvokeError()))
                    return;
            }
        }
    }

    /// <summary>Whether a write that has failed is worth another one; not where nobody reads any more, or a disk is full.</summary>
    private static unsafe bool MayGoOn(int descriptor, int error)
    {
        if (error != Posix.EAGAIN)
            return error == Posix.EINTR;
        var entry = new Posix.PollEntry { Handle = descriptor, Wanted = Posix.POLLOUT };
        return Posix.poll(&entry, 1, -1) >= 0 || Marshal.GetLastPInvokeError() == Posix.EINTR;
    }

    private sealed class Writer(DroppingQueue<(bool Error, string Text)> queue, bool error) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => queue.Add((error, value.ToString()), 1);

        public override void Write(string? value)
        {
            if (!string.IsNullOrEmpty(value))
                queue.Add((error, value), value.Length);
        }

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void WriteLine(string? value) => Write(value + "\n");

        public override Task WriteLineAsync(string? value)
        {
            WriteLine(value);
            return Task.CompletedTask;
        }
    }
}

using System.Text;

namespace Steelyard.Apps.Output;

/// <summary>
/// Standard output and standard error behind a queue: a terminal that is held, or a pipe that nobody reads, stops neither
/// the keeper nor a worker. What does not fit is dropped, and a line says how much.
/// </summary>
internal sealed class QueuedOutput : IDisposable
{
    private const long Room = 1024 * 1024;
    private const int Stack = 256 * 1024;
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
        while (_queue.TryTake(out var next, out var dropped))
        {
            try
            {
                if (dropped > 0)
                    _error.WriteLine($"steelyard: {dropped} lines of output are lost: it was not read fast enough");
                (next.Error ? _error : _output).Write(next.Text);
            }
            catch (IOException)
            {
                // Nobody reads it any more, or its disk is full; work goes on.
            }
        }
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

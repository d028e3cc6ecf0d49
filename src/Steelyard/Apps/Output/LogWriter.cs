using System.Text;

namespace Steelyard.Apps.Output;

/// <summary>Writes all log files, on a thread that may wait for the disk.</summary>
internal static class LogWriter
{
    private const long Room = 1024 * 1024;
    private const int Stack = 256 * 1024;
    private const int Piece = 32 * 1024;

    private static readonly Lazy<DroppingQueue<(LogFile File, DateTimeOffset Time, string? Text)>> s_queue = new(() =>
    {
        var queue = new DroppingQueue<(LogFile File, DateTimeOffset Time, string? Text)>(Room);
        new Thread(() => Run(queue), Stack) { IsBackground = true, Name = "log files" }.Start();
        return queue;
    });

    public static void Add(LogFile file, DateTimeOffset time, string text) => s_queue.Value.Add((file, time, text), text.Length);

    /// <summary>Closes a file; the next line opens what stands under its name then.</summary>
    public static void Reopen(LogFile file) => s_queue.Value.Add((file, default, null), 0);

    /// <summary>Waits a while until all is written.</summary>
    public static void Flush(TimeSpan longest)
    {
        if (s_queue.IsValueCreated)
            s_queue.Value.Flush(longest);
    }

    private static void Run(DroppingQueue<(LogFile File, DateTimeOffset Time, string? Text)> queue)
    {
        var text = new StringBuilder();
        (LogFile? File, DateTimeOffset Time) begun = default;
        while (queue.TryTake(out var next, out var dropped))
        {
            if (dropped > 0)
                Console.Error.WriteLine($"steelyard: {dropped} lines are missing in log files: the disk is too slow");

            // A new file is begun at a full second at most.
            if (next.Text is null || next.File != begun.File || next.Time.ToUnixTimeSeconds() != begun.Time.ToUnixTimeSeconds())
                Write(begun.File, begun.Time, text);
            if (next.Text is null)
                next.File.Close();
            if (text.Length == 0)
                begun = (next.File, next.Time);
            text.Append(next.Text);
            if (!queue.HasNext || text.Length > Piece)
                Write(begun.File, begun.Time, text);
        }
    }

    private static void Write(LogFile? file, DateTimeOffset time, StringBuilder text)
    {
        if (text.Length > 0)
            file!.Write(time, text.ToString());
        text.Clear();
    }
}

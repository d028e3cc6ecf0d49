using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Steelyard.Keeper;

namespace Steelyard.Apps.Output;

/// <summary>Gives what workers print to somebody who has asked for it, <c>out</c> before each line.</summary>
internal static class LogFeed
{
    // Who reads more slowly than that loses lines.
    private const int MostWaiting = 10_000;

    /// <summary>Asks for lines as <see cref="Fields"/> writes them; keepers that are older give them without.</summary>
    public const string Timed = "timed";

    /// <param name="apps">The apps.</param>
    /// <param name="wanted">Three words: a pool or a worker as <c>web/2</c>, or <c>*</c>; how many lines; and <c>follow</c> or not. <see cref="Timed"/> may be a fourth.</param>
    /// <param name="stream">Whoever has asked.</param>
    public static async Task WriteAsync(AppSupervisors apps, string wanted, Stream stream)
    {
        var words = wanted.Split(' ');
        var (logs, number) = Find(apps, words[0]);
        if (logs.Count == 0 || (number > apps.Find(logs[0].Pool)?.Count && logs[0].Last(1, number).Count == 0))
        {
            await WriteAsync(stream, $"err steelyard: {(apps.All.Count == 0 ? "the configuration has no 'app' whose workers could print anything" : $"nobody is called '{words[0]}'; there is {string.Join(", ", apps.All.Select(app => app.Pool))}")}\nend 1\n");
            return;
        }

        var queue = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        void Take(LogLine line)
        {
            if (number is null || line.Number == number)
                queue.Writer.TryWrite(line);
        }

        var most = int.Parse(words[1], CultureInfo.InvariantCulture);
        var follow = words[2] == "follow";
        string Text(LogLine line) => $"out {(words is [.., Timed] ? Fields(line) : $"{line.Worker} | {line.Text}")}\n";
        try
        {
            foreach (var line in logs.SelectMany(log => follow ? log.Follow(most, number, Take) : log.Last(most, number)).OrderBy(line => line.Time).TakeLast(most))
                await WriteAsync(stream, Text(line));
            if (follow)
            {
                _ = EndWhenGoneAsync(stream, queue.Writer);
                await foreach (var line in queue.Reader.ReadAllAsync())
                    await WriteAsync(stream, Text(line));
            }

            await WriteAsync(stream, "end 0\n");
        }
        finally
        {
            foreach (var log in logs)
                log.Unfollow(Take);
        }
    }

    // Whoever has asked says nothing more: what comes is the end, without which we would hold on to it until the next line.
    private static async Task EndWhenGoneAsync(Stream stream, ChannelWriter<LogLine> lines)
    {
        try
        {
            _ = await stream.ReadAsync(new byte[1]);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // That is one too.
        }

        lines.TryComplete();
    }

    /// <summary>The last lines of somebody: when in Unix milliseconds, who, <c>err</c> or <c>out</c>, and the line, with tabs between.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="wanted">Two words: a pool, a worker or <c>*</c>, and how many lines.</param>
    public static KeeperAnswer Last(AppSupervisors apps, string wanted)
    {
        var words = wanted.Split(' ');
        var (logs, number) = Find(apps, words[0]);
        var most = int.Parse(words[1], CultureInfo.InvariantCulture);
        var lines = logs.SelectMany(log => log.Last(most, number)).OrderBy(line => line.Time).TakeLast(most);
        return new(logs.Count > 0, [.. lines.Select(Fields)]) { IsLong = true };
    }

    /// <summary>The logs that a name stands for: of all, of a pool, or of one worker.</summary>
    internal static (IReadOnlyList<AppLog> Logs, int? Number) Find(AppSupervisors apps, string name)
    {
        if (name == "*")
            return ([.. apps.All.Select(app => app.Log)], null);
        if (apps.Find(name) is { } pool)
            return ([pool.Log], null);
        var dot = name.LastIndexOfAny(['.', '/']);
        return dot > 0 && apps.Find(name[..dot]) is { } app && int.TryParse(name.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? ([app.Log], number)
            : ([], null);
    }

    private static string Fields(LogLine line) => $"{line.Time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}\t{line.Worker}\t{(line.Error ? "err" : "out")}\t{line.Text}";

    private static ValueTask WriteAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text));
}

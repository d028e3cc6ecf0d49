using System.Text;
using Steelyard.Apps.Output;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Apps;

/// <summary>What workers print, on its way.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Lines_are_whole_however_they_come(int size)
    {
        var bytes = Encoding.UTF8.GetBytes("one\n\ntwo é\r\nthree");
        var lines = new List<string>();
        var splitter = new LineSplitter(-1, lines.Add);

        foreach (var some in bytes.Chunk(size))
            splitter.Take(some);
        splitter.End();

        Assert.Equal(["one", "", "two é", "three"], lines);
        Assert.True(splitter.Ended.IsCompleted);
    }

    [Fact]
    public void A_line_without_end_is_cut_and_holds_little_memory()
    {
        var lines = new List<string>();
        var splitter = new LineSplitter(-1, lines.Add);

        for (var i = 0; i < 10; i++)
            splitter.Take(new byte[10_000]);
        splitter.Take("\n"u8);
        splitter.End();

        Assert.Equal(100_000, lines.Sum(line => line.Length));
        Assert.All(lines, line => Assert.InRange(line.Length, 1, LineSplitter.LongestLine));
    }

    [Fact]
    public void Who_brings_what_finds_no_room_does_not_wait_and_the_loss_is_counted()
    {
        var queue = new DroppingQueue<int>(room: 10);
        for (var i = 0; i < 5; i++)
            queue.Add(i, 4);
        queue.End();

        Assert.True(queue.TryTake(out var first, out var dropped));
        Assert.Equal((0, 3), (first, dropped));
        Assert.True(queue.HasNext);
        Assert.True(queue.TryTake(out var second, out dropped));
        Assert.Equal((1, 0), (second, dropped));
        Assert.False(queue.HasNext);
        Assert.False(queue.TryTake(out _, out _));
        Assert.True(queue.Flush(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void What_was_taken_makes_room_though_others_that_were_there_with_it_have_not_been()
    {
        var queue = new DroppingQueue<int>(room: 2);
        queue.Add(0, 1);
        queue.Add(1, 1);

        Assert.True(queue.TryTake(out _, out _));
        queue.Add(2, 1);
        queue.Add(3, 1);
        Assert.False(queue.Flush(TimeSpan.Zero));
        Assert.True(queue.TryTake(out var second, out var dropped));
        Assert.Equal((1, 0), (second, dropped));
        Assert.True(queue.TryTake(out var third, out dropped));
        Assert.Equal((2, 1), (third, dropped));
        Assert.False(queue.Flush(TimeSpan.Zero));
    }

    [Fact]
    public async Task All_that_many_bring_arrives_in_the_order_of_each()
    {
        const int Each = 20_000;
        var queue = new DroppingQueue<(int Who, int Number)>(long.MaxValue);
        var givers = Enumerable.Range(0, 3).Select(who => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
                queue.Add((who, i), 1);
        }, TestContext.Current.CancellationToken)).ToArray();
        var next = new int[3];
        var taker = Task.Run(() =>
        {
            while (queue.TryTake(out var one, out _))
                Assert.Equal(next[one.Who]++, one.Number);
        }, TestContext.Current.CancellationToken);

        await Task.WhenAll(givers);
        Assert.True(queue.Flush(TimeSpan.FromMinutes(1)));
        Assert.All(next, count => Assert.Equal(Each, count));
        queue.End();
        await taker;
    }

    [Fact]
    public void A_file_is_full_by_its_size_or_with_the_day()
    {
        var (evening, night) = (new DateTimeOffset(2026, 11, 28, 23, 59, 0, default), new DateTimeOffset(2026, 11, 29, 0, 1, 0, default));
        var rotation = new LogRotation(100, TimeSpan.FromDays(1), 5);

        Assert.False(rotation.IsDue(90, 10, evening, evening));
        Assert.True(rotation.IsDue(91, 10, evening, evening));
        Assert.True(rotation.IsDue(1, 1, evening, night));
        Assert.False(rotation.IsDue(0, 1000, evening, night));
        Assert.False((rotation with { Every = null }).IsDue(1, 1, evening, night));
    }

    [Fact]
    public void Older_files_move_up_and_the_oldest_goes()
    {
        var file = new LogFile(Path.Combine(_folder, "logs/web.log"), new() { Size = new(1), Keep = 2 });
        for (var i = 1; i <= 4; i++)
            file.Write(DateTimeOffset.UtcNow, $"{i}\n");
        file.Close();

        Assert.Equal(["web.log", "web.log.1", "web.log.2"], Directory.GetFiles(Path.Combine(_folder, "logs")).Select(Path.GetFileName).Order());
        Assert.Equal("4\n", File.ReadAllText(Path.Combine(_folder, "logs/web.log")));
        Assert.Equal("2\n", File.ReadAllText(Path.Combine(_folder, "logs/web.log.2")));
    }

    [Fact]
    public void Who_follows_a_log_misses_no_line_and_gets_none_twice()
    {
        var log = new AppLog("web", _folder);
        log.Follow(new LogSettings { Terminal = false });
        var lines = new List<string>();
        void Take(LogLine line) => lines.Add(line.Text);
        log.Add(new(default, "web", 1, 41, Error: false, "one"));

        lines.AddRange(log.Follow(10, number: null, Take).Select(line => line.Text));
        log.Add(new(default, "web", 1, 41, Error: false, "two"));
        log.Unfollow(Take);
        log.Add(new(default, "web", 1, 41, Error: false, "three"));

        Assert.Equal(["one", "two"], lines);
    }

    [Fact]
    public void A_line_of_json_holds_whatever_was_printed()
    {
        var line = new LogLine(new(2026, 11, 28, 12, 0, 0, 7, default), "web", 2, 41, Error: true, "a \"b\"\\\u0001é");

        Assert.Equal("""{"time":"2026-11-28T12:00:00.007Z","worker":"web/2","stream":"stderr","pid":41,"message":"a \"b\"\\\u0001é"}""" + "\n", LogFiles.Format(LogFormat.Json, null, line));
        Assert.Equal("2026-11-28T12:00:00.007Z web/2 a \"b\"\\\u0001é\n", LogFiles.Format(LogFormat.Text, null, line));
    }

    [Fact]
    public void Each_output_goes_to_its_file_and_to_the_one_for_both()
    {
        var log = new AppLog("web", _folder);
        log.Follow(new() { Terminal = false, Format = LogFormat.Raw, File = "both.log", OutputFile = "out-{index}.log", ErrorFile = "out-{index}.log" });
        log.Add(new(default, "web", 1, 41, Error: false, "one"));
        log.Add(new(default, "web", 2, 42, Error: true, "two"));
        log.Follow(new() { Terminal = false, Format = LogFormat.Raw, ErrorFile = "errors.log" });
        log.Add(new(default, "web", 1, 41, Error: false, "three"));
        log.Add(new(default, "web", 1, 41, Error: true, "four"));
        log.Follow(new() { Terminal = false, Format = LogFormat.Raw, File = "same.log", OutputFile = "./same.log" });
        log.Add(new(default, "web", 1, 41, Error: false, "five"));
        LogWriter.Flush(TimeSpan.FromMinutes(1));

        Assert.Equal(
            ["both.log: one two", "errors.log: four", "out-0.log: one", "out-1.log: two", "same.log: five"],
            Directory.GetFiles(_folder).Order().Select(path => $"{Path.GetFileName(path)}: {File.ReadAllText(path).TrimEnd().Replace('\n', ' ')}"));
    }

    [Fact]
    public void Lines_have_their_time_as_a_pattern_says()
    {
        var line = new LogLine(new(2026, 11, 28, 12, 0, 0, 7, default), "web", 2, 41, Error: true, "text");
        var time = line.Time.ToLocalTime().ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal($"{time}: text\n", LogFiles.Format(LogFormat.Raw, new("HH:mm"), line));
        Assert.Equal($"{time} web/2 text\n", LogFiles.Format(LogFormat.Text, new("HH:mm"), line));
        Assert.Equal($$"""{"time":"\"{{time}}","worker":"web/2","stream":"stderr","pid":41,"message":"text"}""" + "\n", LogFiles.Format(LogFormat.Json, new("\"HH:mm"), line));
    }
}

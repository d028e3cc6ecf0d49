using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Logging;

/// <summary>The thread that writes what the loops have added.</summary>
public sealed class LogSinks
{
    /// <summary>Somewhere that can be held up.</summary>
    private sealed class Slow : LogDestination
    {
        private readonly StringBuilder _text = new();

        public SemaphoreSlim Entered { get; } = new(0);

        public SemaphoreSlim Held { get; } = new(0);

        public int Reopened { get; private set; }

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }

        public override int Write(ReadOnlySpan<byte> lines)
        {
            Entered.Release();
            Held.Wait();
            lock (_text)
                _text.Append(Encoding.ASCII.GetString(lines));
            return 1;
        }

        public override void Reopen() => Reopened++;

        public override void Dispose()
        {
        }
    }

    private static bool Add(LogSink sink, string line)
    {
        var ring = sink.RingOf(0);
        var room = ring.Reserve();
        if (room.IsEmpty)
            return false;
        var writer = new LineWriter(room);
        writer.Write(Encoding.ASCII.GetBytes(line));
        ring.Publish(writer.End(room));
        sink.Added(ring);
        return true;
    }

    [Fact]
    public async Task A_disk_that_hangs_costs_lines_and_no_time()
    {
        var disk = new Slow();
        using var sink = new LogSink(1, 64 * 1024, disk);
        Add(sink, "first");
        await disk.Entered.WaitAsync(TestContext.Current.CancellationToken);

        var (line, added) = (new string('x', 999), 0);
        while (Add(sink, line))
            added++;
        Assert.InRange(added, 40, 65);
        Assert.Equal(1, sink.Dropped);

        disk.Held.Release(1000);
        Assert.True(SpinWait.SpinUntil(() => disk.Text.Count(letter => letter == '\n') == 1 + added, TimeSpan.FromSeconds(30)));
        Assert.StartsWith("first\n", disk.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_is_written_before_the_end()
    {
        var disk = new Slow();
        disk.Held.Release(1000);
        using (var sink = new LogSink(2, 64 * 1024, disk))
            Add(sink, "last");

        Assert.Equal("last\n", disk.Text);
    }

    [Fact]
    public void A_file_is_opened_again_before_the_next_line()
    {
        var disk = new Slow();
        disk.Held.Release(1000);
        using var sink = new LogSink(1, 64 * 1024, disk);
        sink.Reopen();
        Add(sink, "line");

        Assert.True(SpinWait.SpinUntil(() => disk.Text == "line\n", TimeSpan.FromSeconds(30)));
        Assert.Equal(1, disk.Reopened);
    }

    [Fact]
    public void A_socket_of_syslog_that_is_not_there_is_said_so()
    {
        var said = new List<string>();
        using var syslog = new SyslogDestination(new() { To = new(LogTargetKind.Syslog, "/nowhere/log") }, () => DateTimeOffset.UnixEpoch, said.Add);

        Assert.Equal(1, syslog.Write("a line\n"u8));
        Assert.Equal(["lines are lost to syslog:/nowhere/log: No such file or directory"], said);
    }

    [Theory]
    [InlineData(SyslogFormat.Rfc5424, "<190>1 2026-11-08T12:01:02.003000Z host edge 42 - - ")]
    [InlineData(SyslogFormat.Rfc3164, "<190>Nov  8 ")]
    [InlineData(SyslogFormat.Raw, "")]
    [InlineData(SyslogFormat.Short, "<6>")]
    [InlineData(SyslogFormat.Priority, "<190>")]
    public void A_message_to_syslog_begins_as_its_RFC_says(SyslogFormat format, string start)
    {
        var settings = new AccessLogSettings { To = new(LogTargetKind.Syslog, "/dev/log"), Syslog = format, Facility = 23, Tag = "edge" };

        var header = SyslogDestination.HeaderOf(settings, new(2026, 11, 8, 12, 1, 2, 3, default), "host", 42);

        Assert.StartsWith(start, header, StringComparison.Ordinal);
        Assert.EndsWith(format == SyslogFormat.Rfc3164 ? "edge[42]: " : start, header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SyslogFormat.Iso, "^2026-11-0[789]T..:..:02[.]003000[+-]..:.. $")]
    [InlineData(SyslogFormat.Timed, "^<6>2026-11-0[789]T..:..:02[.]003000[+-]..:.. $")]
    public void The_time_stands_before_a_message_where_HAProxys_format_has_it(SyslogFormat format, string pattern)
    {
        var settings = new AccessLogSettings { To = new(LogTargetKind.Syslog, "/dev/log"), Syslog = format };

        Assert.Matches(pattern, SyslogDestination.HeaderOf(settings, new(2026, 11, 8, 12, 1, 2, 3, default), "host", 42));
    }
}

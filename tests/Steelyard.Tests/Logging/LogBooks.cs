using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Logging;

/// <summary>The places that logs share.</summary>
public sealed class LogBooks : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("steelyard-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Add(LogSink sink, string line)
    {
        var ring = sink.RingOf(0);
        var room = ring.Reserve();
        var writer = new LineWriter(room);
        writer.Write(Encoding.ASCII.GetBytes(line));
        ring.Publish(writer.End(room));
        sink.Added(ring);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_others_copy_to_begins_anew_as_its_own_log_says(bool own)
    {
        var log = new AccessLogSettings { To = new(LogTargetKind.File, "a.log"), Size = new(100) };
        var copying = new AccessLogSettings { To = new(LogTargetKind.File, "b.log"), Also = [new() { To = log.To }] };
        using (var book = new LogBook(_folder, loops: 1))
        {
            var sink = own ? book.SinkFor(log) : null;
            Assert.Equal(sink is null ? 1 : 0, book.CopiesFor(copying).Except([sink!]).Count());
            sink ??= book.SinkFor(log);
            Add(sink, new string('x', 90));
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(Path.Combine(_folder, "a.log")).Length == 91, TimeSpan.FromSeconds(30)));
            Add(sink, new string('y', 90));
        }

        Assert.Equal(new string('x', 90) + "\n", File.ReadAllText(Path.Combine(_folder, "a.log.1")));
        Assert.Equal(new string('y', 90) + "\n", File.ReadAllText(Path.Combine(_folder, "a.log")));
    }
}

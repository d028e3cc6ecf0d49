using Steelyard.Config;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>Access logs that go to several places.</summary>
public sealed class AccessLogTests
{
    private const int Requests = 1000;

    private static readonly byte[] Request = "GET /a/path/that/is/long/enough/for/a/line/of/some/length HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n\r\nhello"u8.ToArray();

    private static LogTarget At(string file) => new(LogTargetKind.File, file);

    private static MemoryLog Run(AccessLogSettings settings, AccessLogSettings read)
    {
        var log = new MemoryLog();
        using var proxy = new SimulatedProxy(seed: 1, SimulatedConditions.Clean with { Capacity = 8192 }, servers: 1, adjust: snapshot => snapshot with { AccessLog = settings }, logs: log.Book);
        proxy.Driver.Listen(SimulatedProxy.FirstServerPort, new CannedServer(proxy.Events, Answer));
        var client = new CannedClient(proxy.Events, Request, Answer.Length) { Goal = Requests };
        client.Start(proxy.Connect());
        proxy.RunUntil(() =>
        {
            log.Drain(read);
            return client.Answers == Requests && proxy.Loop.Counters.Requests == Requests;
        });
        return log;
    }

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("third")]
    public void A_place_that_takes_no_lines_costs_the_others_none(string taken)
    {
        var settings = new AccessLogSettings { To = At("first"), Buffer = ByteSize.FromKibibytes(64), Also = [new() { To = At("second") }, new() { To = At("third") }] };
        var read = settings with { To = At(taken), Also = [] };

        var log = Run(settings, read);

        Assert.Equal(Requests, log.Lines(read).Length);
        Assert.InRange(log.Book.Dropped, 2, 2 * Requests);
    }

    [Fact]
    public void A_place_that_is_named_twice_gets_every_line_once()
    {
        var settings = new AccessLogSettings { To = At("only"), Buffer = ByteSize.FromKibibytes(64), Also = [new() { To = At("only") }] };

        var log = Run(settings, settings);

        var lines = log.Lines(settings);
        Assert.Equal(Requests, lines.Length);
        Assert.All(lines, line => Assert.EndsWith("/some/length HTTP/1.1\"", line, StringComparison.Ordinal));
        Assert.Equal(0, log.Book.Dropped);
    }
}

using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Serving;

namespace Steelyard.EndToEnd;

public sealed class ServerReportsTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private static readonly NetworkAddress Address = NetworkAddress.ForHost("10.0.0.1", 80);

    private static ServerStatus Status(long failures, ServerFailure last = ServerFailure.None, ServerFailure? reason = null) => new("web", Address, 0, failures, last, reason ?? last);

    [Fact]
    public void A_server_that_has_recovered_by_the_look_is_told_of_with_its_failure()
    {
        var line = Assert.Single(new ServerReports().Look([Status(1, ServerFailure.None, ServerFailure.Refused)], Start));
        Assert.EndsWith("failed a request: it refused the connection", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failing_server_is_told_of_once_a_minute_and_when_it_is_back()
    {
        var reports = new ServerReports();
        var lines = new List<string>();
        void Look(int second, ServerStatus status) => lines.AddRange(reports.Look([status], Start.AddSeconds(second)));

        Look(0, Status(0));
        Look(1, Status(1, ServerFailure.Refused));
        for (var second = 2; second < 61; second++)
            Look(second, Status(second, ServerFailure.Refused));
        Look(61, Status(61, ServerFailure.AnswerTimeout));
        Look(62, Status(62));
        Look(63, Status(62));
        Look(64, Status(62));

        Assert.Equal(
            [
                "2026-11-23T09:00:01Z 10.0.0.1:80 of web failed a request: it refused the connection",
                "2026-11-23T09:01:01Z 10.0.0.1:80 of web failed 60 requests: it did not answer in time (timeouts: server-response, request)",
                "2026-11-23T09:01:03Z 10.0.0.1:80 of web answers again",
            ],
            lines);
    }
}

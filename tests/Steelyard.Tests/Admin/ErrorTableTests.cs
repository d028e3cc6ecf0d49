using Steelyard.Admin;
using Steelyard.Commands;

namespace Steelyard.Tests.Admin;

/// <summary>What <c>steelyard errors</c> shows.</summary>
public sealed class ErrorTableTests
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly ErrorView[] s_errors =
    [
        new(s_now.AddSeconds(-1), "502.connect-refused", 502, "The server refused the connection.", "192.0.2.1", "GET example.com/a/path/that/is/longer/than/a/narrow/terminal", "web", "10.0.0.1:3000", "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"),
        new(s_now.AddDays(-1), "408.header-timeout", 408, "The head did not come in time.", null, null, null, null, "11111111111111111111111111111111", null),
    ];

    private static string Show(int width)
    {
        using var writer = new StringWriter();
        ErrorTable.Write(Terminal.To(writer, width), s_errors, s_now);
        var lines = writer.ToString().Split('\n').Select(line => line.TrimEnd()).ToArray();
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        return string.Join('\n', lines);
    }

    [Fact]
    public void Each_has_a_line_and_its_ids_below_it_and_those_of_other_days_their_date() => Assert.Equal(
        """
        Time (UTC)          Cause               Client    Request                                                      Server
        2026-03-01 03:04:05 408.header-timeout            11111111111111111111111111111111
        03:04:04.000        502.connect-refused 192.0.2.1 GET example.com/a/path/that/is/longer/than/a/narrow/terminal web/10.0.0.1:3000
                                                          0123456789abcdef0123456789abcdef
                                                          trace fedcba9876543210fedcba9876543210
        502.connect-refused: The server refused the connection.
        408.header-timeout: The head did not come in time.

        """,
        Show(1000));

    [Fact]
    public void On_a_narrow_terminal_each_has_several_lines_with_whole_ids() => Assert.Equal(
        """
        2026-03-01 03:04:05 408.header-timeout
         11111111111111111111111111111111
        03:04:04.000 502.connect-refused
         GET example.com/a/path/that/is/longer/…
         web/10.0.0.1:3000, for 192.0.2.1
         0123456789abcdef0123456789abcdef
         trace fedcba9876543210fedcba9876543210
        502.connect-refused: The server refused
        the connection.
        408.header-timeout: The head did not
        come in time.

        """,
        Show(40));
}

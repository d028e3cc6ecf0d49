using System.Globalization;
using Steelyard.Keeper;

namespace Steelyard.Tests.Keeper;

/// <summary>A keeper that waits is small.</summary>
public sealed class FootprintTests
{
    // Of this process, whose pages of program files come back while it runs on.
    [Fact]
    public void Pages_of_program_files_are_let_go_of_and_come_back_where_they_are_needed()
    {
        var before = ResidentFilePages();

        Footprint.Shrink();
        var after = ResidentFilePages();

        Assert.InRange(after, 0, before * 4 / 5);
    }

    private static long ResidentFilePages() =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssFile:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}

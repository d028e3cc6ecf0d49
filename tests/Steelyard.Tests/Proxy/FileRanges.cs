using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>What of a file is asked for, and what dates mean.</summary>
public sealed class FileRanges
{
    [Theory]
    [InlineData("0-3", "0-4")]
    [InlineData("0-0,2-3", "0-1 2-4")]
    [InlineData("-2", "7-9")]
    [InlineData("-99", "0-9")]
    [InlineData("5-", "5-9")]
    [InlineData(" 0 - 3 , 5-99", "0-4 5-9")]
    [InlineData("99-,0-1", "0-2")]
    [InlineData("3-2,0-1", "0-2")]
    [InlineData("0-8,0-8", "all")]
    [InlineData("99-", "none")]
    [InlineData("5-3", "none")]
    [InlineData("0-3,", "none")]
    [InlineData("-", "none")]
    [InlineData("-0", "none")]
    [InlineData("99999999999999999999-", "none")]
    [InlineData("0-0,1-1,2-2,3-3", "all")]
    public void A_range_is_read_as_nginx_reads_it(string text, string expected)
    {
        List<(long From, long To)> parts = [];
        var verdict = ByteRanges.Read(Encoding.ASCII.GetBytes(text), size: 9, most: 3, parts);
        Assert.Equal(expected, verdict switch
        {
            RangeVerdict.Whole => "all",
            RangeVerdict.Unsatisfiable => "none",
            _ => string.Join(' ', parts.Select(part => $"{part.From}-{part.To}")),
        });
    }

    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 784111777)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 784111777)]
    [InlineData("Sun Nov  6 08:49:37 1994", 784111777)]
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT; length=9", 0)]
    [InlineData("Sun, 06 Nov 1994 08:49:99 GMT", -1)]
    [InlineData("Sun, 31 Feb 1994 08:49:37 GMT", -1)]
    [InlineData("Sun, 06 Nev 1994 08:49:37 GMT", -1)]
    [InlineData("nonsense", -1)]
    [InlineData("Sun,", -1)]
    [InlineData("", -1)]
    public void A_date_is_read_in_its_three_forms(string text, long expected) =>
        Assert.Equal(expected, HttpTime.TryRead(Encoding.ASCII.GetBytes(text), out var seconds) ? seconds : -1);

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("br, GZIP", true)]
    [InlineData("deflate, gzip;q=1.0", true)]
    [InlineData("gzip; q=0.001", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip;q=0.00", false)]
    [InlineData("x-gzip, *", false)]
    [InlineData("", false)]
    public void A_client_takes_gzip_that_names_it(string field, bool expected) =>
        Assert.Equal(expected, AcceptedCodings.HasGzip(Encoding.ASCII.GetBytes(field)));
}

using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Tests.Http1;

/// <summary>Which coding a client gets.</summary>
public sealed class Codings
{
    [Theory]
    [InlineData("gzip", ContentCoding.Gzip)]
    [InlineData("GZIP", ContentCoding.Gzip)]
    [InlineData("x-gzip", ContentCoding.Gzip)]
    [InlineData("deflate", ContentCoding.Deflate)]
    [InlineData("gzip, deflate, br", ContentCoding.Gzip)]
    [InlineData("deflate, gzip", ContentCoding.Deflate)]
    [InlineData("br;q=1.0, gzip;q=0.5, deflate; q=0.501", ContentCoding.Deflate)]
    [InlineData("gzip;q=0.001", ContentCoding.Gzip)]
    [InlineData("*", ContentCoding.Gzip)]
    [InlineData("*;q=0.1", ContentCoding.Gzip)]
    [InlineData("gzip;q=0, *", ContentCoding.Deflate)]
    [InlineData("gzip;q=0, deflate;q=0, *", null)]
    [InlineData("identity", null)]
    [InlineData("gzip;q=0", null)]
    [InlineData("gzip;q=0.000", null)]
    [InlineData("gzip;q=nothing", null)]
    [InlineData("gzip;q=2", null)]
    [InlineData("gzipped", null)]
    [InlineData("br, zstd", null)]
    [InlineData("", null)]
    [InlineData(",,;q=1,", null)]
    public void It_is_the_one_that_it_likes_best(string field, ContentCoding? expected)
    {
        var head = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {field}\r\n\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal(HeadState.Complete, request.Read(head, 16 * 1024, 100));
        Assert.Equal(expected, AcceptedCodings.Choose(request, head, [ContentCoding.Gzip, ContentCoding.Deflate]));
    }

    [Fact]
    public void Lines_count_together()
    {
        var head = "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip;q=0.2\r\naccept-encoding: deflate;q=0.9\r\n\r\n"u8;
        var request = new RequestHead();
        request.Clear();
        request.Read(head, 16 * 1024, 100);
        Assert.Equal(ContentCoding.Deflate, AcceptedCodings.Choose(request, head, [ContentCoding.Gzip, ContentCoding.Deflate]));
        Assert.Equal(ContentCoding.Gzip, AcceptedCodings.Choose(request, head, [ContentCoding.Gzip]));
    }
}

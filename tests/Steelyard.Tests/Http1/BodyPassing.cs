using System.Globalization;
using System.Text;
using CsCheck;
using Steelyard.Engine.Http1;
using Steelyard.Fuzz.Targets;

namespace Steelyard.Tests.Http1;

/// <summary>
/// A body arrives in any pieces and goes out whole: what is sent on decodes to the same data, what follows it is left
/// alone, and nothing is written where somebody still reads. The checks are those of the fuzz target.
/// </summary>
public sealed class BodyPassing
{
    private static readonly Gen<int> Size = Gen.OneOf(Gen.Int[0, 20], Gen.OneOf(1, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097), Gen.Int[0, 40_000]);

    private static readonly Gen<string> SizeLineEnd = Gen.Frequency((8, Gen.Const("\r\n")), (1, Gen.OneOf(";a=b\r\n", " ;\r\n", ";" + new string('x', 200) + "\r\n")));

    private static readonly Gen<string> Trailers = Gen.OneOf("X: y", "A:", "x-sum:  1 ", "Content-Length: 5", "HOST: a", "X_Y: z", "authorization: a", "Set-Cookie: a=b", "X-Forwarded-For: a", "X-Long: " + new string('x', 900))
        .List[0, 9].Select(lines => string.Concat(lines.Select(line => line + "\r\n")));

    private static readonly Gen<string> Behind = Gen.OneOf("", "G", "GET / HTTP/1.1\r\nHost: a\r\n\r\n");

    private static readonly Gen<string> Chunk = Gen.Select(Size.Where(size => size > 0), Gen.Int[0, 4], Gen.Bool, SizeLineEnd)
        .Select((size, zeros, upper, end) => new string('0', zeros) + size.ToString(upper ? "X" : "x", CultureInfo.InvariantCulture) + end + Data(size) + "\r\n");

    private static readonly Gen<byte[]> Chunked = Gen.Select(Chunk.List[0, 6], Trailers, Behind)
        .Select((chunks, trailers, behind) => Encoding.Latin1.GetBytes(string.Concat(chunks) + "0\r\n" + trailers + "\r\n" + behind));

    private static readonly Gen<byte[]> Broken = Gen.Select(Chunked, Gen.Double[0, 1], Gen.Int[0, 3], Gen.OneOf("", "\r", "\n", "0", "x", "\0", ";", "ffff"))
        .Select((bytes, at, removed, piece) =>
        {
            var start = (int)(bytes.Length * at);
            return (byte[])[.. bytes[..start], .. Encoding.Latin1.GetBytes(piece), .. bytes[Math.Min(bytes.Length, start + removed)..]];
        });

    // No two neighbours alike, so that a byte in the wrong place shows.
    private static string Data(int size) => string.Create(size, size, static (text, seed) =>
    {
        for (var i = 0; i < text.Length; i++)
            text[i] = (char)(((i * 31) + (seed * 7) + (i >> 8)) & 0xff);
    });

    [Fact]
    public void Chunks_go_out_as_chunks_of_the_same_data() => Check(BodyTarget.Kind.ChunkedToChunked, Chunked);

    [Fact]
    public void Chunks_go_out_as_plain_data_to_who_knows_no_chunks() => Check(BodyTarget.Kind.ChunkedToRaw, Chunked);

    [Fact]
    public void Trailers_go_out_where_they_may() => Check(BodyTarget.Kind.ChunkedWithTrailers, Chunked);

    [Fact]
    public void Broken_trailers_are_found_and_never_made_whole() => Check(BodyTarget.Kind.ChunkedWithTrailers, Broken);

    [Fact]
    public void Strict_chunks_pass_a_tolerant_reader_as_they_pass_a_strict_one() => Check(BodyTarget.Kind.Tolerant, Chunked);

    [Fact]
    public void Whatever_a_tolerant_reader_takes_goes_out_strictly() => Check(BodyTarget.Kind.Tolerant, Broken);

    private static readonly Gen<string> LineEnd = Gen.OneOf("\n", "\r\n", " \n", " \r\n");

    private static readonly Gen<string> DataEnd = Gen.OneOf("\n", "\r\n");

    private static readonly Gen<(string Coded, string Data)> LooseChunk = Gen.Select(Size.Where(size => size > 0), LineEnd, DataEnd)
        .Select((size, end, dataEnd) => (size.ToString("x", CultureInfo.InvariantCulture) + end + Data(size) + dataEnd, Data(size)));

    [Fact]
    public void Bare_line_feeds_end_the_lines_of_a_tolerant_reader() =>
        Gen.Select(LooseChunk.List[0, 6], LineEnd, DataEnd, Behind, Gen.Bool, Gen.UInt[0, uint.MaxValue]).Sample(
            (chunks, lastEnd, end, behind, held, seed) =>
            {
                var coded = string.Concat(chunks.Select(chunk => chunk.Coded)) + "0" + lastEnd + end + behind;
                var result = BodyTarget.Pass(BodyTarget.Kind.Tolerant, held, long.MaxValue, length: 0, seed, Encoding.Latin1.GetBytes(coded));
                Assert.Equal(FrameState.Complete, result.State);
                Assert.True(ReferenceChunks.TryDecode(result.Output, out var data, out var used));
                Assert.Equal(result.Output.Length, used);
                Assert.Equal(string.Concat(chunks.Select(chunk => chunk.Data)), Encoding.Latin1.GetString(data));
                Assert.Equal(behind, Encoding.Latin1.GetString(result.Leftover));
            },
            iter: 3_000);

    [Fact]
    public void Broken_chunks_are_found_and_never_made_whole() => Check(BodyTarget.Kind.ChunkedToChunked, Broken);

    [Fact]
    public void A_body_that_ends_with_its_connection_goes_out_in_chunks() =>
        Check(BodyTarget.Kind.UntilCloseToChunked, Size.Select(size => Encoding.Latin1.GetBytes(Data(size))));

    [Fact]
    public void A_counted_body_goes_out_as_it_came() =>
        Check(BodyTarget.Kind.Counted, Size.Select(size => Encoding.Latin1.GetBytes(Data(size))));

    private static void Check(BodyTarget.Kind kind, Gen<byte[]> bodies) =>
        Gen.Select(bodies, Gen.Bool, Gen.UInt[1, uint.MaxValue], Size, Gen.Frequency((4, Gen.Const(long.MaxValue)), (1, Gen.Long[0, 300])))
            .Sample((body, held, seed, length, limit) => BodyTarget.Run(kind, held, limit, length, seed, body), iter: 3_000);

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("0005;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: gone\r\n\r\n", "6\r\nhello!\r\n0\r\n\r\n")]
    [InlineData("0\r\n\r\n", "0\r\n\r\n")]
    public void Nothing_of_the_peers_own_framing_reaches_the_other_side(string arriving, string sent)
    {
        var result = BodyTarget.Pass(BodyTarget.Kind.ChunkedToChunked, held: false, long.MaxValue, length: 0, seed: 0, Encoding.ASCII.GetBytes(arriving));
        Assert.Equal((FrameState.Complete, sent), (result.State, Encoding.ASCII.GetString(result.Output)));
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")]
    [InlineData("0\r\nX-Sum: 1\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n")]
    [InlineData("5\r\nhello\r\n0\r\nContent-Length: 9\r\nX-Sum: 1\r\nTransfer-Encoding: chunked\r\nY:\r\n\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n")]
    [InlineData("2\r\nhe\r\n3\r\nllo\r\n0\r\nhost: a\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("0\r\n\r\n", "0\r\n\r\n")]
    public void Trailers_follow_the_last_chunk(string arriving, string sent)
    {
        var result = BodyTarget.Pass(BodyTarget.Kind.ChunkedWithTrailers, held: true, long.MaxValue, length: 0, seed: 0, Encoding.ASCII.GetBytes(arriving));
        Assert.Equal((FrameState.Complete, sent), (result.State, Encoding.ASCII.GetString(result.Output)));
    }

    [Theory]
    [InlineData("Age")]
    [InlineData("authentication-info")]
    [InlineData("Authorization")]
    [InlineData("Cache-Control")]
    [InlineData("Connection")]
    [InlineData("Content-Encoding")]
    [InlineData("CONTENT-LENGTH")]
    [InlineData("Content-Type")]
    [InlineData("Cookie")]
    [InlineData("Date")]
    [InlineData("Expect")]
    [InlineData("Expires")]
    [InlineData("Forwarded")]
    [InlineData("Host")]
    [InlineData("If-Match")]
    [InlineData("If-None-Match")]
    [InlineData("If-Modified-Since")]
    [InlineData("If-Unmodified-Since")]
    [InlineData("If-Range")]
    [InlineData("Location")]
    [InlineData("Max-Forwards")]
    [InlineData("Pragma")]
    [InlineData("Proxy-Authenticate")]
    [InlineData("Proxy-Authorization")]
    [InlineData("Range")]
    [InlineData("Retry-After")]
    [InlineData("Set-Cookie")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Upgrade")]
    [InlineData("Vary")]
    [InlineData("Warning")]
    [InlineData("WWW-Authenticate")]
    [InlineData("X-Forwarded-For")]
    [InlineData("X-Real-IP")]
    [InlineData("Client-Cert")]
    [InlineData("X_Any")]
    public void What_others_decided_by_before_is_no_trailer(string name) => Assert.True(TrailerFields.IsForbidden(Encoding.ASCII.GetBytes(name)));

    [Theory]
    [InlineData("X-Sum")]
    [InlineData("Digest")]
    [InlineData("Server-Timing")]
    [InlineData("grpc-status")]
    public void Other_fields_are(string name) => Assert.False(TrailerFields.IsForbidden(Encoding.ASCII.GetBytes(name)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_body_over_the_limit_is_found_before_it_is_broken_behind(bool atOnce)
    {
        var body = "5\r\nhello\r\nbroken"u8.ToArray();
        Assert.Equal(FrameState.TooLarge, BodyTarget.Pass(BodyTarget.Kind.ChunkedToChunked, held: false, limit: 4, length: 0, atOnce ? 0 : 7u, body).State);
        Assert.Equal(FrameState.Broken, BodyTarget.Pass(BodyTarget.Kind.ChunkedToChunked, held: false, limit: 5, length: 0, atOnce ? 0 : 7u, body).State);
    }

    [Fact]
    public void What_was_spliced_past_the_framer_counts()
    {
        var framer = new BodyFramer(BodyFraming.Counted(100_000), chunkedOut: false);
        framer.Passed(60_000);
        Assert.Equal(40_000, framer.Remaining);
        framer.Passed(40_000);
        Assert.Equal(0, framer.Remaining);
    }
}

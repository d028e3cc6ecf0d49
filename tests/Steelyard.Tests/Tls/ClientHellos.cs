using System.Text;
using CsCheck;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Tls;
using Steelyard.Fuzz.Targets;
using static Steelyard.Tests.Tls.HelloBytes;

namespace Steelyard.Tests.Tls;

public sealed class ClientHellos
{
    private static (HeadState State, bool Tls, string Name) Read(byte[] bytes)
    {
        var hello = new ClientHello();
        var state = hello.Read([.. bytes]);
        return (state, hello.IsTls, Encoding.Latin1.GetString(hello.ServerName));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("a")]
    [InlineData("UPPER.example.com")]
    [InlineData("xn--bcher-kva.example")]
    [InlineData("_dmarc.example.com.")]
    public void The_name_is_found(string name) => Assert.Equal((HeadState.Complete, true, name), Read(For(name)));

    private static (string Version, string Protocols) Offered(byte[] extensions)
    {
        var hello = new ClientHello();
        Assert.Equal(HeadState.Complete, hello.Read([.. Records(Message(extensions))]));
        return (Encoding.Latin1.GetString(hello.Version), Encoding.Latin1.GetString(hello.Protocols));
    }

    private static byte[] Protocols(params string[] names) => Extension(16, Vector(2, [.. names.SelectMany(name => Vector(1, Encoding.Latin1.GetBytes(name)))]));

    [Fact]
    public void The_highest_version_and_all_protocols_are_what_is_offered()
    {
        Assert.Equal(("TLSv1.3", "h2,http/1.1"), Offered([.. Extension(43, Vector(1, 0x0A, 0x0A, 3, 4, 3, 3)), .. Protocols("h2", "http/1.1")]));
        Assert.Equal(("TLSv1.2", "acme-tls/1"), Offered([.. Protocols("acme-tls/1"), .. Extension(43, Vector(1, 3, 1, 3, 3))]));
        Assert.Equal(("TLSv1.2", ""), Offered([]));
        Assert.Equal(("", ""), Offered(Extension(43, Vector(1, 3, 0x7F))));
    }

    [Fact]
    public void What_is_wrong_in_them_is_left_out_and_what_does_not_fit()
    {
        Assert.Equal(("TLSv1.2", ""), Offered([.. Extension(43, 9), .. Extension(16, 0, 9, 1)]));
        Assert.Equal(("TLSv1.2", "a,b"), Offered([.. Extension(16, 0, 7, 1, (byte)'a', 1, (byte)'b', 9, (byte)'c', (byte)'d')]));
        Assert.Equal(("TLSv1.2", $"{new string('x', 200)},y"), Offered(Protocols(new string('x', 200), new string('z', 100), "y")));
    }

    [Fact]
    public void What_is_no_hello_offers_nothing()
    {
        var hello = new ClientHello();
        hello.Read([.. Records(Message(Protocols("h2")))]);
        hello.Read([.. "GET / HTTP/1.1\r\n"u8]);
        Assert.True(hello.Version.IsEmpty && hello.Protocols.IsEmpty);
    }

    [Fact]
    public void The_protocol_that_is_offered_first_is_found()
    {
        var hello = new ClientHello();
        Assert.Equal(HeadState.Complete, hello.Read(Records(Message([.. Extension(16, Vector(2, [.. Vector(1, [.. "h2"u8]), .. Vector(1, [.. "http/1.1"u8])])), .. ServerName("a.b")]))));
        Assert.Equal("h2", Encoding.Latin1.GetString(hello.FirstProtocol));
        foreach (var list in (byte[][])[[], [0], [0, 0], [0, 1, 9], [9, 9, 2]])
        {
            Assert.Equal(HeadState.Complete, hello.Read(Records(Message(Extension(16, list)))));
            Assert.Equal(0, hello.FirstProtocol.Length);
        }
    }

    [Fact]
    public void What_a_client_sends_behind_its_hello_is_no_part_of_it() =>
        Assert.Equal((HeadState.Complete, true, "a.b"), Read([.. For("a.b"), 20, 3, 3, 0, 1, 1, 23, 3, 3]));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    [InlineData(200)]
    public void A_hello_may_be_spread_over_records(int most) =>
        Assert.Equal((HeadState.Complete, true, "split.example.com"), Read(Records(Message(ServerName("split.example.com")), most)));

    [Fact]
    public void A_hello_without_a_name_names_nobody()
    {
        Assert.Equal((HeadState.Complete, true, ""), Read(Records(Message(Extension(10, 0, 2, 0, 29)))));
        Assert.Equal((HeadState.Complete, true, ""), Read(Records(Message([]))));
        Assert.Equal((HeadState.Complete, true, ""), Read(Records(Message(null))));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    [InlineData("\u0080\u002e\u0001\u0003\u0001")]
    [InlineData("\u0016\u0002\u0001")]
    public void What_is_no_tls_names_nobody(string text) =>
        Assert.Equal((HeadState.Complete, false, ""), Read(Encoding.Latin1.GetBytes(text)));

    public static TheoryData<string, byte[]> Wrong => new()
    {
        { "another message", Records([2, 0, 0, 4, 3, 3, 0, 0]) },
        { "an empty record", [22, 3, 1, 0, 0, .. For("a")] },
        { "a record that is too long", [22, 3, 1, 0x40, 1, 1] },
        { "another record before the end", [.. Records(Message(ServerName("a")))[..20].AsSpan(0, 0), 22, 3, 1, 0, 2, 1, 0, 21, 3, 1, 0, 2, 1, 0] },
        { "a message that is too long", Records([1, 1, 0, 0, 3, 3]) },
        { "something behind the message in its record", Records([.. Message(ServerName("a")), 0]) },
        { "a session of 33 bytes", Records(Message(ServerName("a"), session: new byte[33])) },
        { "no ciphers", Records(Message(ServerName("a"), ciphers: [])) },
        { "half a cipher", Records(Message(ServerName("a"), ciphers: [1, 2, 3])) },
        { "no compression", Records(Message(ServerName("a"), compressions: [])) },
        { "half an extension", Records(Message([0, 10, 0])) },
        { "an extension beyond the end", Records(Message([0, 10, 0, 9, 1])) },
        { "two names", Records(Message([.. ServerName("a"), .. ServerName("b")])) },
        { "two names in one list", Records(Message(Extension(0, Vector(2, [0, .. Vector(2, (byte)'a'), 0, .. Vector(2, (byte)'b')])))) },
        { "a name of another kind", Records(Message(Extension(0, Vector(2, [1, .. Vector(2, (byte)'a')])))) },
        { "an empty name", Records(Message(ServerName(""))) },
        { "an empty list", Records(Message(Extension(0, 0, 0))) },
        { "a name of 256 bytes", Records(Message(ServerName(new string('a', 256)))) },
        { "a name with a NUL", Records(Message(ServerName("a\0.example.com"))) },
        { "a name with a blank", Records(Message(ServerName("a b"))) },
        { "a name outside ASCII", Records(Message(ServerName("b\u00fccher.example"))) },
        { "no random", Records([1, 0, 0, 4, 3, 3, 0, 0]) },
        { "an old version within", Records([1, 0, 0, 36, 2, 0, .. new byte[34]]) },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void A_hello_that_is_not_well_formed_is_refused(string what, byte[] bytes) =>
        Assert.True(Read(bytes).State == HeadState.Invalid, what);

    private static readonly Gen<byte[]> Hello = Gen.Select(
        Gen.Char["abcXYZ019-_."].Array[1, 255],
        Gen.Select(Gen.Int[1, 65535], Gen.Byte.Array[0, 60], (type, content) => Extension(type, content)).Array[0, 5],
        Gen.Int[0, 5],
        Gen.Int[1, 400],
        (name, extensions, place, most) =>
        {
            var list = extensions.ToList();
            list.Insert(Math.Min(place, list.Count), ServerName(new string(name)));
            return Records(Message([.. list.SelectMany(bytes => bytes)]), most);
        });

    [Fact]
    public void A_hello_is_the_same_however_its_bytes_come() =>
        Gen.Select(Hello, Gen.Byte.Array[0, 20], Gen.UInt[1, uint.MaxValue])
            .Sample((hello, behind, seed) =>
            {
                ClientHelloTarget.Run([.. hello, .. behind], seed);
                Assert.Equal(HeadState.Complete, Read(hello).State);
                Assert.Equal(HeadState.Incomplete, Read(hello[..^1]).State);
            }, iter: 3_000);

    [Fact]
    public void A_broken_hello_is_judged_alike_however_its_bytes_come() =>
        Gen.Select(Hello, Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[1, 4], Gen.UInt[1, uint.MaxValue])
            .Sample((hello, changes, seed) =>
            {
                foreach (var (at, value) in changes)
                    hello[(int)((hello.Length - 1) * at)] = value;
                ClientHelloTarget.Run(hello, seed);
            }, iter: 10_000);
}

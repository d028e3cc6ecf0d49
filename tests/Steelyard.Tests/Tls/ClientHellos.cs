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

    [Fact]
    public void The_protocol_that_is_offered_first_is_found()
    {
        var hello = new ClientHello();
        Assert.Equal(HeadState.Complete, hello.Read(Records(Message([.. Extension(16, Vector(2, [.. Vector(1, [.. "h2"u8]), .. Vector(1, [.. "http/1.1"u8])])), .. ServerName("a.b")]))));
        Assert.Equal("h2", Encoding.Latin1.GetString(hello.Protocol));
        foreach (var list in (byte[][])[[], [0], [0, 0], [0, 1, 9], [9, 9, 2]])
        {
            Assert.Equal(HeadState.Complete, hello.Read(Records(Message(Extension(16, list)))));
            Assert.Equal(0, hello.Protocol.Length);
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

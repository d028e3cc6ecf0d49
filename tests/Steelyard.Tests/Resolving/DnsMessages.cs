using System.Net;
using System.Text;
using CsCheck;
using Steelyard.Resolving;

namespace Steelyard.Tests.Resolving;

/// <summary>What is asked of DNS servers, and what of their answers is believed.</summary>
public sealed class DnsMessages
{
    private const ushort Id = 0x1234;

    private static readonly Gen<string> Name = Gen.Char["abcxyz019-_"].Array[1, 20].Select(letters => new string(letters)).Array[1, 6].Select(labels => string.Join('.', labels));

    private static byte[] Encode(string name) => [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private static byte[] Number(int number) => [(byte)(number >> 8), (byte)number];

    private static byte[] Record(byte[] owner, DnsType type, int ttl, params byte[] data) => [.. owner, .. Number((int)type), 0, 1, .. Number(ttl >> 16), .. Number(ttl & 0xFFFF), .. Number(data.Length), .. data];

    private static byte[] Answer(string name, DnsType type, byte[][] answers, byte[][]? authorities = null, int code = 0, int flags = 0x8180) =>
        [.. Number(Id), .. Number(flags | code), 0, 1, .. Number(answers.Length), .. Number(authorities?.Length ?? 0), 0, 0, .. Encode(name), .. Number((int)type), 0, 1, .. answers.SelectMany(part => part), .. (authorities ?? []).SelectMany(part => part)];

    private static DnsAnswer Read(byte[] message, string name = "a.test", DnsType type = DnsType.A) => DnsMessage.Read(message, Id, name, type);

    private static byte[] Ipv4(int last) => [10, 0, 0, (byte)last];

    [Fact]
    public void A_question_is_read_back_and_its_answers_are_those_that_were_given() => Gen.Select(Name, Gen.Int[0, 20], Gen.Int[1, 1_000_000], Gen.Bool).Sample((name, count, ttl, ipv6) =>
    {
        var type = ipv6 ? DnsType.Aaaa : DnsType.A;
        var question = new byte[DnsMessage.MostOfQuestion];
        var length = DnsMessage.Write(question, Id, name, type);
        var at = 12;
        Assert.True(DnsName.TryRead(question, ref at, out var asked));
        Assert.Equal((name, (int)type), (asked, (question[at] << 8) | question[at + 1]));
        Assert.Equal(at + 4 + 11, length);

        var answers = Enumerable.Range(0, count).Select(i => Record([0xC0, 12], type, ttl + i, ipv6 ? [.. new byte[15], (byte)i] : Ipv4(i))).ToArray();
        var read = Read(Answer(name.ToUpperInvariant(), type, answers), name, type);
        Assert.Equal(count == 0 ? DnsStatus.NoRecords : DnsStatus.Found, read.Status);
        Assert.Equal(Enumerable.Range(0, count).Select(i => new IPAddress(ipv6 ? [.. new byte[15], (byte)i] : Ipv4(i))), read.Addresses);
        if (count > 0)
            Assert.Equal(TimeSpan.FromSeconds(ttl), read.Ttl);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_question_says_how_large_an_answer_may_be_unless_the_server_does_not_know_how_that_is_said(bool extended)
    {
        var question = new byte[DnsMessage.MostOfQuestion];
        var length = DnsMessage.Write(question, Id, "a.test", DnsType.A, extended);

        // RFC 6891, 6.1.2: the root, OPT, the size, and nothing of version 0.
        byte[] extension = extended ? [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0] : [];
        Assert.Equal([.. Encode("a.test"), 0, 1, 0, 1, .. extension], question[12..length]);
        Assert.Equal(extended ? 1 : 0, question[11]);
    }

    [Fact]
    public void No_bytes_do_harm() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        byte[] answer = [.. Number(Id), 0x81, 0x80, 0, 1, 0, 5, 0, 1, 0, 0, .. Encode("a.test"), 0, 1, 0, 1, .. bytes];
        Assert.NotEqual(DnsStatus.Foreign, Read(answer).Status);
        Assert.NotEqual(DnsStatus.Found, Read(bytes).Status);
        Read(answer, type: DnsType.Srv);
    });

    [Fact]
    public void Every_cut_of_an_answer_is_no_answer()
    {
        var whole = Answer("a.test", DnsType.A, [Record([0xC0, 12], DnsType.A, 60, Ipv4(1))]);
        for (var length = 0; length < whole.Length; length++)
            Assert.NotEqual(DnsStatus.Found, Read(whole[..length]).Status);
        Assert.Equal(DnsStatus.Found, Read(whole).Status);
    }

    [Fact]
    public void What_answers_something_else_is_not_believed()
    {
        byte[][] records = [Record([0xC0, 12], DnsType.A, 60, Ipv4(1))];
        var truth = Answer("a.test", DnsType.A, records);

        Assert.Equal(DnsStatus.Found, Read(truth).Status);
        Assert.Equal(DnsStatus.Foreign, Read([(byte)(truth[0] ^ 1), .. truth[1..]]).Status);
        Assert.Equal(DnsStatus.Foreign, Read(Answer("b.test", DnsType.A, records)).Status);
        Assert.Equal(DnsStatus.Foreign, Read(Answer("a.test", DnsType.Aaaa, records)).Status);
        Assert.Equal(DnsStatus.Foreign, Read(Answer("a.test", DnsType.A, records, flags: 0x0100)).Status);
        Assert.Equal(DnsStatus.Foreign, Read(Answer("a.test", DnsType.A, records, flags: 0xA180)).Status);
        Assert.Equal(DnsStatus.Truncated, Read(Answer("a.test", DnsType.A, [], flags: 0x8380)).Status);

        // Whoever else stands in it has nothing to do with the question.
        Assert.Equal(DnsStatus.NoRecords, Read(Answer("a.test", DnsType.A, [Record(Encode("bank.test"), DnsType.A, 60, Ipv4(1))])).Status);
        Assert.Equal(DnsStatus.Malformed, Read(Answer("a.test", DnsType.A, [Record([0xC0, 12], DnsType.A, 60, 10, 0, 0)])).Status);
        Assert.Equal(DnsStatus.Malformed, Read(Answer("a.test", DnsType.A, records, code: 3)).Status);
        Assert.Equal((DnsStatus.Failed, 2), (Read(Answer("a.test", DnsType.A, records, code: 2)).Status, Read(Answer("a.test", DnsType.A, [], code: 2)).Code));
    }

    [Fact]
    public void A_chain_of_names_is_followed_and_its_shortest_time_counts()
    {
        byte[][] chain =
        [
            Record(Encode("c.test"), DnsType.A, 300, Ipv4(3)),
            Record([0xC0, 12], DnsType.Cname, 100, Encode("b.test")),
            Record(Encode("B.test"), DnsType.Cname, 20, Encode("c.test")),
            Record(Encode("d.test"), DnsType.A, 1, Ipv4(4)),
        ];
        var answer = Read(Answer("a.test", DnsType.A, chain));

        Assert.Equal([new IPAddress(Ipv4(3))], answer.Addresses);
        Assert.Equal(TimeSpan.FromSeconds(20), answer.Ttl);
        byte[][] circle = [Record([0xC0, 12], DnsType.Cname, 100, Encode("b.test")), Record(Encode("b.test"), DnsType.Cname, 100, Encode("a.test"))];
        Assert.Equal(DnsStatus.Malformed, Read(Answer("a.test", DnsType.A, circle)).Status);
    }

    [Fact]
    public void That_there_is_nothing_may_be_believed_as_long_as_the_zone_says()
    {
        var authority = Record(Encode("test"), DnsType.Soa, 900, [.. Encode("ns.test"), .. Encode("who.test"), .. new byte[16], 0, 0, 0, 30]);

        var none = Read(Answer("a.test", DnsType.A, [], [authority], code: 3));
        Assert.Equal((DnsStatus.NoName, TimeSpan.FromSeconds(30)), (none.Status, none.Ttl));
        Assert.Equal(DnsStatus.NoRecords, Read(Answer("a.test", DnsType.A, [], [authority])).Status);
        Assert.Null(Read(Answer("a.test", DnsType.A, [], code: 3)).Ttl);
    }

    [Fact]
    public void Services_are_read_and_the_root_is_none()
    {
        byte[][] records =
        [
            Record([0xC0, 12], DnsType.Srv, 60, [.. Number(10), .. Number(5), .. Number(3000), .. Encode("one.test")]),
            Record([0xC0, 12], DnsType.Srv, 60, [.. Number(0), .. Number(0), .. Number(1), 0]),
        ];

        Assert.Equal([new SrvRecord("one.test", 3000, 10, 5)], Read(Answer("a.test", DnsType.Srv, records), type: DnsType.Srv).Services);
        Assert.Equal(DnsStatus.NoRecords, Read(Answer("a.test", DnsType.Srv, [records[1]]), type: DnsType.Srv).Status);
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 0 })]
    [InlineData(new byte[] { 1, (byte)'a', 0xC0, 0 })]
    [InlineData(new byte[] { 0xC0, 2, 0xC0, 0 })]
    [InlineData(new byte[] { 0xC0 })]
    [InlineData(new byte[] { 0x40, 0 })]
    [InlineData(new byte[] { 5, (byte)'a' })]
    [InlineData(new byte[] { 3, (byte)'a', (byte)'.', (byte)'b', 0 })]
    [InlineData(new byte[] { 1, (byte)' ', 0 })]
    public void Names_that_loop_lead_forward_or_are_cut_are_none(byte[] bytes)
    {
        var at = 0;
        Assert.False(DnsName.TryRead(bytes, ref at, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("é.test")]
    public void What_is_no_name_is_not_asked_for(string name)
    {
        Assert.Equal(0, DnsMessage.Write(new byte[DnsMessage.MostOfQuestion], Id, name, DnsType.A));
        Assert.Equal(0, DnsMessage.Write(new byte[DnsMessage.MostOfQuestion], Id, new string('a', 64), DnsType.A));
        Assert.Equal(0, DnsMessage.Write(new byte[DnsMessage.MostOfQuestion], Id, string.Join('.', Enumerable.Repeat("abcdefgh", 30)), DnsType.A));
    }
}

using System.Text;
using CsCheck;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Tests.Balancing;

/// <summary>What stands for servers in cookies, and whose a cookie is.</summary>
public sealed class StickyCookieValues
{
    private const long Now = 1_795_876_518;

    private static readonly byte[] s_key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly ServerSettings[] s_servers =
    [
        new() { Address = NetworkAddress.ForHost("127.0.0.1", 18100), Cookie = "s1" },
        new() { Address = NetworkAddress.ForHost("127.0.0.1", 18101), Cookie = "s2" },
        new() { Address = NetworkAddress.ForHost("127.0.0.1", 18102) },
    ];

    private static StickyCookies Cookies(StickySettings settings, string pool = "web", byte[]? key = null) => new(settings with { Cookie = "SRV" }, pool, s_servers, key ?? s_key);

    private static string Write(StickyCookies cookies, int server, long now = Now, long first = 0)
    {
        var value = new byte[StickyCookies.LongestValue];
        return Encoding.ASCII.GetString(value, 0, cookies.Write(server, first, now, value));
    }

    private static StickyCookie Read(StickyCookies cookies, string value, long now = Now) => cookies.Read(Encoding.ASCII.GetBytes(value), now);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_signed_value_names_its_server_and_nobody_else_can_make_it(bool dated)
    {
        var settings = new StickySettings { MaxIdle = dated ? TimeSpan.FromHours(1) : null };
        var cookies = Cookies(settings);
        for (var server = 0; server < 3; server++)
        {
            var value = Write(cookies, server);
            Assert.Equal((StickyCookieState.Valid, server), (Read(cookies, value).State, Read(cookies, value).Server));
            Assert.DoesNotContain("127", value, StringComparison.Ordinal);
            foreach (var other in (StickyCookies[])[Cookies(settings, pool: "api"), Cookies(settings, key: [.. s_key.Reverse()]), Cookies(settings with { Secret = "0123456789abcdef" })])
                Assert.Equal(StickyCookieState.Invalid, Read(other, value).State);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_value_of_which_one_character_is_another_names_nobody(bool dated)
    {
        var cookies = Cookies(new() { MaxLife = dated ? TimeSpan.FromHours(1) : null });
        var value = Write(cookies, 1);
        Gen.Select(Gen.Int[0, value.Length - 1], Gen.Char[' ', '~']).Sample(change =>
        {
            var other = value.ToCharArray();
            other[change.Item1] = change.Item2;
            var text = new string(other);
            Assert.Equal(text == value ? StickyCookieState.Valid : StickyCookieState.Invalid, Read(cookies, text).State);
        });
    }

    [Fact]
    public void Whatever_a_client_sends_is_borne() => Gen.Byte.Array[0, 60].Sample(bytes =>
    {
        foreach (var value in Enum.GetValues<StickyValue>())
            Assert.NotEqual(StickyCookieState.Valid, Cookies(new() { Value = value, Secret = "0123456789abcdef", MaxIdle = TimeSpan.FromHours(1) }).Read(bytes, Now).State);
    });

    [Fact]
    public void A_dated_value_is_good_for_a_time_after_its_use_and_after_its_beginning()
    {
        foreach (var value in (StickyValue[])[StickyValue.Signed, StickyValue.Server])
        {
            var cookies = Cookies(new() { Value = value, MaxIdle = TimeSpan.FromHours(1), MaxLife = TimeSpan.FromHours(10) });
            var first = Write(cookies, 1);
            var seen = Read(cookies, first);
            Assert.InRange(seen.FirstSeen, Now, Now + 3);
            Assert.Equal(seen.FirstSeen, seen.LastSeen);
            Assert.False(cookies.IsToBeDatedAnew(seen, Now));
            Assert.True(cookies.IsToBeDatedAnew(seen, Now + 4));
            Assert.Equal(StickyCookieState.Valid, Read(cookies, first, Now + 3600).State);
            Assert.Equal(StickyCookieState.Idle, Read(cookies, first, Now + 3604).State);

            var later = Write(cookies, 1, Now + 35_900, seen.FirstSeen);
            Assert.Equal((StickyCookieState.Valid, seen.FirstSeen), (Read(cookies, later, Now + 35_900).State, Read(cookies, later, Now + 35_900).FirstSeen));
            Assert.Equal(StickyCookieState.Old, Read(cookies, later, Now + 36_004).State);

            // A clock that is a day ahead is wrong.
            Assert.Equal(StickyCookieState.Valid, Read(cookies, first, Now - 86_000).State);
            Assert.Equal(StickyCookieState.Old, Read(cookies, first, Now - 86_404).State);
        }
    }

    [Fact]
    public void A_value_from_before_dates_were_wanted_is_taken_and_dated()
    {
        var dated = Cookies(new() { MaxLife = TimeSpan.FromHours(1) });
        var seen = Read(dated, Write(Cookies(new()), 1));
        Assert.Equal((StickyCookieState.Valid, 1), (seen.State, seen.Server));
        Assert.True(dated.IsToBeDatedAnew(seen, Now));

        var undated = Cookies(new());
        seen = Read(undated, Write(dated, 2));
        Assert.Equal((StickyCookieState.Valid, 2), (seen.State, seen.Server));
        Assert.True(undated.IsToBeDatedAnew(seen, Now));
    }

    [Theory]
    [InlineData("s1", 0)]
    [InlineData("s2", 1)]
    [InlineData("s3", -1)]
    [InlineData("S1", -1)]
    [InlineData("s", -1)]
    [InlineData("", -1)]
    [InlineData("s1|", 0)]
    [InlineData("s1|awrmq", 0)]
    [InlineData("s1|????!|awrmq", 0)]
    public void A_value_may_be_the_servers_own(string value, int server) => Assert.Equal(server, Read(Cookies(new() { Value = StickyValue.Server }), value).Server);

    // What HAProxy 2.6 sent at that second, with maxidle and maxlife.
    [Fact]
    public void Dates_are_written_as_HAProxy_writes_them()
    {
        var cookies = Cookies(new() { Value = StickyValue.Server, MaxIdle = TimeSpan.FromHours(1), MaxLife = TimeSpan.FromHours(10) });
        Assert.Equal("s1|awrmq|awrmq", Write(cookies, 0, 1_795_876_519));
        Assert.Equal("s2|awrmq", Write(Cookies(new() { Value = StickyValue.Server, MaxIdle = TimeSpan.FromHours(1) }), 1, 1_795_876_519));
        Assert.Equal(1_795_876_520, Read(cookies, "s1|awrmq|awrmq").LastSeen);
    }

    // What HAProxy 2.6 sent for these addresses with this dynamic-cookie-key.
    [Fact]
    public void Dynamic_values_are_HAProxys()
    {
        var cookies = Cookies(new() { Value = StickyValue.Dynamic, Secret = "0123456789abcdef" });
        Assert.Equal(["223c551de8787398", "5bbcafad97da5bbf"], [Write(cookies, 0), Write(cookies, 1)]);
        Assert.Equal(1, Read(cookies, "5bbcafad97da5bbf").Server);
    }

    [Fact]
    public void Of_two_servers_with_one_value_the_first_is_meant()
    {
        ServerSettings[] servers = [.. "baab".Select((name, place) => new ServerSettings { Address = NetworkAddress.ForHost("10.0.0.1", place + 1), Cookie = name.ToString() })];
        var cookies = new StickyCookies(new() { Cookie = "SRV", Value = StickyValue.Server }, "web", servers, s_key);
        Assert.Equal((1, 0), (Read(cookies, "a").Server, Read(cookies, "b").Server));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var cookies = Cookies(new() { MaxIdle = TimeSpan.FromHours(1) });
        var value = new byte[StickyCookies.LongestValue];
        var length = cookies.Write(1, 0, Now, value);
        Assert.Equal(StickyCookieState.Valid, cookies.Read(value.AsSpan(0, length), Now).State);
        Steady.RequireNone(() =>
        {
            cookies.Write(1, 0, Now, value);
            cookies.Read(value.AsSpan(0, length), Now);
        });
    }
}

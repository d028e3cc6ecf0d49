using System.Net;
using Steelyard.Balancing;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>What the servers are told of the client, and whose word counts.</summary>
public sealed class ForwardedFieldsWriting
{
    private const string Claims = "X-Forwarded-For: 1.1.1.1\nX-Real-IP: 2.2.2.2\nX-Forwarded-Proto: https\nX-Forwarded-Host: evil\n";

    private static string Fields(ForwardedFields client, string lines)
    {
        var forwarded = Heads.Forward($"GET / HTTP/1.1\nHost: a\n{lines}\n", client);
        return string.Concat(forwarded.Split('\n').Where(line => line.StartsWith("X-", StringComparison.Ordinal)).Select(line => line + "\n"));
    }

    private static string Of(string forwardedFor, string realIp, string proto = "http", string host = "a") =>
        $"X-Forwarded-For: {forwardedFor}\nX-Real-IP: {realIp}\nX-Forwarded-Proto: {proto}\nX-Forwarded-Host: {host}\n";

    [Theory]
    [InlineData("9.8.7.6", "9.8.7.6")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::ffff:9.8.7.6", "9.8.7.6")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("::1", "::1")]
    [InlineData("1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888")]
    public void A_clients_word_about_itself_is_replaced(string peer, string address)
    {
        Assert.Equal(Of(address, address), Fields(Heads.Client(peer), Claims));
        Assert.Equal(Of(address, address), Fields(Heads.Client(peer, "10.0.0.0/8", "fd00::/8"), Claims));
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.0/8")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.0/8")]
    public void The_word_of_a_trusted_proxy_is_continued(string peer, string trusted)
    {
        Assert.Equal(Of("1.1.1.1, 10.0.0.1", "1.1.1.1", "https", "evil"), Fields(Heads.Client(peer, trusted), Claims));
    }

    [Fact]
    public void A_trusted_proxy_that_says_nothing_is_the_client() =>
        Assert.Equal(Of("10.0.0.1", "10.0.0.1"), Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), ""));

    [Theory]
    [InlineData("1.1.1.1", "1.1.1.1")]
    [InlineData("6.6.6.6, 1.1.1.1", "1.1.1.1")]
    [InlineData("6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1")]
    [InlineData("10.0.0.9, 1.1.1.1 , 10.0.0.2,10.0.0.3", "1.1.1.1")]
    [InlineData("10.0.0.9, 10.0.0.2", "10.0.0.9")]
    [InlineData("6.6.6.6, unknown, 10.0.0.2", "10.0.0.2")]
    [InlineData("6.6.6.6, junk", "10.0.0.1")]
    [InlineData("6.6.6.6, \"", "10.0.0.1")]
    [InlineData("1.1.1.1:99, 10.0.0.2:5", "1.1.1.1")]
    [InlineData("[2001:db8::1]:5, 10.0.0.2", "2001:db8::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("6.6.6.6, 2001:db8::5, 10.0.0.2", "2001:db8::5")]
    [InlineData("6.6.6.6, ::ffff:10.0.0.3", "6.6.6.6")]
    [InlineData(", 1.1.1.1, ,", "1.1.1.1")]
    public void The_client_is_the_last_address_that_is_no_trusted_proxy(string chain, string client) =>
        Assert.Equal(Of(chain + ", 10.0.0.1", client), Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), $"X-Forwarded-For: {chain}\n"));

    [Theory]
    [InlineData("1.1.1.1", "2.2.2.2", "2.2.2.2")]
    [InlineData("1.1.1.1", "10.0.0.2", "1.1.1.1")]
    [InlineData("10.0.0.9", "10.0.0.2", "10.0.0.9")]
    [InlineData("10.0.0.9", "10.0.0.2, 2.2.2.2", "2.2.2.2")]
    public void Several_lines_are_one_chain(string first, string second, string client) =>
        Assert.Equal(
            Of($"{first}, {second}, 10.0.0.1", client),
            Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), $"X-Forwarded-For: {first}\nX-Forwarded-For:\nX-Forwarded-For: {second}\n"));

    [Fact]
    public void Without_a_chain_the_trusted_proxys_X_Real_IP_stands() =>
        Assert.Equal(Of("10.0.0.1", "2.2.2.2"), Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), "X-Real-IP: 2.2.2.2\n"));

    [Theory]
    [InlineData("2.2.2.2:80", "2.2.2.2")]
    [InlineData("unknown", "10.0.0.1")]
    public void Of_X_Real_IP_an_address_is_believed(string said, string client) =>
        Assert.Equal(Of("10.0.0.1", client), Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), $"X-Real-IP: {said}\n"));

    [Fact]
    public void Empty_fields_of_a_trusted_proxy_say_nothing() =>
        Assert.Equal(Of("10.0.0.1", "10.0.0.1"), Fields(Heads.Client("10.0.0.1", "10.0.0.0/8"), "X-Forwarded-For:\nX-Real-IP:\nX-Forwarded-Proto:\nX-Forwarded-Host:\n"));

    [Fact]
    public void A_peer_on_a_Unix_socket_is_this_machine()
    {
        var peer = KernelAddress.ForUnix("/run/client.sock");
        Assert.Equal(Of("127.0.0.1", "127.0.0.1"), Fields(Heads.Client(peer), Claims));
        Assert.Equal(Of("1.1.1.1, 127.0.0.1", "1.1.1.1", "https", "evil"), Fields(Heads.Client(peer, "127.0.0.0/8"), Claims));
    }

    [Fact]
    public void The_next_connection_has_nothing_of_the_one_before()
    {
        var client = Heads.Client("1111:2222:3333:4444:5555:6666:7777:8888");
        client.Reset(KernelAddress.For(IPAddress.Parse("9.8.7.6"), 1), new ListenerState(new RouteTable([], new Dictionary<string, Pool>()), []));
        Assert.Equal(Of("9.8.7.6", "9.8.7.6"), Fields(client, ""));
    }
}

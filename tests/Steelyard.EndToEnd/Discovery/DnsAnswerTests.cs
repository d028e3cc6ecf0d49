using System.Net;
using Steelyard.EndToEnd.Machinery;
using Steelyard.Resolving;

namespace Steelyard.EndToEnd.Discovery;

/// <summary>Answers of DNS servers that are large, by whichever way they come.</summary>
[Trait("Lane", "files")]
public sealed class DnsAnswerTests
{
    // All that fit into one datagram.
    private const int MostAddresses = 4092;

    private static readonly string[] s_addresses = [.. Enumerable.Range(0, MostAddresses).Select(i => $"10.0.{i / 250}.{(i % 250) + 1}")];

    private static Task<(DnsAnswer Answer, string? Why)> AskAsync(DnsServer dns) =>
        DnsClient.AskAsync([new(IPAddress.Loopback, dns.Port)], "web.test", DnsType.A, TimeSpan.FromSeconds(10), attempts: 1, TestContext.Current.CancellationToken);

    private static DnsServer Start(int addresses)
    {
        var dns = DnsServer.Start();
        dns.Set("web.test", s_addresses[..addresses]);
        return dns;
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1000, false)]
    [InlineData(MostAddresses, true)]
    public async Task A_datagram_counts_that_is_larger_than_was_asked_for(int addresses, bool knowsExtensions)
    {
        await using var dns = Start(addresses);
        (dns.MostOfDatagram, dns.KnowsExtensions) = (DnsServer.LargestDatagram, knowsExtensions);

        var (answer, why) = await AskAsync(dns);

        Assert.Null(why);
        Assert.Equal(s_addresses[..addresses], answer.Addresses.Select(address => address.ToString()));
        Assert.Equal((knowsExtensions ? 1 : 2, 0), (dns.Questions, dns.ByStream));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1000, false)]
    [InlineData(MostAddresses, true)]
    public async Task What_is_cut_off_is_asked_for_over_tcp(int addresses, bool knowsExtensions)
    {
        await using var dns = Start(addresses);
        dns.KnowsExtensions = knowsExtensions;

        var (answer, why) = await AskAsync(dns);

        Assert.Equal((1, null), (dns.ByStream, why));
        Assert.Equal(s_addresses[..addresses], answer.Addresses.Select(address => address.ToString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_cut_off_and_not_to_be_had_over_tcp_is_no_answer(bool resets)
    {
        await using var dns = Start(1000);
        dns.ResetsStreams = resets;
        if (!resets)
            dns.RefuseStreams();

        var (answer, why) = await AskAsync(dns);

        Assert.Equal((DnsStatus.Failed, 0), (answer.Status, answer.Addresses.Count));
        Assert.StartsWith(resets ? $"127.0.0.1:{dns.Port} over TCP cannot be asked: " : $"nobody answers at 127.0.0.1:{dns.Port} over TCP", why, StringComparison.Ordinal);
    }
}

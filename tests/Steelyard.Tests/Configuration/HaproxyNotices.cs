using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>What is said of a haproxy.cfg that is done otherwise only where it is large.</summary>
public sealed class HaproxyNotices
{
    [Theory]
    [InlineData("leastconn", 128, 0)]
    [InlineData("leastconn", 129, 129)]
    [InlineData("leastconn", 1000, 1000)]
    [InlineData("roundrobin", 129, 0)]
    public void Leastconn_that_looks_at_two_of_many_is_noted_at_its_line(string algorithm, int servers, int noted)
    {
        var lines = string.Concat(Enumerable.Range(1, servers).Select(number => $"  server s{number} 10.0.{number / 250}.{(number % 250) + 1}:80\n"));
        Assert.Equal(Expected(noted), Notices($"  balance {algorithm}\n{lines}"));
    }

    [Fact]
    public void Servers_that_a_name_may_have_count() =>
        Assert.Equal(Expected(201), Notices("  balance leastconn\n  server-template web 1-200 web.test:80 resolvers dns\n  server one 10.0.0.1:80\n"));

    private static string[] Expected(int servers) => servers == 0 ? []
        : [$"8:3 of more than 128 servers leastconn takes the better one of two by lot here, not the best of all; 'web' has up to {servers}"];

    private static IEnumerable<string> Notices(string backend)
    {
        var read = ConfigurationFile.Parse($"""
            defaults
              mode http
              timeout client 5s
              timeout server 5s
              timeout connect 5s
            listen web
              bind :8080
            {backend}resolvers dns
              nameserver one 10.0.0.53:53

            """, "haproxy.cfg");
        Assert.NotNull(read.Snapshot);
        return read.Problems.Select(problem => $"{problem.Line}:{problem.Column} {problem.Message}");
    }
}

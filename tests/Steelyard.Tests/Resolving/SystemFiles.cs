using System.Net;
using Steelyard.Resolving;

namespace Steelyard.Tests.Resolving;

/// <summary>What the files of the system say of names.</summary>
public sealed class SystemFiles
{
    [Fact]
    public void Hosts_have_names_in_any_case_and_comments_have_none()
    {
        var hosts = HostsFile.Parse("127.0.0.1\tlocalhost\n10.0.0.1 App app.test # old.test\n10.0.0.2  app\nfe80::1 app\nnonsense here\n#10.0.0.9 none\n");

        Assert.Equal(["10.0.0.1", "10.0.0.2", "fe80::1"], hosts.Find("APP.").Select(address => address.ToString()));
        Assert.Equal(["10.0.0.1"], hosts.Find("app.test").Select(address => address.ToString()));
        Assert.Equal([IPAddress.Loopback], hosts.Find("localhost"));
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], hosts.Find("my.localhost"));
        Assert.Empty(hosts.Find("old.test"));
        Assert.Empty(hosts.Find("here"));
    }

    [Fact]
    public void Resolv_conf_says_servers_search_and_dots()
    {
        var conf = ResolvConf.Parse("# nameserver 10.0.0.9\nnameserver 10.0.0.1\nnameserver fd00::1\nnameserver no\nnameserver 10.0.0.3\nnameserver 10.0.0.4\nsearch one.test two.test.\noptions rotate ndots:2 timeout:1\n");

        Assert.Equal(["10.0.0.1:53", "[fd00::1]:53", "10.0.0.3:53"], conf.Servers.Select(server => server.ToString()));
        Assert.Equal(["app.one.test", "app.two.test", "app"], conf.Candidates("app"));
        Assert.Equal(["a.b.c", "a.b.c.one.test", "a.b.c.two.test"], conf.Candidates("a.b.c"));
        Assert.Equal(["app"], conf.Candidates("app."));
        Assert.Equal(["127.0.0.1:53"], ResolvConf.Parse("").Servers.Select(server => server.ToString()));
    }
}

using System.Net;
using System.Net.Sockets;
using Steelyard.Config;
using Steelyard.Serving;

namespace Steelyard.Tests.Serving;

public sealed class RequestNamesTests
{
    [Fact]
    public async Task Who_names_many_that_nobody_answers_for_takes_no_more_than_so_many_sockets()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var settings = new ResolverSettings
        {
            Servers = [NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)silent.LocalEndPoint!).Port)],
            Timeout = TimeSpan.FromSeconds(5),
            Attempts = 1,
        };
        var names = new RequestNames();
        var asked = Enumerable.Range(0, 256).Select(i => names.FindAsync(settings, $"n{i}.example")).ToArray();

        // One that is being looked up is waited for, another one is not.
        var same = names.FindAsync(settings, "n0.example");
        var other = names.FindAsync(settings, "other.example");
        Assert.True(other.IsCompletedSuccessfully);
        Assert.Null((await other).Address);
        Assert.False(same.IsCompleted);
        Assert.DoesNotContain(asked, task => task.IsCompleted);
    }
}

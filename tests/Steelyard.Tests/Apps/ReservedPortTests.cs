using Steelyard.Apps.Reach;

namespace Steelyard.Tests.Apps;

/// <summary>Ports that workers are told.</summary>
public sealed class ReservedPortTests
{
    // So many that the kernel, which chooses by chance, would give some of them twice.
    [Fact]
    public void No_port_is_given_twice_before_its_worker_has_ended()
    {
        var ports = Enumerable.Range(0, 1000).Select(_ =>
        {
            var port = new ReservedPort();
            port.Release();
            return port;
        }).ToList();

        Assert.Equal(1000, ports.Select(port => port.Number).Distinct().Count());
        foreach (var port in ports)
            port.Dispose();
    }
}

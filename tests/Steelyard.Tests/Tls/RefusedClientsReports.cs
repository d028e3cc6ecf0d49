using System.Net.Security;
using Steelyard.Engine.Tls;

namespace Steelyard.Tests.Tls;

/// <summary>What is said of clients that a listener refuses for their certificates.</summary>
public sealed class RefusedClientsReports
{
    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Clients_with_what_is_asked_for_come_in()
    {
        var refused = new RefusedClients();
        Assert.True(refused.Judge(shown: true, SslPolicyErrors.None, optional: false));
        Assert.True(refused.Judge(shown: false, SslPolicyErrors.RemoteCertificateNotAvailable, optional: true));
        Assert.Null(refused.Report("site.pem", At(0)));
    }

    [Fact]
    public void Others_do_not_and_are_told_of_once_in_a_minute()
    {
        var refused = new RefusedClients();
        Assert.False(refused.Judge(shown: false, SslPolicyErrors.RemoteCertificateNotAvailable, optional: false));
        Assert.Equal("clients of site.pem refused: 1, without a certificate", refused.Report("site.pem", At(0)));
        Assert.False(refused.Judge(shown: true, SslPolicyErrors.RemoteCertificateChainErrors, optional: true));
        Assert.False(refused.Judge(shown: false, SslPolicyErrors.RemoteCertificateNotAvailable, optional: false));
        Assert.Null(refused.Report("site.pem", At(59)));
        Assert.StartsWith("clients of site.pem refused: 2, 1 without a certificate, 1 with one that no authority", refused.Report("site.pem", At(60)), StringComparison.Ordinal);
        Assert.Null(refused.Report("site.pem", At(200)));
    }
}

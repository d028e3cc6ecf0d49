using System.Security.Cryptography.X509Certificates;

namespace Steelyard.Engine.Tls;

/// <summary>A certificate that clients are shown.</summary>
/// <param name="File">Where it is from, as the configuration calls it.</param>
/// <param name="Leaf">The certificate.</param>
/// <param name="Chain">Those that lead from it to a root.</param>
public sealed record UsedCertificate(string File, X509Certificate2 Leaf, IReadOnlyList<X509Certificate2> Chain)
{
    /// <summary>The host names that it is for.</summary>
    public IEnumerable<string> Hosts => PemCertificate.NamesOf(Leaf);
}

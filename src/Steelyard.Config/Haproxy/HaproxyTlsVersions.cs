using Steelyard.Config.Text;
using Steelyard.Config.Dialects;

namespace Steelyard.Config.Haproxy;

/// <summary>The lowest and the highest version of TLS, of a bind line or of <c>ssl-default-bind-options</c>: of each the one that is said last counts.</summary>
internal readonly record struct HaproxyTlsVersions(bool WithoutTls12, bool WithoutTls13)
{
    private static readonly string[] s_names = ["ssl-min-ver", "ssl-max-ver", "no-tlsv12", "no-tlsv13", "force-tlsv12", "force-tlsv13"];

    public TlsVersions Spoken => (WithoutTls12 ? TlsVersions.None : TlsVersions.Tls12) | (WithoutTls13 ? TlsVersions.None : TlsVersions.Tls13);

    public static bool Knows(string name) => s_names.Contains(name);

    /// <summary>These, as a keyword changes them; its version is taken.</summary>
    public HaproxyTlsVersions With(Word keyword, HaproxyUse use)
    {
        switch (keyword.Text)
        {
            case "no-tlsv12":
                return this with { WithoutTls12 = true };
            case "no-tlsv13":
                return this with { WithoutTls13 = true };
            case "force-tlsv12":
                return new(false, true);
            case "force-tlsv13":
                return new(true, false);
        }

        if (!use.TryTake("a version", out var version))
            return this;
        if (version.Text is not ("SSLv3" or "TLSv1.0" or "TLSv1.1" or "TLSv1.2" or "TLSv1.3"))
            use.Error(version, $"{Shown.Quote(version.Text)} is no version of TLS", "TLSv1.2 or TLSv1.3");
        if (keyword.Text == "ssl-min-ver")
            return this with { WithoutTls12 = version.Text == "TLSv1.3" };
        if (version.Text is not ("TLSv1.2" or "TLSv1.3"))
            use.Error(version, $"{version.Text} is not spoken here (RFC 8996)", "TLSv1.2 or TLSv1.3");
        return this with { WithoutTls13 = version.Text != "TLSv1.3" };
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Tls;

namespace Steelyard.Haproxy;

/// <summary>Commands that show the certificates of listeners.</summary>
internal static class CertificateCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("show ssl cert", "[<certfile>]", CommandLevel.Operator, "display the SSL certificates used in memory, or the details of a file", static (desk, _, words) => Task.FromResult(Show(desk, words))),
    ];

    private static string Show(CommandDesk desk, string[] words)
    {
        var all = desk.Desk.Balancer.Certificates;
        if (words.Length == 0)
            return "# filename\n" + string.Concat(all.Select(used => used.File).Order(StringComparer.Ordinal).Select(file => file + "\n"));
        var found = all.FirstOrDefault(used => used.File == words[0]) ?? throw new CommandException("Can't display the certificate: Not found or the certificate is a bundle!\n");
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Filename: {found.File}\nStatus: Used\nSerial: {found.Leaf.SerialNumber}\nnotBefore: {Date(found.Leaf.NotBefore)}\nnotAfter: {Date(found.Leaf.NotAfter)}\n");
        text.Append(CultureInfo.InvariantCulture, $"Subject Alternative Name: {string.Join(", ", NamesOf(found))}\nAlgorithm: {AlgorithmOf(found.Leaf)}\nSHA1 FingerPrint: {Fingerprint(found.Leaf)}\n");
        text.Append(CultureInfo.InvariantCulture, $"Subject: {Name(found.Leaf.SubjectName)}\nIssuer: {Name(found.Leaf.IssuerName)}\n");
        foreach (var one in found.Chain)
            text.Append(CultureInfo.InvariantCulture, $"Chain Subject: {Name(one.SubjectName)}\nChain Issuer: {Name(one.IssuerName)}\n");
        return text.Append("OCSP Response Key: \n").ToString();
    }

    // The names of hosts beside the subject, which are none of its common name.
    private static IEnumerable<string> NamesOf(UsedCertificate used) =>
        used.Leaf.Extensions.Any(extension => extension is X509SubjectAlternativeNameExtension) ? used.Hosts.Select(host => "DNS:" + host) : [];

    // As OpenSSL prints it (ASN1_TIME_print(3)).
    private static string Date(DateTime time) => $"{time.ToUniversalTime().ToString("MMM", CultureInfo.InvariantCulture)} {time.ToUniversalTime().Day,2} {time.ToUniversalTime().ToString("HH:mm:ss yyyy", CultureInfo.InvariantCulture)} GMT";

    private static string AlgorithmOf(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        using var curve = rsa is null ? certificate.GetECDsaPublicKey() : null;
        return rsa is not null ? $"RSA{rsa.KeySize}" : curve is not null ? $"EC{curve.KeySize}" : "";
    }

#pragma warning disable CA5350 // It names a certificate, and proves nothing.
    private static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA1);
#pragma warning restore CA5350

    private static string Name(X500DistinguishedName name)
    {
        var text = new StringBuilder();
        foreach (var part in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (!part.HasMultipleElements)
                text.Append(CultureInfo.InvariantCulture, $"/{part.GetSingleElementType().FriendlyName ?? part.GetSingleElementType().Value}={part.GetSingleElementValue()}");
        }

        return text.ToString();
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>A certificate with its key and what leads from it to a root, as read from PEM.</summary>
internal sealed record PemCertificate(X509Certificate2 Leaf, X509Certificate2Collection Intermediates)
{
    private const string Encrypted = "BEGIN ENCRYPTED PRIVATE KEY";

    /// <summary>Reads a certificate and its key.</summary>
    /// <exception cref="TlsFileException">A file cannot be read or is of no use.</exception>
    public static PemCertificate Read(TlsFiles files, CertificateFiles names)
    {
        var keyName = names.Key ?? names.Certificate;
        var text = files.Read(names.Certificate);
        var chain = ReadAll(names.Certificate, text);
        var key = names.Key is null ? text : files.Read(names.Key);
        RequireKey(keyName, key, names);
        var leaf = WithKey(chain[0], names.Certificate, key, keyName, names.Passwords is null ? [] : files.Read(names.Passwords).Split('\n'));
        chain[0].Dispose();
        chain.RemoveAt(0);
        return new(leaf, chain);
    }

    /// <summary>Reads every certificate of a file.</summary>
    /// <exception cref="TlsFileException">The file cannot be read or holds none.</exception>
    public static X509Certificate2Collection ReadAuthorities(TlsFiles files, string name) => ReadAll(name, files.Read(name));

    private static X509Certificate2Collection ReadAll(string name, string text)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            throw new TlsFileException(name, "a certificate in the file is damaged", "certificates in PEM");
        }

        return all.Count > 0 ? all : throw new TlsFileException(name, "there is no certificate in the file", "PEM that begins with -----BEGIN CERTIFICATE-----");
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string name, string key, string keyName, string[] passwords)
    {
        using AsymmetricAlgorithm algorithm = certificate.GetKeyAlgorithm() switch
        {
            "1.2.840.113549.1.1.1" => RSA.Create(),
            "1.2.840.10045.2.1" => ECDsa.Create(),
            var other => throw new TlsFileException(name, $"the certificate is for a key of the kind {KindOfKey(other)}", "one for an RSA (rsaEncryption) or ECDSA key"),
        };
        try
        {
            if (!key.Contains(Encrypted, StringComparison.Ordinal))
                algorithm.ImportFromPem(key);
            else if (!Array.Exists(passwords, password => TryOpen(algorithm, key, password.TrimEnd('\r'))))
                throw new TlsFileException(keyName, "none of the passwords opens the key", "the password of the key in a line of the file of passwords");
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new TlsFileException(keyName, $"the key cannot be understood as {(algorithm is RSA ? "an RSA" : "an ECDSA")} key, which the certificate asks for", "the key that the certificate was made for, in PEM");
        }

        try
        {
            return algorithm is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)algorithm);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new TlsFileException(keyName, "the key does not belong to the certificate", "the key that the certificate was made for");
        }
    }

    private static bool TryOpen(AsymmetricAlgorithm algorithm, string key, string password)
    {
        try
        {
            algorithm.ImportFromEncryptedPem(key, password);
            return true;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    // RFC 4055, 1.2 and RFC 8410, 3.
    private static string KindOfKey(string identifier) => identifier switch
    {
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => identifier,
    };

    private static void RequireKey(string name, string text, CertificateFiles names)
    {
        if ((names.Passwords is null && text.Contains(Encrypted, StringComparison.Ordinal)) || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw new TlsFileException(name, "the key has a passphrase, and nobody is there to type it", $"a key without one, as 'openssl pkey -in {name} -out plain.key' writes it");
        if (text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            return;
        throw names.Key is null
            ? new TlsFileException(name, "there is no key in the file", "'key' with the file that holds it, or a file with both")
            : new TlsFileException(name, "there is no key in the file", "PEM that begins with -----BEGIN PRIVATE KEY-----");
    }

    /// <summary>The names that a certificate is for, in lower case.</summary>
    public static IEnumerable<string> NamesOf(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension is not X509SubjectAlternativeNameExtension names)
                continue;
            foreach (var name in names.EnumerateDnsNames())
                yield return name.ToLowerInvariant();
            yield break;
        }

        // Without alternative names, what certificates had before there were any.
        var common = certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
        if (common.Length > 0)
            yield return common.ToLowerInvariant();
    }
}

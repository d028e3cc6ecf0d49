using System.Security.Cryptography.X509Certificates;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>Reads every file that a configuration names for TLS, as its use will, and says what is wrong.</summary>
internal sealed class TlsFileCheck
{
    private static readonly TimeSpan s_notice = TimeSpan.FromDays(30);

    private readonly TlsFiles _files;
    private readonly DateTimeOffset _now;
    private readonly List<TlsFileProblem> _problems = [];

    private TlsFileCheck(TlsFiles files, DateTimeOffset now) => (_files, _now) = (files, now);

    public static IReadOnlyList<TlsFileProblem> Run(TlsFiles files, Snapshot snapshot, DateTimeOffset now)
    {
        var check = new TlsFileCheck(files, now);
        if (snapshot.Admin?.Tls is { } admin)
            check.CheckCertificate(admin);
        if (snapshot.Shared?.Authorities is { } authorities)
            check.CheckAuthorities(authorities);
        foreach (var listener in snapshot.Listeners)
            check.Check(listener.Tls);
        foreach (var pool in snapshot.Pools)
        {
            check.Check(pool.Tls);
            foreach (var server in pool.Servers)
                check.Check(server.Tls);
        }

        return check._problems;
    }

    private void Check(ListenerTls? tls)
    {
        if (tls is null)
            return;
        foreach (var names in tls.Certificates)
            CheckCertificate(names);
        if (tls.ClientCertificates is { } clients)
            CheckAuthorities(clients.Authorities);
    }

    private void Check(ServerTls? tls)
    {
        if (tls?.Certificate is { } certificate)
            CheckCertificate(certificate);
        if (tls?.Authorities is { } authorities)
            CheckAuthorities(authorities);
    }

    private void CheckCertificate(CertificateFiles names)
    {
        try
        {
            var read = PemCertificate.Read(_files, names);
            CheckTime(names.Certificate, read.Leaf);
            read.Leaf.Dispose();
            if (_files.IsOpenToAll(names.Key ?? names.Certificate))
                _problems.Add(new(Severity.Warning, names.Key ?? names.Certificate, "every user of this machine may read the key", TlsFiles.SecretExpected));
        }
        catch (TlsFileException fault)
        {
            _problems.Add(fault.Problem);
        }
    }

    private static string InWords(TimeSpan left) =>
        left.TotalDays >= 2 ? $"{left.Days} days" : left.TotalHours >= 2 ? $"{(int)left.TotalHours} hours" : "less than two hours";

    private void CheckTime(string name, X509Certificate2 certificate)
    {
        var (from, to) = (new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
        if (_now > to)
            _problems.Add(new(Severity.Warning, name, $"the certificate has expired on {to:yyyy-MM-dd}", "a new one; clients refuse this one"));
        else if (_now + s_notice > to)
            _problems.Add(new(Severity.Warning, name, $"the certificate expires on {to:yyyy-MM-dd}, in {InWords(to - _now)}", "a new one before then; a changed file is taken up without a restart"));
        else if (_now < from)
            _problems.Add(new(Severity.Warning, name, $"the certificate is not valid before {from:yyyy-MM-dd}", "one that is valid now; clients refuse this one"));
    }

    private void CheckAuthorities(string name)
    {
        try
        {
            foreach (var authority in PemCertificate.ReadAuthorities(_files, name))
                authority.Dispose();
        }
        catch (TlsFileException fault)
        {
            _problems.Add(fault.Problem);
        }
    }
}

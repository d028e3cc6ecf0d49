using Steelyard.Config;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine;

/// <summary>
/// Reads the certificates, keys and authorities that a configuration names, for an engine that may not: keys are often
/// root's alone, also behind folders that nobody else may enter. Used by one thread at a time.
/// </summary>
/// <param name="folder">The folder of the configuration, which names are relative to.</param>
public sealed class FileLender(string folder)
{
    private readonly TlsFiles _files = new(folder);
    private Dictionary<string, (FileStamp Stamp, LentFile File)> _lent = new(StringComparer.Ordinal);
    private long _version;

    /// <summary>Looks at the files of a configuration, and reads those that are others than the last time.</summary>
    /// <param name="snapshot">The configuration.</param>
    /// <returns>All of them; null when they are the same as the last time.</returns>
    public IReadOnlyDictionary<string, LentFile>? Look(Snapshot snapshot)
    {
        var (next, changed) = (new Dictionary<string, (FileStamp Stamp, LentFile File)>(StringComparer.Ordinal), false);
        foreach (var name in NamesIn(snapshot))
        {
            var stamp = _files.Stamp(name);
            var same = _lent.TryGetValue(name, out var before) && before.Stamp == stamp;
            next.Add(name, same ? before : (stamp, Read(name)));
            changed |= !same;
        }

        changed |= next.Count != _lent.Count;
        _lent = next;
        if (!changed)
            return null;
        var files = new Dictionary<string, LentFile>(StringComparer.Ordinal);
        foreach (var (name, (_, file)) in next)
            files.Add(name, file);
        return files;
    }

    private LentFile Read(string name)
    {
        try
        {
            return new(++_version, _files.Read(name), null);
        }
        catch (TlsFileException fault)
        {
            return new(_version, null, fault.Problem.Message);
        }
    }

    /// <summary>Every file that a configuration names for TLS.</summary>
    private static HashSet<string> NamesIn(Snapshot snapshot)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (snapshot.Admin?.Tls is { } admin)
            Add(names, admin);
        foreach (var listener in snapshot.Listeners)
        {
            foreach (var certificate in listener.Tls?.Certificates ?? [])
                Add(names, certificate);
            if (listener.Tls?.ClientCertificates is { } clients)
                names.Add(clients.Authorities);
        }

        foreach (var pool in snapshot.Pools)
        {
            Add(names, pool.Tls);
            foreach (var server in pool.Servers)
                Add(names, server.Tls);
        }

        return names;
    }

    private static void Add(HashSet<string> names, ServerTls? tls)
    {
        if (tls?.Authorities is { } authorities)
            names.Add(authorities);
        if (tls?.Certificate is { } certificate)
            Add(names, certificate);
    }

    private static void Add(HashSet<string> names, CertificateFiles files)
    {
        names.Add(files.Certificate);
        if (files.Key is { } key)
            names.Add(key);
        if (files.Passwords is { } passwords)
            names.Add(passwords);
    }
}

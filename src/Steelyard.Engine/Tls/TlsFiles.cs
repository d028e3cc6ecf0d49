using System.Security;
using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>
/// Where the files of certificates and keys are read, or taken from somebody else who may read them (<see cref="FileLender"/>).
/// May be used from any thread, never from a loop.
/// </summary>
/// <param name="folder">The folder of the configuration, which names are relative to.</param>
public sealed class TlsFiles(string folder)
{
    // Every root of the system's is a quarter of that.
    private const int MostBytes = 4 * 1024 * 1024;

    private volatile IReadOnlyDictionary<string, LentFile>? _lent;

    /// <summary>Takes these files as they were found; others are read here.</summary>
    public void Lend(IReadOnlyDictionary<string, LentFile> files) => _lent = files;

    /// <summary>Reads a file.</summary>
    /// <exception cref="TlsFileException">It cannot be read; the message says why.</exception>
    internal string Read(string name)
    {
        if (LentOf(name) is { } lent)
            return lent.Text ?? throw new TlsFileException(name, lent.Fault!);
        try
        {
            var file = new FileInfo(PathOf(name));
            if (file.Exists && file.Length > MostBytes)
                throw new TlsFileException(name, "the file is too large for certificates", "PEM files of at most 4 MiB");
            return File.ReadAllText(file.FullName);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or SecurityException)
        {
            throw new TlsFileException(name, fault switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(PathOf(name)) ? "this is a directory" : "this program may not read the file",
                _ => $"the file cannot be read ({fault.Message})",
            });
        }
    }

    /// <summary>What changes when a file does; the same as long as it is not there.</summary>
    internal Tls.FileStamp Stamp(string name) => LentOf(name) is { } lent ? Tls.FileStamp.Of(lent) : Tls.FileStamp.Of(PathOf(name));

    /// <summary>Finds what is wrong with the files that a configuration names for TLS.</summary>
    /// <param name="snapshot">The configuration.</param>
    /// <param name="now">The time by which certificates are valid or not.</param>
    public IReadOnlyList<TlsFileProblem> Check(Snapshot snapshot, DateTimeOffset now) => Tls.TlsFileCheck.Run(this, snapshot, now);

    /// <summary>What is expected of a file that holds a secret, for messages.</summary>
    public const string SecretExpected = "a file that only its owner may read, and a group perhaps (chmod o-r)";

    /// <summary>Whether every user of the machine may read a file that holds a secret.</summary>
    /// <param name="name">The file as the configuration names it.</param>
    public bool IsOpenToAll(string name)
    {
        try
        {
            var file = Path.GetFullPath(PathOf(name));

            // Swarm and Compose put secrets there, readable for all who are in the container with them.
            if (file.StartsWith("/run/secrets/", StringComparison.Ordinal) || !File.Exists(file) || !new FileInfo(file).UnixFileMode.HasFlag(UnixFileMode.OtherRead))
                return false;
            for (var above = Path.GetDirectoryName(file); above is not null; above = Path.GetDirectoryName(above))
            {
                if (!new DirectoryInfo(above).UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
                    return false;
            }

            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private LentFile? LentOf(string name) => _lent?.GetValueOrDefault(name);

    /// <summary>Where a file or a folder is that the configuration names.</summary>
    internal string PathOf(string name) => Path.Combine(folder, name);
}

/// <summary>A file of certificates or keys is of no use.</summary>
/// <param name="name">The file as the configuration names it.</param>
/// <param name="message">What was found, without the name.</param>
/// <param name="expected">What would be accepted; null where the message says it.</param>
public sealed class TlsFileException(string name, string message, string? expected = null) : Exception($"{name}: {message}{(expected is null ? "" : $"; expected {expected}")}")
{
    /// <summary>What is wrong, for a located message.</summary>
    public TlsFileProblem Problem { get; } = new(Severity.Error, name, message, expected);
}

/// <summary>Something that is wrong with a file of certificates or keys.</summary>
/// <param name="Severity">Whether it can be used all the same.</param>
/// <param name="Name">The file as the configuration names it.</param>
/// <param name="Message">What was found, without the name.</param>
/// <param name="Expected">What would be accepted; null where the message says it.</param>
public sealed record TlsFileProblem(Severity Severity, string Name, string Message, string? Expected = null);

using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Haproxy;

/// <summary>What a whole haproxy.cfg has said so far.</summary>
internal sealed class HaproxyFile(DialectSource source, ProblemList problems)
{
    public DialectSource Source { get; } = source;

    public ProblemList Problems { get; } = problems;

    /// <summary>The environment as the file sees and sets it.</summary>
    public Dictionary<string, string?> Environment { get; } = ReadEnvironment();

    /// <summary>The lists of users by their names.</summary>
    public Dictionary<string, HaproxyUserList> Users { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, HaproxySection> NamedDefaults { get; } = new(StringComparer.Ordinal);

    public HaproxySection? Defaults { get; set; }

    public List<HaproxySection> Proxies { get; } = [];

    /// <summary>The sections http-errors, by their names.</summary>
    public Dictionary<string, Dictionary<int, HaproxyErrorPage>> ErrorSections { get; } = new(StringComparer.Ordinal);

    /// <summary>The sections resolvers, by their names.</summary>
    public Dictionary<string, HaproxySection> Resolvers { get; } = new(StringComparer.Ordinal);

    /// <summary>The variables that global sets.</summary>
    public SortedDictionary<string, (string Text, Place Place)> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>The versions of TLS of bind lines that say none of their own.</summary>
    public HaproxyTlsVersions BindVersions { get; set; }

    /// <summary>Whether certificates of servers are checked where nothing else is said of them.</summary>
    public bool VerifyServers { get; set; } = true;

    /// <summary>The files of patterns and maps.</summary>
    public HaproxyLists Lists { get; } = new();

    /// <summary>The frontends and backends whose rates are asked for.</summary>
    public Dictionary<(string Name, bool OfBackend), Place> Rated { get; } = [];

    /// <summary>Whether rules say who goes first in queues.</summary>
    public bool SetsClasses { get; set; }

    /// <summary>Whether rules say the same among those of a class.</summary>
    public bool SetsOffsets { get; set; }

    /// <summary>Whether rules leave requests out of logs.</summary>
    public bool Silences { get; set; }

    /// <summary>The section global.</summary>
    public required HaproxySection Global { get; init; }

    public List<CommandSocketDraft> CommandSockets { get; } = [];

    public TimeSpan? CommandTimeout { get; set; }

    public int? MaxConnections { get; set; }

    public int? MaxConnectionsPerSecond { get; set; }

    public TimeSpan? HardStop { get; set; }

    public int? SpreadChecks { get; set; }

    public string? CertificateFolder { get; set; }

    public string? AuthorityFolder { get; set; }

    /// <summary>A file as crt-base and ca-base have it.</summary>
    public string PathOf(string name, bool isCertificate) =>
        Source.PathOf((isCertificate ? CertificateFolder : AuthorityFolder) is { } folder && !name.StartsWith('/') ? $"{folder.TrimEnd('/')}/{name}" : name);

    private static Dictionary<string, string?> ReadEnvironment()
    {
        Dictionary<string, string?> all = new(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            all[(string)entry.Key] = (string?)entry.Value;
        return all;
    }
}

using Steelyard.Config;

namespace Steelyard.Discovery;

/// <summary>Where servers are found: DNS, a file, Docker. Another kind is another one of these.</summary>
internal interface IServerSource
{
    /// <summary>What it is called where people read it.</summary>
    string Name { get; }

    /// <summary>Looks; one that is told of changes waits for one first.</summary>
    /// <param name="cancel">Calls it off.</param>
    /// <returns>What is there; null where nothing has changed.</returns>
    Task<SourceAnswer?> AskAsync(CancellationToken cancel);
}

/// <summary>What a look at a source has come to.</summary>
internal enum SourceOutcome
{
    /// <summary>These are the servers.</summary>
    Found,

    /// <summary>There is no such name, or nothing under it.</summary>
    Empty,

    /// <summary>Nobody could say.</summary>
    Failed,
}

/// <summary>What a source says.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Servers">The servers; empty where there are none.</param>
/// <param name="Ttl">How long that may be used; null where it does not say.</param>
/// <param name="Why">Why there are none, or not all of them.</param>
internal sealed record SourceAnswer(SourceOutcome Outcome, IReadOnlyList<ServerSettings> Servers, TimeSpan? Ttl, string? Why)
{
    public static SourceAnswer Found(IReadOnlyList<ServerSettings> servers, TimeSpan? ttl) => new(SourceOutcome.Found, servers, ttl, null);

    public static SourceAnswer Empty(string? why, TimeSpan? ttl) => new(SourceOutcome.Empty, [], ttl, why);

    public static SourceAnswer Failed(string why) => new(SourceOutcome.Failed, [], null, why);
}

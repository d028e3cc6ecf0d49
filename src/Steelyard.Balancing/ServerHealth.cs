using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>What checks have said of a server; see <see cref="HealthCount"/>. Written by the one who asks it, read by all.</summary>
/// <param name="up">What it counts as before the first check.</param>
/// <param name="awaited">Whether it only counts as down because nobody has asked it yet.</param>
internal sealed class ServerHealth(bool up, bool awaited = false)
{
    private const int Down = 0;
    private const int UpByChecks = 1;
    private const int NotAsked = 2;

    private int _standing = up ? UpByChecks : awaited ? NotAsked : Down;
    private int _fault;
    private int _status;

    /// <summary>Whether it counts as up.</summary>
    public bool Up => Volatile.Read(ref _standing) == UpByChecks;

    /// <summary>Whether its first check is still to come, and it has joined others: it serves where nobody else can.</summary>
    public bool Awaited => Volatile.Read(ref _standing) == NotAsked;

    /// <summary>What was wrong at the last check.</summary>
    public ProbeFault Fault => (ProbeFault)Volatile.Read(ref _fault);

    /// <summary>The status of the answer to the last check; 0 for none.</summary>
    public int Status => Volatile.Read(ref _status);

    /// <summary>Takes the result of a check.</summary>
    /// <returns>Whether <see cref="Up"/> has changed, or <see cref="Awaited"/>.</returns>
    public bool Set(bool up, ProbeFault fault, int status)
    {
        Volatile.Write(ref _fault, (int)fault);
        Volatile.Write(ref _status, status);
        var standing = up ? UpByChecks : Down;
        return Interlocked.Exchange(ref _standing, standing) != standing;
    }

    /// <summary>The same of another server.</summary>
    public ServerHealth Copy() => (ServerHealth)MemberwiseClone();

    /// <summary>What a server that is new, or newly asked, goes by.</summary>
    /// <param name="settings">How the pool's servers are asked; null for not at all.</param>
    /// <param name="joins">Whether others of the pool were there before it.</param>
    public static ServerHealth Begin(HealthSettings? settings, bool joins) =>
        new(settings is null || settings.Start == HealthStart.Up || (settings.Start == HealthStart.Auto && !joins), awaited: settings?.Start == HealthStart.Auto);
}

using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// A way to choose among the servers of a pool by weights that stay: when one changes, or a server comes or goes, the
/// pool makes another picker. All loops call it at once; it takes no lock and allocates nothing. One type for each
/// <see cref="BalancePolicy"/>.
/// </summary>
internal abstract class Picker
{
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each, 0 for those that are not to be chosen; not changed any more.</param>
    private protected Picker(Server[] servers, int[] weights)
    {
        (Servers, Weights) = (servers, weights);
        for (var i = 0; i < weights.Length; i++)
        {
            HasTrials |= weights[i] > 0 && servers[i].Trying;
            TotalWeight += weights[i];
        }
    }

    private protected Server[] Servers { get; }

    private protected int[] Weights { get; }

    /// <summary>Whether some server is only to be tried by one request (see <see cref="Pool.Choose"/>).</summary>
    internal bool HasTrials { get; }

    /// <summary>The shares of all of them.</summary>
    internal long TotalWeight { get; }

    /// <summary>What it was made of.</summary>
    internal ReadOnlySpan<int> Basis => Weights;

    /// <summary>The share of each server now; 0 for those that only stand in for others.</summary>
    internal virtual ReadOnlySpan<int> Shares => Weights;

    /// <summary>The picker of a policy.</summary>
    /// <param name="settings">The policy.</param>
    /// <param name="servers">All servers of the pool in their order.</param>
    /// <param name="weights">The share of each.</param>
    /// <param name="before">The picker it takes the place of; null for none.</param>
    /// <param name="custom">The policy instead, where it is written elsewhere.</param>
    /// <param name="members">Which of the servers it chooses among, those of one tier; null for all.</param>
    internal static Picker Of(BalanceSettings settings, Server[] servers, int[] weights, Picker? before, IServerPolicy? custom = null, bool[]? members = null) => custom is not null ? new CustomPicker(custom, servers, weights) : settings.Policy switch
    {
        BalancePolicy.RoundRobin => new RoundRobin(servers, weights, before),
        BalancePolicy.StaticRoundRobin => new StaticRoundRobin(servers, weights, before),
        BalancePolicy.LeastConnections when LeastConnections.Scans(weights) => new LeastConnections(servers, weights, before),
        BalancePolicy.HaproxyRoundRobin => new HaproxyRoundRobin(servers, weights, before),
        BalancePolicy.HaproxyLeastConnections when LeastConnections.Scans(weights) => new HaproxyLeastConnections(servers, weights),
        BalancePolicy.LeastConnections or BalancePolicy.HaproxyLeastConnections => new TwoChoices(servers, weights),
        BalancePolicy.First => new First(servers, weights),
        BalancePolicy.Random => new RandomLots(servers, weights),
        BalancePolicy.TwoChoices => new TwoChoices(servers, weights),
        BalancePolicy.PeakEwma => new PeakEwma(settings, servers, weights),
        BalancePolicy.Hash => new HashPicker(settings.Hash!, servers, weights, before, members),
        _ => throw new ArgumentOutOfRangeException(nameof(settings), settings, "No picker for this policy."),
    };

    /// <summary>Chooses a server for a request and counts the request as active there; <see cref="Server.End"/> has to follow.</summary>
    /// <param name="choice">What the choice goes by.</param>
    public abstract Decision Pick(in Choice choice);

    /// <summary>What a server is worth to this policy at the moment, for explanations; not a number where it has no such thing.</summary>
    /// <param name="index">A server that may be chosen.</param>
    /// <param name="choice">What the choice goes by.</param>
    internal virtual double Score(int index, in Choice choice) => double.NaN;

    /// <summary>What <see cref="Score"/> counts, and which is better, in a few words; null where it has no such thing.</summary>
    internal virtual string? ScoreMeaning => null;

    /// <summary>Shares nothing any more with the picker it was made after. Called before its first choice, where it is not to take that one's turns.</summary>
    internal virtual void Detach()
    {
    }

    /// <summary>Whether a server would be chosen that is not in a set.</summary>
    internal bool HasServerBeside(ServerSet tried)
    {
        for (var i = 0; i < Weights.Length; i++)
        {
            if (Offers(i, tried))
                return true;
        }

        return false;
    }

    /// <summary>Whether a server has room that is not in a set.</summary>
    /// <param name="tried">The set.</param>
    /// <param name="sparesFailing">Whether the room of those that fail is none, unless there are no others.</param>
    internal bool HasRoomBeside(ServerSet tried, bool sparesFailing)
    {
        var (failingWithRoom, well) = (false, false);
        for (var i = 0; i < Weights.Length; i++)
        {
            if (!Offers(i, tried) || HoldsBack(i, tried))
                continue;
            var fails = sparesFailing && Servers[i].Fails;
            well |= !fails;
            if (Servers[i].Full)
                continue;
            if (!fails)
                return true;
            failingWithRoom = true;
        }

        return failingWithRoom && !well;
    }

    /// <summary>Whether a server that does not fail takes requests, now or when it has room, that is not in a set.</summary>
    internal bool HasWellServerBeside(ServerSet tried)
    {
        for (var i = 0; i < Weights.Length; i++)
        {
            if (Offers(i, tried) && !Servers[i].Fails && !HoldsBack(i, tried))
                return true;
        }

        return false;
    }

    /// <summary>Whether a server takes no request of those for which others may have room later.</summary>
    internal virtual bool HoldsBack(int index, ServerSet tried) => false;

    /// <summary>Whether a server takes requests that have not tried it, now or when it has room.</summary>
    internal bool Offers(int index, ServerSet tried) => Weights[index] > 0 && !tried.Contains(index);

    /// <summary>One of the servers, by its place.</summary>
    internal Server ServerAt(int index) => Servers[index];

    /// <summary>Whether a server may be chosen.</summary>
    internal bool IsEligible(int index, ServerSet tried) => Offers(index, tried) && !Servers[index].Full;

    /// <summary>Chooses a server; none, with <see cref="DecisionReason.AllFull"/>, where others have just filled it: the pool asks again then.</summary>
    private protected Decision Take(int index, DecisionReason reason) =>
        Servers[index].TryBegin() ? new(Servers[index], reason) : new(null, DecisionReason.AllFull);
}

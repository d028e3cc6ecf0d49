namespace Steelyard.Balancing;

/// <summary>
/// A way to choose among the servers of a pool. All loops call it at once; it takes no lock and allocates nothing.
/// One type for each <see cref="Config.BalancePolicy"/>.
/// </summary>
public abstract class Picker
{
    /// <param name="servers">The servers of the pool in their order; those of weight 0 are never chosen.</param>
    private protected Picker(IReadOnlyList<Server> servers)
    {
        Servers = [.. servers];
        Weights = new int[Servers.Length];
        for (var i = 0; i < Weights.Length; i++)
        {
            Weights[i] = Servers[i].Settings.Weight;
            TotalWeight += Weights[i];
        }
    }

    private protected Server[] Servers { get; }

    private protected int[] Weights { get; }

    private protected int TotalWeight { get; }

    /// <summary>Chooses a server for a request and counts the request as active there; <see cref="Server.End"/> has to follow.</summary>
    /// <param name="choice">What the choice goes by.</param>
    public abstract Decision Pick(in Choice choice);

    /// <summary>Whether a server may be chosen.</summary>
    private protected bool IsEligible(int index, ServerSet tried) => Weights[index] > 0 && !tried.Contains(index);

    /// <summary>Chooses a server, whatever it has to do already.</summary>
    private protected Decision Take(int index, DecisionReason reason)
    {
        Servers[index].Begin();
        return new(Servers[index], reason);
    }
}

namespace Steelyard.Balancing;

/// <summary>
/// A way to choose among the servers of a pool that is written elsewhere, for an engine that is embedded
/// (<c>policies</c> of <c>LoadBalancer.Start</c>). All loops call it at once: it takes no lock, waits for nobody and allocates nothing.
/// What health, outliers, limits, drain, retries and stickiness leave out is not up to it.
/// </summary>
public interface IServerPolicy
{
    /// <summary>Chooses a server for a request.</summary>
    /// <param name="servers">The servers of the pool, and what is known of the request.</param>
    /// <returns>The index of a server that may be chosen; -1 for none, which answers the request with 503. One that may not be chosen counts as the first that may.</returns>
    int Choose(in ServerChoices servers);
}

/// <summary>The servers of a pool in the order of the configuration, as they are at the moment of a choice.</summary>
public readonly ref struct ServerChoices
{
    private readonly Picker _picker;
    private readonly Choice _choice;

    internal ServerChoices(Picker picker, in Choice choice)
    {
        _picker = picker;
        _choice = choice;
    }

    /// <summary>How many there are, those included that may not be chosen.</summary>
    public int Count => _picker.Basis.Length;

    /// <summary>A server: what it has to do (<see cref="Server.Active"/>), how it does, and what the configuration says of it.</summary>
    public Server this[int index] => _picker.ServerAt(index);

    /// <summary>Its share against the others': its weight, less while it comes back slowly; 0 where it gets nothing.</summary>
    public int Weight(int index) => _picker.Basis[index];

    /// <summary>Whether it may be chosen: it is well, has room, and the request has not tried it.</summary>
    public bool MayBeChosen(int index) => _picker.IsEligible(index, _choice.Tried);

    /// <summary>The time, in monotonic milliseconds.</summary>
    public long Now => _choice.Now;

    /// <summary>What of the request the pool hashes (<c>balance: { hash: ... }</c>); empty where it hashes nothing, or the request has nothing of the kind.</summary>
    public ReadOnlySpan<byte> Key => _choice.Key;

    /// <summary>64 random bits, others for each choice.</summary>
    public ulong Chance => _choice.Chance;
}

/// <summary>Asks a policy that is written elsewhere.</summary>
internal sealed class CustomPicker(IServerPolicy policy, Server[] servers, int[] weights) : Picker(servers, weights)
{
    /// <inheritdoc/>
    public override Decision Pick(in Choice choice)
    {
        var index = policy.Choose(new(this, choice));
        if (index < 0)
            return new(null, DecisionReason.NoneLeft);
        if (index < Servers.Length && IsEligible(index, choice.Tried))
            return Take(index, DecisionReason.Custom);
        for (var i = 0; i < Servers.Length; i++)
        {
            if (IsEligible(i, choice.Tried))
                return Take(i, DecisionReason.First);
        }

        return new(null, HasServerBeside(choice.Tried) ? DecisionReason.AllFull : DecisionReason.NoneLeft);
    }
}

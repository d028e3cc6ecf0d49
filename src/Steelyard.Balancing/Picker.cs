namespace Steelyard.Balancing;

/// <summary>
/// A way to choose among the servers of a pool. All loops call it at once; it takes no lock and allocates nothing.
/// One type for each <see cref="Config.BalancePolicy"/>.
/// </summary>
public abstract class Picker
{
    /// <summary>Chooses a server for a request.</summary>
    /// <param name="tried">The servers this request has tried; they are not chosen again.</param>
    public abstract Decision Pick(ServerSet tried);
}

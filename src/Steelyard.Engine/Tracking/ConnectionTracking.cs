using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Tracking;

/// <summary>Counts a connection that carries no requests in the tables of the loop's plan; owned by the connection.</summary>
/// <param name="client">The connection.</param>
/// <param name="loop">Its loop.</param>
internal sealed class ConnectionTracking(ClientConnection client, ProxyLoop loop) : Tracker
{
    private static readonly TrackedKeys s_nothing = new();

    public override long Now => loop.Events.Now;

    public override CounterTable? Find(string name) => loop.Plan.Tables?.GetValueOrDefault(name);

    public override bool TryFind(int slot, out TrackedKeys keys)
    {
        keys = client.Tracked ?? s_nothing;
        return keys.TableOf(slot) is not null;
    }

    /// <summary>Does what a rule says.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="scope">What is known of the connection.</param>
    public void Track(Rule rule, scoped in TemplateScope scope)
    {
        var (slot, name, ofConnection) = rule.Track!;
        ExpressionRoom.OfThread.Clear();
        if (Find(name) is not { } table || TryFind(slot, out _) || !rule.Value!.TryMakePresent(scope, out var key))
            return;
        client.Tracked ??= new();

        // HAProxy: what is tracked for its contents was accepted before.
        if (client.Tracked.Enter(slot, table, key, Now) && ofConnection)
            table.Count(client.Tracked.KeyOf(slot), CounterKind.Sessions, 1, Now);
    }
}

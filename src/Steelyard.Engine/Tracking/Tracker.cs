using Steelyard.Balancing;

namespace Steelyard.Engine.Tracking;

/// <summary>What expressions ask of the tables that count a request or a connection.</summary>
internal abstract class Tracker
{
    /// <summary>The loop's time.</summary>
    public abstract long Now { get; }

    /// <summary>The table of a name; null where the plan has none.</summary>
    public abstract CounterTable? Find(string name);

    /// <summary>What it is counted by in a slot.</summary>
    public abstract bool TryFind(int slot, out TrackedKeys keys);
}

namespace Steelyard.Engine.Lists;

/// <summary>What has come of giving entries a value.</summary>
public enum SetOutcome
{
    /// <summary>They have it.</summary>
    Done,

    /// <summary>There is no such entry.</summary>
    NoEntry,

    /// <summary>The list is looked up as one of numbers or addresses, and the value is none. Nothing has changed.</summary>
    NoValue,
}

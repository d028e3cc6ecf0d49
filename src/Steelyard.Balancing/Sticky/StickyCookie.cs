namespace Steelyard.Balancing.Sticky;

/// <summary>What the cookie of a request says.</summary>
/// <param name="State">Whether it says something.</param>
/// <param name="Server">The index of the server it names; -1 for none.</param>
/// <param name="FirstSeen">When it was set first, in seconds of Unix; 0 where it does not say.</param>
/// <param name="LastSeen">When it was set last, in seconds of Unix; 0 where it does not say.</param>
public readonly record struct StickyCookie(StickyCookieState State, int Server, long FirstSeen, long LastSeen)
{
    /// <summary>No cookie came.</summary>
    public static StickyCookie None { get; } = new(StickyCookieState.Absent, -1, 0, 0);
}

/// <summary>Whether a cookie says whose its client is.</summary>
public enum StickyCookieState
{
    /// <summary>There is none.</summary>
    Absent,

    /// <summary>It names a server.</summary>
    Valid,

    /// <summary>It names nobody, or was not made by us.</summary>
    Invalid,

    /// <summary>It was used last too long ago.</summary>
    Idle,

    /// <summary>It was set first too long ago.</summary>
    Old,
}

namespace Steelyard.Engine.Proxy;

/// <summary>What becomes of the client's connection after an exchange.</summary>
internal enum AfterExchange : byte
{
    /// <summary>The next request may come.</summary>
    KeepAlive,

    /// <summary>Close it.</summary>
    Close,

    /// <summary>Close it once the client has had time to read the answer.</summary>
    Linger,

    /// <summary>End it behind what was sent of an answer that was cut short, and not as one that is whole.</summary>
    Truncate,

    /// <summary>Break it off: an answer was cut short, and nothing else would show it, or nobody reads it.</summary>
    Reset,
}

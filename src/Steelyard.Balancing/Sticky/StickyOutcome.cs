namespace Steelyard.Balancing.Sticky;

/// <summary>Whether a client got the server it belongs to, and why not.</summary>
public enum StickyOutcome
{
    /// <summary>It belongs to nobody.</summary>
    None,

    /// <summary>It got its server.</summary>
    Kept,

    /// <summary>The server is down by its checks.</summary>
    Down,

    /// <summary>It is left out because its requests went wrong.</summary>
    Ejected,

    /// <summary>It is on trial, which another request has.</summary>
    OnTrial,

    /// <summary>It is in maintenance.</summary>
    Maintenance,

    /// <summary>It is to have no new requests, and its clients are to go.</summary>
    Drained,

    /// <summary>The request was tried there already.</summary>
    Tried,

    /// <summary>It has as much to do as it may, and the client is not to wait.</summary>
    Full,

    /// <summary>The request's route names another server.</summary>
    Yielded,
}

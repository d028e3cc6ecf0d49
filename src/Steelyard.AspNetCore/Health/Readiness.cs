namespace Steelyard.AspNetCore;

/// <summary>Whether the app wants new requests: false from the moment that it is to end, while what is in flight still goes on.</summary>
public sealed class Readiness
{
    private volatile bool _ready = true;

    /// <summary>Whether it does. An app may say no for reasons of its own, and yes again.</summary>
    public bool IsReady
    {
        get => _ready && !IsEnding;
        set => _ready = value;
    }

    /// <summary>Whether the app is to end.</summary>
    public bool IsEnding { get; private set; }

    internal void End() => IsEnding = true;
}

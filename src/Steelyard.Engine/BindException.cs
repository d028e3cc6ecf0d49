namespace Steelyard.Engine;

/// <summary>An address could not be bound; the message names it and says why.</summary>
public sealed class BindException : Exception
{
    internal BindException(string message, int error)
        : base(message) => Error = error;

    /// <summary>The negative errno of bind(2) or listen(2); 0 when a name did not resolve.</summary>
    public int Error { get; }
}

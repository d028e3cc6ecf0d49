using Steelyard.Config;

namespace Steelyard.Engine;

/// <summary>The sockets a configuration listens on. Binding is apart from serving: only binding may need root.</summary>
public sealed class ListeningSockets : IDisposable
{
    /// <summary>Binds every address of every listener.</summary>
    /// <exception cref="BindException">An address could not be bound; what was bound before it is closed again.</exception>
    public static ListeningSockets Bind(Snapshot snapshot) => throw new BindException("not yet");

    /// <summary>The bound addresses, with the ports the kernel picked where 0 was asked.</summary>
    public IReadOnlyList<NetworkAddress> Addresses { get; } = [];

    /// <summary>Closes the sockets and removes the files of Unix sockets.</summary>
    public void Dispose() { }
}

/// <summary>An address could not be bound.</summary>
public sealed class BindException(string message) : Exception(message);

using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Gives out what speaks TLS for the settings of a plan. Equal settings get the same object, that of the plan before where
/// there is one: clients and servers resume their sessions over a reload.
/// </summary>
internal sealed class TlsBook
{
    private readonly TlsFiles? _files;
    private readonly Dictionary<(ListenerTls, ListenerMode), TlsListener> _listeners = [];
    private readonly Dictionary<ServerTls, TlsClient> _clients = [];
    private readonly IReadOnlyCollection<IWatchedTls> _before;

    /// <param name="files">Where certificates are read; null for a configuration without any.</param>
    /// <param name="before">What the plan before uses.</param>
    public TlsBook(TlsFiles? files, IReadOnlyCollection<IWatchedTls>? before)
    {
        _files = files;
        _before = before ?? [];
    }

    /// <summary>All that was given out.</summary>
    public List<IWatchedTls> All { get; } = [];

    private TlsFiles Files => _files ?? throw new InvalidOperationException("TLS needs the folder of its files.");

    /// <exception cref="TlsFileException">A file is of no use.</exception>
    public TlsListener? For(ListenerTls? settings, ListenerMode mode)
    {
        if (settings is null)
            return null;
        if (_listeners.TryGetValue((settings, mode), out var listener))
            return listener;
        foreach (var one in _before)
        {
            if (one is TlsListener before && before.Settings == settings && before.Mode == mode)
                listener = before;
        }

        listener ??= new TlsListener(settings, mode, Files);
        All.Add(listener);
        return _listeners[(settings, mode)] = listener;
    }

    /// <exception cref="TlsFileException">A file is of no use.</exception>
    public TlsClient? For(ServerTls? settings)
    {
        if (settings is null)
            return null;
        if (_clients.TryGetValue(settings, out var client))
            return client;
        foreach (var one in _before)
        {
            if (one is TlsClient before && before.Settings == settings)
                client = before;
        }

        client ??= new TlsClient(settings, Files);
        All.Add(client);
        return _clients[settings] = client;
    }

    /// <summary>The changes of every head for a client, with what the listener says of TLS.</summary>
    public static HeaderEdits WithTransportSecurity(ListenerSettings listener)
    {
        if (listener.Tls?.StrictTransportSecurity is not { } time)
            return listener.ResponseHeaders;
        var text = $"max-age={((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture)}";
        return listener.ResponseHeaders with { Set = [.. listener.ResponseHeaders.Set, new HeaderLine("Strict-Transport-Security", TextTemplate.Literal(text))] };
    }
}

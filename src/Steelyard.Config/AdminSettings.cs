namespace Steelyard.Config;

/// <summary>Where the admin API is served, and to whom (Caddy: admin; HAProxy: stats socket, stats enable).</summary>
public sealed record AdminSettings
{
    /// <summary>Where it is served unless the file says otherwise: where that is taken, the local socket has to do.</summary>
    public static NetworkAddress DefaultAddress { get; } = NetworkAddress.ForHost("127.0.0.1", 8404);

    /// <summary>Where it listens, beside the local socket; null for <see cref="DefaultAddress"/>, if that is free.</summary>
    public NetworkAddress? Address { get; init; }

    /// <summary>
    /// The file of the token that requests over TCP have to bring, in its first line, relative to the folder of the
    /// configuration; null for none, which only an address on loopback may have. Never asked for on Unix sockets.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>The certificate by which TLS is spoken over TCP, its files relative to the folder of the configuration; null for none. Unix sockets never speak it.</summary>
    public CertificateFiles? Tls { get; init; }

    /// <summary>The sockets that take HAProxy's commands. Default none.</summary>
    public ValueList<CommandSocketSettings> CommandSockets { get; init; }

    /// <summary>How long somebody on such a socket may say nothing: 1 ms to 24 h. Default 10 s (HAProxy: stats timeout).</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using Steelyard.Config;

namespace Steelyard.Shared;

/// <summary>How Redis is connected to: without waiting for it, and again and again while it is away.</summary>
internal static class RedisOptions
{
    /// <summary>The longest that it is waited for, in the background.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // A try that fails costs some milliseconds of a core.
    private const int RetryMilliseconds = 1000;
    private const int LookMilliseconds = 500;

    public static ConfigurationOptions Of(SharedSettings settings, string folder)
    {
        var options = new ConfigurationOptions
        {
            EndPoints = { PlaceOf(settings.Redis) },
            User = settings.User,
            Password = settings.Password,
            Ssl = settings.Tls,
            SslHost = settings.Tls ? settings.Redis.Host : null,
            ClientName = "steelyard",
            AbortOnConnectFail = false,
            ConnectTimeout = (int)Patience.TotalMilliseconds,
            AsyncTimeout = (int)Patience.TotalMilliseconds,
            ReconnectRetryPolicy = new LinearRetry(RetryMilliseconds),

            // What cannot be sent now is not sent: by the time it could be, it is out of date.
            BacklogPolicy = BacklogPolicy.FailFast,
            HeartbeatInterval = TimeSpan.FromMilliseconds(LookMilliseconds),
        };
        if (settings.Authorities is { } file)
            options.TrustIssuer(Path.Combine(folder, file));
        return options;
    }

    private static EndPoint PlaceOf(NetworkAddress address) =>
        address.UnixPath is { } path ? new UnixDomainSocketEndPoint(path)
        : IPAddress.TryParse(address.Host, out var literal) ? new IPEndPoint(literal, address.Port)
        : new DnsEndPoint(address.Host, address.Port);
}

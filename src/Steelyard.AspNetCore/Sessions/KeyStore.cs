using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.StackExchangeRedis;
using StackExchange.Redis;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>The keys of cookies in Redis. An app that reads them while it starts does not wait there for a Redis that is away.</summary>
/// <param name="connection">To Redis; made when it is first asked for.</param>
/// <param name="key">Where the keys are.</param>
/// <param name="started">When the app has started.</param>
internal sealed class KeyStore(Lazy<IConnectionMultiplexer> connection, string key, CancellationToken started) : RedisXmlRepository(() => connection.Value.GetDatabase(), key), IXmlRepository
{
    // A Redis that is there answers within some milliseconds, a program that has just started compiles what asks it meanwhile.
    private static readonly TimeSpan s_mostAtStart = TimeSpan.FromSeconds(1);

    /// <exception cref="TimeoutException">The app starts, and Redis is not there: whoever uses the keys first reads them.</exception>
    IReadOnlyCollection<XElement> IXmlRepository.GetAllElements()
    {
        if (!started.IsCancellationRequested && !connection.IsValueCreated && !Task.Run(() => connection.Value).Wait(s_mostAtStart, CancellationToken.None))
            throw new TimeoutException("Redis is not there yet: the keys of cookies are read when they are first used");
        return GetAllElements();
    }
}

using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>The session of a client whose cookie names it.</summary>
internal sealed class KnownSession(IDistributedCache cache, string key, TimeSpan idleTimeout, TimeSpan ioTimeout, Func<bool> tryEstablishSession, ILoggerFactory log)
    : DistributedSession(cache, key, idleTimeout, ioTimeout, tryEstablishSession, log, isNewSessionKey: false);

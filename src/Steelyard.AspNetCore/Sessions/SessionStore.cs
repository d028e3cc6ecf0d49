using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>The sessions of ASP.NET Core, but that nobody looks for one that has just begun, and a store that is away is asked once a second.</summary>
internal sealed class SessionStore(IDistributedCache cache, ILoggerFactory log, TimeProvider time) : ISessionStore
{
    // A load may hold its thread: many that wait for a store that hangs would leave none to others.
    private readonly ResiliencePipeline _breaker = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.5,
            MinimumThroughput = 2,
            SamplingDuration = TimeSpan.FromSeconds(1),
            BreakDuration = TimeSpan.FromSeconds(1),
        })
        .Build();

    public ISession Create(string sessionKey, TimeSpan idleTimeout, TimeSpan ioTimeout, Func<bool> tryEstablishSession, bool isNewSessionKey) =>
        isNewSessionKey
            ? new DistributedSession(new Guarded(cache, _breaker, isNew: true), sessionKey, idleTimeout, ioTimeout, tryEstablishSession, log, isNewSessionKey)
            : new KnownSession(new Guarded(cache, _breaker, isNew: false), sessionKey, idleTimeout, ioTimeout, tryEstablishSession, log);

    private sealed class Guarded(IDistributedCache cache, ResiliencePipeline breaker, bool isNew) : IDistributedCache
    {
        // Of a store that was away the same request is not held once more.
        private ExceptionDispatchInfo? _away;

        public byte[]? Get(string key)
        {
            _away?.Throw();
            try
            {
                return isNew ? null : breaker.Execute(() => cache.Get(key));
            }
            catch (Exception fault)
            {
                _away = ExceptionDispatchInfo.Capture(fault);
                throw;
            }
        }

        public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
        {
            _away?.Throw();
            try
            {
                return isNew ? null : await breaker.ExecuteAsync(async cancel => await cache.GetAsync(key, cancel), token);
            }
            catch (Exception fault)
            {
                _away = ExceptionDispatchInfo.Capture(fault);
                throw;
            }
        }

        public void Refresh(string key) => breaker.Execute(() => cache.Refresh(key));

        public Task RefreshAsync(string key, CancellationToken token = default) =>
            isNew || _away is not null ? Task.CompletedTask : breaker.ExecuteAsync(async cancel => await cache.RefreshAsync(key, cancel), token).AsTask();

        public void Remove(string key) => breaker.Execute(() => cache.Remove(key));

        public Task RemoveAsync(string key, CancellationToken token = default) => breaker.ExecuteAsync(async cancel => await cache.RemoveAsync(key, cancel), token).AsTask();

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => breaker.Execute(() => cache.Set(key, value, options));

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
            breaker.ExecuteAsync(async cancel => await cache.SetAsync(key, value, options, cancel), token).AsTask();
    }
}

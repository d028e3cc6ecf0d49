using StackExchange.Redis;
using Steelyard.Balancing.Shared;
using Steelyard.Engine;
using Steelyard.Engine.Proxy;

namespace Steelyard.Shared;

/// <summary>Settles with Redis what the limits of this balancer have let through. Used by one task.</summary>
/// <param name="balancer">Whose limits.</param>
/// <param name="prefix">What names begin with.</param>
/// <param name="counts">Gets what was told.</param>
internal sealed class SharedLimits(LoadBalancer balancer, string prefix, SharedCounts counts)
{
    private const int KeysInOneCall = 256;
    private const int NanosecondsPerMicrosecond = 1000;

    private readonly Dictionary<SharedRate, TakenBook> _books = [];

    /// <summary>Tells of what was taken since the last time, and takes the accounts.</summary>
    public async Task SettleAsync(IDatabase redis)
    {
        foreach (var rate in balancer.SharedRates)
        {
            var now = LoadBalancer.Clock;
            var book = BookOf(rate);
            foreach (var keys in book.Collect(now).Chunk(KeysInOneCall))
                await SettleAsync(redis, rate.Name, book, keys);
        }
    }

    /// <summary>Forgets what was taken while nobody could be told.</summary>
    public void Forget()
    {
        foreach (var rate in balancer.SharedRates)
            BookOf(rate).Forget();
    }

    private async Task SettleAsync(IDatabase redis, string name, TakenBook book, KeyValuePair<ulong, KeyDue>[] keys)
    {
        var (accounts, values) = (new RedisKey[keys.Length], new RedisValue[keys.Length * 3]);
        for (var i = 0; i < keys.Length; i++)
        {
            accounts[i] = $"{prefix}:limit:{name}:{keys[i].Key:x16}";
            values[i * 3] = keys[i].Value.Taken / NanosecondsPerMicrosecond;
            values[(i * 3) + 1] = keys[i].Value.Excess / NanosecondsPerMicrosecond;
            values[(i * 3) + 2] = keys[i].Value.Most / NanosecondsPerMicrosecond;
        }

        // What is on its way makes an account look smaller, never larger: it is good for the time when it was asked for.
        var asked = LoadBalancer.Clock;
        var left = (RedisResult[]?)await redis.ScriptEvaluateAsync(RedisScripts.Take, accounts, values) ?? [];
        for (var i = 0; i < left.Length && i < keys.Length; i++)
            book.Settle(keys[i].Key, (long)left[i] * NanosecondsPerMicrosecond, asked);
        counts.Send(keys.Length);
    }

    private TakenBook BookOf(SharedRate rate)
    {
        if (!_books.TryGetValue(rate, out var book))
        {
            // A reload may have put another table under a name.
            foreach (var gone in _books.Keys.Except(balancer.SharedRates).ToList())
                _books.Remove(gone);
            _books.Add(rate, book = new(rate.Table, rate.Taken));
        }

        return book;
    }
}

using System.Globalization;
using StackExchange.Redis;
using Steelyard.Balancing.Sticky;
using Steelyard.Engine;

namespace Steelyard.Shared;

/// <summary>Tells others over Redis whose clients are remembered here, and takes what they tell.</summary>
/// <param name="balancer">Whose clients.</param>
/// <param name="prefix">What names begin with.</param>
/// <param name="counts">Gets what was told.</param>
internal sealed class SharedClients(LoadBalancer balancer, string prefix, SharedCounts counts)
{
    private const int ClientsInOneCall = 256;
    private const int HexDigits = 32;

    private readonly Dictionary<UInt128, StickEntry> _changed = [];
    private ChannelMessageQueue? _messages;
    private long _lost;

    private string ChannelName => $"{prefix}:clients";

    /// <summary>Listens to what others tell from now on, also where that was listened to before.</summary>
    public async Task ListenAsync(IConnectionMultiplexer redis)
    {
        if (_messages is not null)
            await _messages.UnsubscribeAsync(CommandFlags.FireAndForget);
        _messages = await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(ChannelName));
        _messages.OnMessage(message => Take(message.Message.ToString()));
    }

    /// <summary>Tells of what was learned since the last time.</summary>
    /// <returns>False where some of it was lost for want of room: then all have to be told of.</returns>
    public async Task<bool> TellAsync(IDatabase redis)
    {
        var lost = 0L;
        foreach (var (pool, table) in balancer.RememberedClients)
        {
            _changed.Clear();
            while (table.Changes is { } changes && changes.TryTake(out var entry))
                _changed[entry.Key] = entry;
            foreach (var some in _changed.Values.Chunk(ClientsInOneCall))
                await TellAsync(redis, pool, some);
            lost += table.Changes?.Lost ?? 0;
        }

        return Interlocked.Exchange(ref _lost, lost) >= lost;
    }

    /// <summary>Forgets what was learned while nobody could be told: when somebody can, all are told of.</summary>
    public void Forget()
    {
        foreach (var (_, table) in balancer.RememberedClients)
        {
            while (table.Changes is { } changes && changes.TryTake(out _))
            {
            }
        }
    }

    /// <summary>Tells of all clients, and takes all that Redis knows. Of what two know of one client the later counts.</summary>
    public async Task MergeAsync(IConnectionMultiplexer redis, int database)
    {
        var db = redis.GetDatabase(database);
        foreach (var (pool, table) in balancer.RememberedClients)
        {
            foreach (var some in table.Entries(LoadBalancer.Clock).Chunk(ClientsInOneCall))
                await TellAsync(db, pool, some);
            await RecallAsync(redis, db, database, pool, table);
        }
    }

    private async Task TellAsync(IDatabase redis, string pool, StickEntry[] entries)
    {
        var (keys, values) = (new RedisKey[entries.Length], new RedisValue[2 + (entries.Length * 2)]);
        (values[0], values[1]) = (ChannelName, pool);
        for (var i = 0; i < entries.Length; i++)
        {
            keys[i] = $"{KeyOf(pool)}{entries[i].Key:x32}";
            values[2 + (i * 2)] = entries[i].Server.ToString("x16", CultureInfo.InvariantCulture);
            values[3 + (i * 2)] = Math.Max(1, entries[i].Until - LoadBalancer.Clock);
        }

        await redis.ScriptEvaluateAsync(RedisScripts.Remember, keys, values);
        counts.Send(entries.Length);
    }

    private async Task RecallAsync(IConnectionMultiplexer redis, IDatabase db, int database, string pool, StickTable table)
    {
        var (page, taken) = (new List<RedisKey>(ClientsInOneCall), 0);
        await foreach (var key in redis.GetServer(redis.GetEndPoints()[0]).KeysAsync(database, $"{KeyOf(pool)}*", pageSize: ClientsInOneCall))
        {
            // Of another pool, whose name begins so, or nobody's here.
            if (key.ToString().Length != KeyOf(pool).Length + HexDigits)
                continue;
            page.Add(key);
            if (page.Count < ClientsInOneCall)
                continue;
            await RecallAsync(db, table, page);
            page.Clear();
            if ((taken += ClientsInOneCall) >= table.Size)
                return;
        }

        if (page.Count > 0)
            await RecallAsync(db, table, page);
    }

    private async Task RecallAsync(IDatabase db, StickTable table, List<RedisKey> keys)
    {
        var found = (RedisResult[]?)await db.ScriptEvaluateAsync(RedisScripts.Recall, [.. keys]) ?? [];
        for (var i = 0; i < keys.Count && (i * 2) + 1 < found.Length; i++)
            Take(table, keys[i].ToString()[^HexDigits..], found[i * 2].ToString(), (long)found[(i * 2) + 1]);
        counts.Receive(keys.Count);
    }

    /// <summary>Takes what somebody tells: a pool, and lines with a client, its server and milliseconds.</summary>
    private void Take(string message)
    {
        var lines = message.Split('\n');
        foreach (var (pool, table) in balancer.RememberedClients)
        {
            if (pool != lines[0])
                continue;
            foreach (var line in lines.AsSpan(1))
            {
                if (line.Split(' ') is [var client, var server, var left] && long.TryParse(left, CultureInfo.InvariantCulture, out var milliseconds))
                    Take(table, client, server, milliseconds);
            }
        }

        counts.Receive(lines.Length - 1);
    }

    private static void Take(StickTable table, string client, string server, long left)
    {
        var now = LoadBalancer.Clock;
        if (left > 0 && UInt128.TryParse(client, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key) && ulong.TryParse(server, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
            table.Merge(new(key, id, now + Math.Min(left, table.Expire)));
    }

    private string KeyOf(string pool) => $"{prefix}:client:{pool}:";
}

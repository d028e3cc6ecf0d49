using Steelyard.Balancing;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>What a pool or a server has to do at this moment, or a listener.</summary>
internal sealed class MeasuredValue : CompiledValue
{
    private readonly string _what;
    private readonly string _pool;
    private readonly string _server;

    /// <param name="name">What, and behind a blank whose: a pool, or a pool, a slash and a server.</param>
    public MeasuredValue(string name)
    {
        var blank = name.IndexOf(' ', StringComparison.Ordinal);
        (_what, _pool) = blank < 0 ? (name, "") : (name[..blank], name[(blank + 1)..]);
        var slash = _what.StartsWith("server-", StringComparison.Ordinal) ? _pool.IndexOf('/', StringComparison.Ordinal) : -1;
        (_pool, _server) = slash < 0 ? (_pool, "") : (_pool[..slash], _pool[(slash + 1)..]);
    }

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (_what == "listener-connections")
            return scope.Connection is { } connection && ExpressionRoom.OfThread.TryWrite(connection.OpenBeside, out value);
        if (scope.Pools is null || !scope.Pools.TryGetValue(_pool, out var pool))
            return false;
        var measured = _server.Length > 0 ? OfServer(pool) : OfPool(pool);
        return measured is { } number && ExpressionRoom.OfThread.TryWrite(number, out value);
    }

    private long? OfServer(Pool pool)
    {
        for (var i = 0; i < pool.Count; i++)
        {
            var server = pool.Servers[i];
            if ((server.Settings.Name ?? server.Settings.Address.ToString()) != _server)
                continue;
            return _what switch { "server-up" => IsUp(server) ? 1 : 0, "server-weight" => server.Weight, "server-first-weight" => server.Settings.Weight, "server-queue" => pool.WaitingFor(server), "server-free" => server.Limit == int.MaxValue ? -1 : Math.Max(server.Limit - server.Active, 0), _ => server.Active };
        }

        return null;
    }

    private long OfPool(Pool pool)
    {
        var (active, usable, free) = (0L, 0L, 0L);
        for (var i = 0; i < pool.Count; i++)
        {
            var server = pool.Servers[i];
            active += server.Active;
            if (!IsUp(server))
                continue;
            usable++;
            free += Math.Max((long)server.Limit - server.Active, 0);
        }

        return _what switch
        {
            "free" => Free(pool),
            "queue" => pool.Waiting,
            "average-queue" => usable == 0 ? pool.Waiting : (pool.Waiting + usable - 1) / usable,
            "slots" => free >= int.MaxValue ? -1 : free + Math.Max(pool.Settings.Queue.Most - pool.Waiting, 0),
            _ => active + pool.Waiting,
        };
    }

    // As HAProxy: what those that would serve now have room for, backups with the others gone; -1 where one has no limit.
    private static long Free(Pool pool)
    {
        var (free, ofBackups, active) = (0L, 0L, false);
        for (var i = 0; i < pool.Count; i++)
        {
            var server = pool.Servers[i];
            if (!IsUp(server))
                continue;
            active |= !server.Settings.Backup;
            ref var sum = ref server.Settings.Backup ? ref ofBackups : ref free;
            sum = sum < 0 || server.Limit == int.MaxValue ? -1 : sum + Math.Max(server.Limit - server.Active, 0);
        }

        return active ? free : ofBackups;
    }

    private static bool IsUp(Server server) => server.Up && !server.Ejected && server.State != ServerState.Maintenance;
}

using System.Globalization;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>Changes of what is served, beside its file: servers in and out, limits, breakers.</summary>
internal static class ServingEndpoints
{
    private const int Most = 1_000_000;

    public static async Task<ServerView> AddAsync(AdminCall call, ServerBody body)
    {
        var pool = call.Pool.Name;
        if (!NetworkAddress.TryParse(body.Address, out var address, out var expected))
            throw new AdminProblemException(StatusCodes.Status400BadRequest, $"'{body.Address}' is not an address; expected {expected}");
        if (body.Weight is < 0 or > 256)
            throw new AdminProblemException(StatusCodes.Status400BadRequest, $"{body.Weight} is no weight; it is 0 to 256");
        await AdjustAsync(call, $"{pool} stays as it was", "add", pool, address.ToString());
        if (body.Weight is { } weight)
            return await AdminEndpoints.ChangeAsync(call, new(pool, address, ServerState.Ready, weight), address.ToString());
        return AdminLook.Server(call.Desk, call.ServerAt(address.ToString()));
    }

    public static Task<ReportView> RemoveAsync(AdminCall call)
    {
        var server = call.Server;
        return AdjustAsync(call, $"{server.Pool} stays as it was", "remove", server.Pool, server.Address.ToString());
    }

    public static async Task<ServerView> LimitServerAsync(AdminCall call, LimitBody body)
    {
        var server = call.Server;
        await AdjustAsync(call, "its limit stays as it was", "limit", server.Pool, server.Address.ToString(), Number(body));
        return AdminLook.Server(call.Desk, call.Server);
    }

    public static async Task<ListenerView> LimitListenerAsync(AdminCall call, LimitBody body)
    {
        var names = call.Desk.Served.Snapshot.Listeners.Select(listener => listener.Bind[0].ToString()).ToList();
        var place = names.IndexOf(call["listener"]);
        if (place < 0)
            throw new AdminProblemException(StatusCodes.Status404NotFound, $"there is no listener '{call["listener"]}'; there is {string.Join(", ", names)}");
        await AdjustAsync(call, "its limit stays as it was", "listener", names[place], Number(body));
        return AdminLook.Listeners(call.Desk)[place];
    }

    public static async Task<BreakerView[]> HoldAsync(AdminCall call, HoldBody body)
    {
        var hold = body.Hold switch
        {
            "open" => BreakerHold.Open,
            "closed" => BreakerHold.Closed,
            "none" => BreakerHold.None,
            _ => throw new AdminProblemException(StatusCodes.Status400BadRequest, $"'{body.Hold}' is nothing that breakers do; it is open, closed or none"),
        };
        var pool = call.Pool.Name;
        if (!call.Desk.Balancer.Breakers.Any(breaker => breaker.Pool == pool))
            throw new AdminProblemException(StatusCodes.Status409Conflict, $"the pool '{pool}' has no breaker");

        // The keeper first: what was answered outlives this engine.
        if (!await call.Desk.Keeper.KeepAsync(pool, hold))
            throw new AdminProblemException(StatusCodes.Status503ServiceUnavailable, "the keeper has gone; this engine ends soon");
        call.Desk.Balancer.HoldBreakers(pool, null, hold);
        return [.. AdminLook.Breakers(call.Desk).Where(breaker => breaker.Pool == pool)];
    }

    private static string Number(LimitBody body) => body.Limit is < 1 or > Most
        ? throw new AdminProblemException(StatusCodes.Status400BadRequest, $"{body.Limit} is no limit; it is 1 to {Most}, or null for what the file says")
        : body.Limit?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static Task<ReportView> AdjustAsync(AdminCall call, string otherwise, params string[] words) => call.OrderAsync(KeeperRequestKind.Adjust, string.Join('\t', words), otherwise);
}

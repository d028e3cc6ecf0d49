using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;
using Steelyard.Engine;
using Steelyard.Engine.Metering;
using Steelyard.Keeper;
using Steelyard.Serving;

namespace Steelyard.Admin;

/// <summary>Reads what the admin API says, as it stands this moment.</summary>
internal static class AdminLook
{
    // The page looks four times a second, and settings stay until the next reload.
    private static readonly ConditionalWeakTable<PoolSettings, Dictionary<NetworkAddress, string>> s_names = [];

    /// <summary>The version of this program.</summary>
    public static string ProgramVersion { get; } = typeof(AdminLook).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static async Task<StatusView> StatusAsync(AdminDesk desk) => new(Version(desk), await ConfigurationAsync(desk), Listeners(desk), Pools(desk), Counters(desk)) { Breakers = Breakers(desk), Shared = Shared(desk) };

    public static VersionView Version(AdminDesk desk) => new(ProgramVersion, Environment.ProcessId, desk.Since, SecondsSince(desk.Since), RuntimeInformation.FrameworkDescription);

    public static async Task<ConfigurationView> ConfigurationAsync(AdminDesk desk)
    {
        var (source, keeper) = (desk.Served.Source, await desk.KeeperStateAsync());
        return new(source.File, source.Hash, source.At, SecondsSince(source.At), source.Generation, [.. Differences(desk.Balancer.Servers, desk.Balancer.Breakers, keeper)]);
    }

    /// <summary>What operators have changed, beside what the file says.</summary>
    public static IEnumerable<DifferenceView> Differences(IEnumerable<ServerStatus> servers, IEnumerable<BreakerStatus> breakers, KeeperState? keeper)
    {
        foreach (var difference in keeper?.Differences ?? [])
            yield return new(difference.Pool, difference.Server, difference.Setting, difference.File, difference.Live);
        foreach (var breaker in breakers.Where(breaker => breaker.Hold != BreakerHold.None).DistinctBy(breaker => breaker.Pool))
            yield return new(breaker.Pool, "", "breaker", "not held", $"held {Word(breaker.Hold)}");
        foreach (var server in servers)
        {
            var address = server.Address.ToString();
            if (server.Wanted != ServerState.Ready)
                yield return new(server.Pool, address, "state", Word(ServerState.Ready), Word(server.Wanted));
            if (server.LiveWeight is { } live)
                yield return new(server.Pool, address, "weight", server.ConfiguredWeight.ToString(), live.ToString());
        }
    }

    public static ListenerView[] Listeners(AdminDesk desk)
    {
        var (open, addresses) = (desk.Balancer.OpenConnectionsByListener, AddressesOf(desk.Served));
        return [.. desk.Served.Snapshot.Listeners.Select((listener, i) => new ListenerView(
            addresses[i],
            Word(listener.Mode),
            listener.Tls is not null,
            i < open.Count ? open[i] : 0,
            listener.MaxConnections,
            listener.Routes.Count))];
    }

    /// <summary>The bound addresses of each listener.</summary>
    public static string[][] AddressesOf(ServedConfiguration served)
    {
        var (bound, next) = (served.Sockets.Addresses, 0);
        return [.. served.Snapshot.Listeners.Select(listener => listener.Bind.Select(asked =>
        {
            // An engine knows of a socket it was handed no more than the port.
            var port = listener.Serving == ListenerServing.Open && next < bound.Count ? bound[next++].Port : 0;
            return (asked.UnixPath is null && asked.Port == 0 ? NetworkAddress.ForHost(asked.Host, port) : asked).ToString();
        }).ToArray())];
    }

    public static RouteView[] Routes(AdminDesk desk)
    {
        var addresses = AddressesOf(desk.Served);
        return [.. desk.Served.Snapshot.Listeners.SelectMany((listener, i) => listener.Routes.Select(route => Route(addresses[i][0], listener.Bind[0].ToString(), route)))];
    }

    private static RouteView Route(string listener, string configured, RouteSettings route)
    {
        (string action, string? target) = route switch
        {
            { Pool: { } pool } => ("to", pool),
            { PoolName: { } named } => ("to-named", named.ToString()),
            { Redirect: { } redirect } => ("redirect", redirect.To.ToString()),
            { Respond: { } respond } => ("respond", respond.Status.ToString()),
            { Files: { } files } => ("files", files.Root?.ToString()),
            { Statistics: not null } => ("statistics", null),
            _ => ("split", string.Join(", ", route.Split.Select(share => $"{share.Pool} {share.Weight}"))),
        };
        return new(
            listener,
            configured,
            RouteNames.Of(route),
            route.Host,
            route.Path,
            route.Methods.Count == 0 ? null : [.. route.Methods.AsEnumerable()],
            route.Headers.Count == 0 ? null : [.. route.Headers.Select(match => $"{match.Name}: {match.Pattern}")],
            route.Query.Count == 0 ? null : [.. route.Query.Select(match => $"{match.Name}={match.Pattern}")],
            action,
            target,
            route.When is { } when ? Secrets.Hide(when).ToString() : null,
            route.Internal);
    }

    public static PoolView[] Pools(AdminDesk desk)
    {
        var servers = desk.Balancer.Servers.ToLookup(server => server.Pool);
        return [.. desk.Served.Snapshot.Pools.Select(pool =>
        {
            var names = Names(pool);
            var members = servers[pool.Name].Select((server, place) => View(server, place + 1, names.GetValueOrDefault(server.Address))).ToArray();
            return new PoolView(pool.Name, BalanceTable.Form.Write!(pool.Balance), members.Length, members.Count(member => member is { State: "up", Weight: > 0 }), members.Sum(member => member.Active), members);
        })];
    }

    public static ServerView Server(AdminDesk desk, ServerStatus server) =>
        View(
            server,
            desk.Balancer.Servers.Where(other => other.Pool == server.Pool).Index().First(other => other.Item.Address == server.Address).Index + 1,
            desk.Served.Snapshot.Pools.Where(pool => pool.Name == server.Pool).Select(pool => Names(pool).GetValueOrDefault(server.Address)).FirstOrDefault());

    /// <summary>What the configuration calls those servers of a pool that have a name.</summary>
    internal static Dictionary<NetworkAddress, string> Names(PoolSettings pool) => s_names.GetValue(pool, static pool =>
        pool.Servers.Where(server => server.Name is not null).ToDictionary(server => server.Address, server => server.Name!));

    /// <summary>What the configuration calls a server; null where it is known by its address, or has gone.</summary>
    internal static string? NameOf(Snapshot snapshot, string? pool, string? server) =>
        server is not null && snapshot.Pools.FirstOrDefault(one => one.Name == pool) is { } its && NetworkAddress.TryParse(server, out var address, out _) ? Names(its).GetValueOrDefault(address) : null;

    private static ServerView View(ServerStatus server, int number, string? name) => new(
        server.Pool,
        number,
        server.Address.ToString(),
        ServerHistory.StateOf(server),
        Word(server.Wanted),
        server.Asked || server.LastCheck == ProbeFault.Unresolved ? new(server.Up, server.LastCheck == ProbeFault.None && server.Up ? "passed" : Word(server.LastCheck), server.LastCheckStatus == 0 ? null : server.LastCheckStatus) : null,
        server.Ejected,
        server.Ejections,
        server.Weight,
        server.ConfiguredWeight,
        server.LiveWeight,
        server.Active,
        server.Limit,
        server.Failures,
        server.LastReason == ServerFailure.None ? null : ServerReports.Explain(server.LastReason),
        name,
        server.HasAgent ? new(HealthReports.WordOfAgent(server), server.ReasonOfAgent) : null,
        server.Backup);

    public static BreakerView[] Breakers(AdminDesk desk) => [.. desk.Balancer.Breakers.Select(breaker => new BreakerView(
        breaker.Pool,
        breaker.Server?.ToString(),
        Word(breaker.State),
        Word(breaker.Hold),
        breaker.Counts.Calls,
        breaker.Counts.Failures,
        breaker.Counts.Timeouts,
        breaker.Counts.Rejects,
        breaker.Counts.Fallbacks,
        breaker.Counts.Opened))];

    public static async Task<ConnectionView[]> ConnectionsAsync(AdminDesk desk, int most) => [.. (await desk.Balancer.ConnectionsAsync(most)).Select(connection => new ConnectionView(
        connection.Client,
        connection.Listener,
        Word(connection.State),
        Math.Round(connection.Age.TotalSeconds, 3),
        connection.Requests,
        connection.Request,
        connection.Pool,
        connection.Server))];

    public static HistoryView[] History(AdminDesk desk) => [.. desk.Balancer.Servers.Select(server => History(desk, server))];

    public static HistoryView History(AdminDesk desk, ServerStatus server)
    {
        var past = desk.History.Of(server.Pool, server.Address, DateTimeOffset.UtcNow);
        return new(
            server.Pool,
            server.Address.ToString(),
            past.Downs,
            Math.Round(past.DownFor.TotalSeconds, 1),
            past.Ejections,
            past.PeakActive,
            [.. past.Changes.Select(change => new ChangeView(change.At, change.State, change.Why))]);
    }

    public static CountersView Counters(AdminDesk desk)
    {
        var counters = desk.Balancer.Counters;
        return new(
            counters.Connections,
            counters.OpenConnections,
            counters.ConnectionsRefused,
            counters.AcceptPauses,
            counters.Requests,
            counters.Refused,
            counters.Cut,
            counters.TooSlow,
            counters.Retries,
            counters.RetriesDenied,
            counters.QueueWaits,
            counters.QueueFull,
            counters.QueueTimeouts,
            counters.QueueLeft,
            counters.BreakerRejects,
            counters.Fallbacks,
            counters.LimitRefusals,
            counters.LimitDelays,
            counters.TlsHandshakes,
            counters.TlsFailures,
            counters.UpstreamConnections,
            counters.UpstreamReuses,
            counters.Sessions,
            counters.SessionsRefused,
            counters.Tunnels,
            counters.ProxyHeadersRefused,
            counters.LogLinesDropped,
            counters.Faults,
            counters.LastFault?.Message);
    }

    /// <summary>What has come of sharing with other balancers: one, or none where nothing is shared.</summary>
    public static SharedView[] Shared(AdminDesk desk) =>
        desk.Shared is not { } counts || desk.Served.Snapshot.Shared is not { } shared ? []
        : [new(shared.Redis.ToString(), counts.IsUp, counts.Away, counts.Sent, counts.Received, counts.Failures)];

    public static ErrorView[] Errors(AdminDesk desk) =>
        [.. desk.Balancer.RecentErrors.Select(error => new ErrorView(new(error.At, TimeSpan.Zero), error.Cause, error.Status, error.Sentence, error.Client, error.Request, error.Pool, error.Server, error.RequestId, error.TraceId, NameOf(desk.Served.Snapshot, error.Pool, error.Server)))];

    private static double SecondsSince(DateTimeOffset time) => Math.Round((DateTimeOffset.UtcNow - time).TotalSeconds, 3);

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}

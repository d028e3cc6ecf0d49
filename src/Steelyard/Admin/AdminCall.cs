using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>One request to the admin API, on its way through its endpoint.</summary>
/// <param name="context">The request.</param>
/// <param name="desk">What it reads and changes.</param>
/// <param name="values">What stands in the places of the path, decoded.</param>
internal sealed class AdminCall(HttpContext context, AdminDesk desk, IReadOnlyDictionary<string, string> values)
{
    public HttpContext Context => context;

    public AdminDesk Desk => desk;

    /// <summary>What stands in a place of the path.</summary>
    public string this[string place] => values[place];

    /// <summary>A parameter of the query; null for none.</summary>
    public string? Query(string name) => context.Request.Query[name] is [{ } value, ..] ? value : null;

    /// <summary>A whole number of the query; null for none.</summary>
    /// <exception cref="AdminProblemException">It is no number between these.</exception>
    public int? QueryNumber(string name, int least, int most)
    {
        if (Query(name) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw new AdminProblemException(400, $"'{text}' is no {name}; it is {least} to {most}");
    }

    /// <summary>The pool that the path names.</summary>
    /// <exception cref="AdminProblemException">There is none of that name.</exception>
    public PoolSettings Pool
    {
        get
        {
            var pools = desk.Served.Snapshot.Pools;
            return pools.FirstOrDefault(pool => pool.Name == values["pool"])
                ?? throw new AdminProblemException(404, $"there is no pool '{values["pool"]}'; there is {Listed(pools.Select(pool => pool.Name))}");
        }
    }

    /// <summary>The server that the path names, by its name, its address, or its number in the pool from 1.</summary>
    /// <exception cref="AdminProblemException">There is none.</exception>
    public ServerStatus Server => ServerAt(values["server"]);

    /// <summary>A server of the pool that the path names, by its name, its address or its number.</summary>
    /// <exception cref="AdminProblemException">There is none.</exception>
    public ServerStatus ServerAt(string name)
    {
        var (pool, named) = (Pool.Name, Pool.Servers);
        var servers = desk.Balancer.Servers.Where(server => server.Pool == pool).ToList();
        string? NameOf(ServerStatus server) => named.FirstOrDefault(one => one.Address == server.Address)?.Name;

        // Whoever has called a server '2' does not mean the second one.
        foreach (var server in servers)
        {
            if (NameOf(server) == name)
                return server;
        }

        if (int.TryParse(name, out var number) && number >= 1 && number <= servers.Count)
            return servers[number - 1];
        foreach (var server in servers)
        {
            if (NetworkAddress.TryParse(name, out var address, out _) && server.Address == address)
                return server;
        }

        throw new AdminProblemException(404, $"the pool '{pool}' has no server '{name}'; it has {Listed(servers.Select(server => NameOf(server) is { } called ? $"{called} ({server.Address})" : server.Address.ToString()))}");
    }

    /// <summary>Reads the body.</summary>
    /// <exception cref="AdminProblemException">It is not what is expected.</exception>
    public async Task<T> ReadAsync<T>(JsonTypeInfo<T> type)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
                ?? throw new AdminProblemException(400, "the body is null");
        }
        catch (JsonException error)
        {
            throw new AdminProblemException(400, $"the body is not the JSON that is expected here{(error.Path is { Length: > 1 } path ? $", at {path}" : "")}: {Shape(type)}; /openapi.json says more");
        }
    }

    /// <summary>What a body has, for a person: {"address": ..., "weight": ...}, where weight may be left out.</summary>
    private static string Shape(JsonTypeInfo type)
    {
        var optional = type.Properties.Where(property => property is { IsRequired: false, AssociatedParameter: not { HasDefaultValue: false } }).Select(property => property.Name).ToList();
        return $"{{{string.Join(", ", type.Properties.Select(property => $"\"{property.Name}\": ..."))}}}"
            + (optional.Count == 0 ? "" : $", where {string.Join(", ", optional)} may be left out");
    }

    /// <summary>Lets the keeper do something, and waits for what becomes of it.</summary>
    /// <exception cref="AdminProblemException">It has not been done.</exception>
    public async Task<ReportView> OrderAsync(KeeperRequestKind kind, string argument, string otherwise)
    {
        var answer = await desk.Keeper.AskAsync(kind, argument);
        return answer.Done ? new(answer.Done, answer.Lines)
            : throw new AdminProblemException(StatusCodes.Status409Conflict, otherwise) { Lines = answer.Lines };
    }

    /// <summary>Answers with a value.</summary>
    public async Task AnswerAsync<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        await JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);

        // What a shell says next begins a line.
        await context.Response.WriteAsync("\n", context.RequestAborted);
    }

    /// <summary>Answers with a text.</summary>
    public async Task AnswerAsync(string text, string contentType)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static string Listed(IEnumerable<string> names)
    {
        var first = names.Take(11).ToList();
        return first.Count == 0 ? "none" : string.Join(", ", first.Take(10)) + (first.Count > 10 ? " and others" : "");
    }
}

/// <summary>A request to the admin API that cannot be done.</summary>
/// <param name="status">The status of the answer.</param>
/// <param name="detail">What is wrong with it, in words for a person.</param>
internal sealed class AdminProblemException(int status, string detail) : Exception(detail)
{
    public int Status => status;

    /// <summary>What was said about it, line by line; null for nothing.</summary>
    public IReadOnlyList<string>? Lines { get; init; }
}

using System.Text.Json.Serialization.Metadata;

namespace Steelyard.Admin;

/// <summary>One thing the admin API can be asked: a row of <see cref="AdminEndpoints"/>.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path; a part in braces is a place that takes one value, percent-encoded.</param>
/// <param name="Summary">What it does, in a sentence, for the OpenAPI document.</param>
/// <param name="Handle">Does it.</param>
internal sealed record AdminEndpoint(string Method, string Path, string Summary, Func<AdminCall, Task> Handle)
{
    /// <summary>The body it takes; null for none.</summary>
    public JsonTypeInfo? Body { get; init; }

    /// <summary>The answer in JSON; null for one in another format.</summary>
    public JsonTypeInfo? Answer { get; init; }

    /// <summary>The format of an answer that is not JSON.</summary>
    public string AnswerType { get; init; } = "text/plain";

    /// <summary>What it is called in the OpenAPI document: putPoolsPoolServersServerState.</summary>
    public string Id => Method.ToLowerInvariant() + string.Concat(Path.Split(['/', '{', '}', '.', '-', '_'], StringSplitOptions.RemoveEmptyEntries).Where(part => part != "api").Select(part => char.ToUpperInvariant(part[0]) + part[1..]).DefaultIfEmpty("Page"));

    /// <summary>Parameters of the query. Of the API no other is taken; what is for browsers and Prometheus does not mind.</summary>
    public IReadOnlyList<AdminParameter> Query { get; init; } = [];

    /// <summary>Whether it is there for those too who have not brought the token: there is nothing secret in it.</summary>
    public bool Open { get; init; }

    private readonly string[] _parts = Path.Split('/');

    /// <summary>The names of the places in the path.</summary>
    public IEnumerable<string> Places => _parts.Where(part => part.StartsWith('{')).Select(part => part[1..^1]);

    /// <summary>Something to be looked at.</summary>
    public static AdminEndpoint Get<T>(string path, string summary, JsonTypeInfo<T> answer, Func<AdminCall, T> look) =>
        new("GET", path, summary, call => call.AnswerAsync(look(call), answer)) { Answer = answer };

    /// <summary>Something to be looked at that has to be asked for.</summary>
    public static AdminEndpoint Ask<T>(string path, string summary, JsonTypeInfo<T> answer, Func<AdminCall, Task<T>> look) =>
        new("GET", path, summary, async call => await call.AnswerAsync(await look(call), answer)) { Answer = answer };

    /// <summary>Something to be changed, by what the body says.</summary>
    public static AdminEndpoint Change<TBody, T>(string method, string path, string summary, JsonTypeInfo<TBody> body, JsonTypeInfo<T> answer, Func<AdminCall, TBody, Task<T>> change) =>
        new(method, path, summary, async call => await call.AnswerAsync(await change(call, await call.ReadAsync(body)), answer)) { Body = body, Answer = answer };

    /// <summary>Something to be done.</summary>
    public static AdminEndpoint Do<T>(string path, string summary, JsonTypeInfo<T> answer, Func<AdminCall, Task<T>> act) =>
        new("POST", path, summary, async call => await call.AnswerAsync(await act(call), answer)) { Answer = answer };

    /// <summary>Compares a path as it came, still encoded.</summary>
    /// <returns>What stands in its places, decoded; null where it is another path.</returns>
    public IReadOnlyDictionary<string, string>? Match(ReadOnlySpan<char> path)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var next = 0;
        foreach (var range in path.Split('/'))
        {
            if (next == _parts.Length)
                return null;
            var part = _parts[next++];
            var given = path[range];
            if (part.StartsWith('{'))
                values[part[1..^1]] = Uri.UnescapeDataString(given);
            else if (!given.SequenceEqual(part))
                return null;
        }

        return next == _parts.Length ? values : null;
    }
}

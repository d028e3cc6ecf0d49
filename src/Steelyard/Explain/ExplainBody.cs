using System.Net;
using System.Text.Json.Serialization;
using Steelyard.Config;
using Steelyard.Engine.Explain;

namespace Steelyard.Explain;

/// <summary>A question to the admin API.</summary>
/// <param name="Request">Method and URL.</param>
/// <param name="Headers">Further fields, each as it stands in a request: <c>Name: value</c>.</param>
/// <param name="From">The address it comes from; null for 127.0.0.1.</param>
/// <param name="Listener">The listener, by one of its addresses; null for the one that the URL's port belongs to.</param>
/// <param name="Repeat">How many times; null for once.</param>
/// <param name="Seed">What lots are drawn from; null for 1.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ExplainBody(string Request, string[]? Headers = null, string? From = null, string? Listener = null, int? Repeat = null, ulong? Seed = null)
{
    /// <summary>What a question is to be asked with.</summary>
    public static ExplainBody Of(Question question) => new(
        question.Request,
        [.. question.Fields.AsEnumerable().Select(field => $"{field.Name}: {field.Value}")],
        question.From.ToString(),
        question.Listener?.ToString(),
        question.Repeat,
        question.Seed);

    /// <summary>The question.</summary>
    /// <exception cref="QuestionException">Something of it is not understood.</exception>
    public Question AsQuestion(DateTimeOffset now)
    {
        NetworkAddress? listener = null;
        string? expected = null;
        if (Listener is not null && !NetworkAddress.TryParse(Listener, out listener, out expected))
            throw new QuestionException($"'{Listener}' is not an address; expected {expected}");
        IPAddress? from = null;
        if (From is not null && !IPAddress.TryParse(From, out from))
            throw new QuestionException($"'{From}' is not an address; expected one such as 203.0.113.7 or 2001:db8::7");
        return new()
        {
            Request = Request,
            Fields = [.. (Headers ?? []).Select(FieldOf)],
            From = from ?? IPAddress.Loopback,
            Listener = listener,
            Repeat = Repeat ?? 1,
            Seed = Seed ?? 1,
            Time = now,
        };
    }

    private static QuestionField FieldOf(string line) => TryReadField(line) ?? throw new QuestionException($"'{line}' is not a field; expected 'Name: value'");

    /// <summary>Reads <c>Name: value</c>; null where it is no field.</summary>
    public static QuestionField? TryReadField(string line) =>
        line.IndexOf(':') is > 0 and var colon ? new(line[..colon], line[(colon + 1)..].Trim()) : null;
}

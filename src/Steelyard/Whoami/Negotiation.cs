using Microsoft.Net.Http.Headers;

namespace Steelyard.Whoami;

internal enum Format
{
    Text,
    Json,
    Html,
}

/// <summary>Chooses the form of an answer by the Accept field: a browser gets a page, curl gets text.</summary>
internal static class Negotiation
{
    public static Format Choose(IList<MediaTypeHeaderValue> accept)
    {
        foreach (var wanted in accept.OrderByDescending(a => a.Quality ?? 1))
        {
            if (wanted.MatchesMediaType("text/plain"))
                return Format.Text;
            if (wanted.MatchesMediaType("text/html"))
                return Format.Html;
            if (wanted.MatchesMediaType("application/json"))
                return Format.Json;
        }
        return Format.Text;
    }
}

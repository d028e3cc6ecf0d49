using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>What a proxy made of a case, in few words that are the same for every proxy.</summary>
/// <remarks>
/// Of a request: <c>400</c> and nothing more for a refusal that ends the connection, <c>forwarded</c> for one whole
/// request at the server, both followed by what is unusual. Of an answer: the status that the client sees. Behind each
/// case the client has sent another request, which must be served if and only if the connection goes on.
/// </remarks>
internal static class WireResult
{
    private const string Next = "GET /next HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

    /// <summary>Sends a case through a proxy.</summary>
    public static async Task<string> Of(WireCase wireCase, RawClient client, WireOrigin origin)
    {
        origin.Begin(wireCase);
        try
        {
            await client.Send(wireCase.Request + (wireCase.Last ? "" : Next));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // It would not hear the rest.
        }

        var (bytes, ending) = await client.ReadToEnding();
        var answers = Answers(wireCase, RawSocket.Latin1.GetString(bytes), ending);
        return wireCase.Answer is null ? OfRequest(wireCase, answers, origin.Seen) : OfAnswer(wireCase, answers);
    }

    private static List<WireMessage> Answers(WireCase wireCase, string bytes, Ending ending)
    {
        var answers = new List<WireMessage>();
        var bodyless = wireCase.Request.StartsWith("HEAD ", StringComparison.Ordinal);
        while (WireMessage.Take(ref bytes, bodyless, ended: true) is { } answer)
        {
            if (ending != Ending.Closed && bytes.Length == 0 && answer.Whole && answer["Content-Length"].Length + answer["Transfer-Encoding"].Length == 0 && answer.Status >= 200 && !bodyless)
                answer = answer with { Whole = answer.Status is 204 or 304 };
            answers.Add(answer);
            bodyless &= answer.Status < 200;
        }

        if (bytes.Length > 0)
            answers.Add(new WireMessage(bytes, "", "", Whole: false));
        return answers;
    }

    private static string OfRequest(WireCase wireCase, List<WireMessage> answers, WireMessage[] seen)
    {
        var own = seen.Where(request => !WireOrigin.IsNext(request)).ToArray();
        var final = answers.Where(answer => answer.Status is >= 200 or 0).ToArray();
        var goesOn = final.Length > 1 && final[^1].Body == "next";
        if (final.Length == 0)
            return own.Length == 0 ? "closed" : "forwarded, no answer";
        if (!WireOrigin.IsFromHere(final[0]))
            return (final[0].Status == 0 ? "no HTTP/1" : final[0].Status) + (own.Length > 0 ? ", yet forwarded" : "") + (goesOn ? ", goes on" : "");
        if (own.Length == 0)
            return "swallowed";
        var result = "forwarded" + Looks(wireCase, own[0]);
        if (own.Length > 1)
            result += $", and `{own[1].StartLine}` behind it";
        return goesOn || wireCase.Last ? result : result + ", closes";
    }

    private static string OfAnswer(WireCase wireCase, List<WireMessage> answers)
    {
        var interim = answers.Count(answer => answer.Status is >= 100 and < 200 and not 101);
        var final = answers.Where(answer => answer.Status is >= 200 or 101 or 0).ToArray();
        if (final.Length == 0)
            return interim == 0 ? "closed" : $"{interim} interim, closed";
        var result = (interim > 0 ? $"{interim} interim, " : "") + (final[0].Status == 0 ? "no HTTP/1" : final[0].Status);
        result += Looks(wireCase, final[0]);
        if (!final[0].Whole)
            return result + ", cut";
        if (final.Length == 1)
            return wireCase.Last ? result : result + ", closes";
        return result + (final[1].Body == "next" ? "" : final[1].Status >= 500 ? ", next fails" : ", then what was left over");
    }

    private static string Looks(WireCase wireCase, WireMessage message)
    {
        var result = "";
        foreach (var look in wireCase.Look.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            result += ", " + look switch
            {
                "line" => $"`{message.StartLine}`",
                "body" => $"body `{message.Body.ReplaceLineEndings("\\n")}`",
                "trailers" => message.Trailers.Length == 0 ? "no trailers" : $"trailers `{message.Trailers.TrimEnd().Replace("\r\n", "`, `", StringComparison.Ordinal)}`",
                _ when message[look] is [] => $"no {look}",
                _ => $"`{look}: {string.Join(" / ", message[look])}`",
            };
        }

        return result;
    }
}

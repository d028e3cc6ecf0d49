using System.Globalization;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>How long answers may be kept: expires.</summary>
/// <param name="Control">Cache-Control; empty where nothing is said.</param>
/// <param name="Date">Expires.</param>
internal sealed record NginxExpiry(TextTemplate Control, TextTemplate Date)
{
    /// <summary>What a block says; null for nothing.</summary>
    /// <param name="level">The block.</param>
    /// <param name="scope">What variables stand for in its answers.</param>
    public static NginxExpiry? Of(NginxLevel level, NginxScope scope)
    {
        if (level.Find("expires") is not { } line || line[1] == "off")
            return null;
        var word = line.Words[^1];
        if (line.Count == 1 && Read(word.Text) is { } known)
            return known;
        if (line is { Count: 2 } && line[1] == "modified" && Modified(word.Text, scope) is { } modified)
            return modified;
        if (line.Count > 1 || !word.Text.StartsWith('$'))
        {
            scope.File.Problems.Error(line.Words[1].Place, $"invalid value \"{line[1]}\" in \"expires\" directive", "a time, modified and a time, @ and a time of the day, epoch, max, off, or a variable of a map that says one of them");
            return null;
        }

        if (NginxVariables.Read(word.Text, scope, word.Place) is not { } value)
            return null;
        if (value is MapExpression map && map.Cases.All(each => IsLiteral(each.Value)) && (map.Otherwise is not { } otherwise || IsLiteral(otherwise)))
            return new(Each(map, expiry => expiry.Control), Each(map, expiry => expiry.Date));
        scope.File.Problems.Error(word.Place, $"\"expires {word.Text}\" goes by something else than a map of times", "a variable of a map whose values are times, epoch, max or off");
        return null;
    }

    private static bool IsLiteral(TextTemplate text) => text.Parts is [] or [{ Literal: not null }];

    // What says nothing that can be read says nothing, as in nginx.
    private static TextTemplate Each(MapExpression map, Func<NginxExpiry, TextTemplate> part)
    {
        return TextTemplate.Of(map with
        {
            Cases = map.Cases.Select(each => each with { Value = In(each.Value) }).ToValueList(),
            Otherwise = map.Otherwise is { } otherwise ? In(otherwise) : null,
        });

        TextTemplate In(TextTemplate text) => text.Parts is [{ Literal: { } literal }] && Read(literal) is { } read ? part(read) : TextTemplate.Empty;
    }

    /// <summary>The next time that it is so late on this machine.</summary>
    private static NginxExpiry At(TimeSpan ofDay)
    {
        const long Day = 86_400;
        var offset = (long)TimeZoneInfo.Local.GetUtcOffset(DateTimeOffset.UtcNow).TotalSeconds;
        var since = new CallExpression(FunctionKind.Modulo, new CallExpression(FunctionKind.Add, new FetchExpression(FetchKind.Now), [$"{offset - (long)ofDay.TotalSeconds + (2 * Day)}"]), [$"{Day}"]);
        var left = new CallExpression(FunctionKind.Add, new CallExpression(FunctionKind.Multiply, since, ["-1"]), [$"{Day}"]);
        return new(
            TextTemplate.Of([new("max-age="), new(null, default, left)]),
            TextTemplate.Of(new CallExpression(FunctionKind.HttpDate, new CallExpression(FunctionKind.Add, new FetchExpression(FetchKind.Now), [TextTemplate.Of(left).ToString()]))));
    }

    /// <summary>A time from when the answer was changed on; from now on where it does not say when (nginx: ngx_http_set_expires).</summary>
    private static NginxExpiry? Modified(string text, NginxScope scope)
    {
        if (!TryReadTime(text, out var seconds) || Read(text) is not { } otherwise)
            return null;
        if (seconds == 0)
            return otherwise;
        Expression changed = new CallExpression(FunctionKind.DateSeconds, new FetchExpression(scope.OfSent ? FetchKind.SentHeader : FetchKind.ResponseHeader, "Last-Modified"), []);
        var left = new CallExpression(FunctionKind.Subtract, new CallExpression(FunctionKind.Add, changed, [$"{seconds}"]), [TextTemplate.Of(new FetchExpression(FetchKind.Now)).ToString()]);
        var control = seconds < 0 ? otherwise.Control
            : TextTemplate.Of(new MapExpression(left, [new(TestKind.Range, false, "0:", TextTemplate.Of([new("max-age="), new(null, default, left)]))], TextTemplate.Literal("no-cache")));
        return new(Either(control, otherwise.Control), Either(TextTemplate.Of(new CallExpression(FunctionKind.HttpDate, changed, [$"{seconds}"])), otherwise.Date));

        TextTemplate Either(TextTemplate known, TextTemplate unknown) => TextTemplate.Of(new MapExpression(NginxVariables.OrEmpty(changed), [new(TestKind.Is, false, "", unknown)], known));
    }

    private static bool TryReadTime(string text, out long seconds)
    {
        var isKnown = NginxValues.TryReadTime(text.TrimStart('-', '+'), out var time);
        seconds = (text.StartsWith('-') ? -1 : 1) * (long)time.TotalSeconds;
        return isKnown;
    }

    private static NginxExpiry? Read(string text)
    {
        if (text == "epoch")
            return new(TextTemplate.Literal("no-cache"), TextTemplate.Literal("Thu, 01 Jan 1970 00:00:01 GMT"));
        if (text == "max")
            return new(TextTemplate.Literal("max-age=315360000"), TextTemplate.Literal("Thu, 31 Dec 2037 23:55:55 GMT"));
        if (text.StartsWith('@'))
            return NginxValues.TryReadTime(text[1..], out var ofDay) && ofDay < TimeSpan.FromDays(1) ? At(ofDay) : null;
        if (!TryReadTime(text, out var time))
            return null;
        var seconds = Math.Max(time, 0).ToString(CultureInfo.InvariantCulture);
        return new(TextTemplate.Literal(text.StartsWith('-') ? "no-cache" : "max-age=" + seconds), TextTemplate.Of(new CallExpression(FunctionKind.HttpDate, new FetchExpression(FetchKind.Now), [seconds])));
    }
}

using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>What looks at the first bytes of a connection in TCP mode (HAProxy's manual, 7.3.5).</summary>
internal static class HaproxyFirstBytes
{
    // A request line of HTTP/1.
    private const string RequestLine = "^[^ -~]*[!-~]+ [!-~]+ HTTP/[0-9][.][0-9]";

    private static readonly FetchExpression s_all = new(FetchKind.FirstBytes, "0 0");

    /// <summary>Whether a connection in TCP mode has begun with a request of HTTP/1.</summary>
    public static Condition IsHttp { get; } = new TestCondition(s_all, TestKind.Matches, [RequestLine]);

    /// <summary>The fetches, for the reference page.</summary>
    public static IEnumerable<SampleRow> Fetches { get; } =
    [
        .. ((string[])["req.payload", "payload"]).Select(name => new SampleRow(name, (2, 2), SampleType.Text, (_, _) => null, "first-bytes('OFFSET LENGTH'), in TCP mode")),
        .. ((string[])["req.len", "req_len"]).Select(name => new SampleRow(name, (0, 0), SampleType.Number, (_, _) => null, "first-length, in TCP mode")),
        .. ((string[])["req.proto_http", "req_proto_http"]).Select(name => new SampleRow(name, (0, 0), SampleType.Boolean, (_, _) => null, "1; in TCP mode, whether first-bytes begin with a request of HTTP/1")),
    ];

    public static bool IsFetch(string name) => name is "req.payload" or "payload" or "req.len" or "req_len" or "req.proto_http" or "req_proto_http";

    /// <summary>Reads one of them.</summary>
    public static bool TryReadFetch(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        var isProtocol = name.EndsWith("proto_http", StringComparison.Ordinal);
        var isLength = name.EndsWith("len", StringComparison.Ordinal);
        if (isProtocol && arguments.Count == 0)
        {
            sample = new(use.Section.IsTcp ? new MapExpression(s_all, [new(TestKind.Matches, false, RequestLine, TextTemplate.Literal("1"))], TextTemplate.Literal("0")) : new TextExpression(TextTemplate.Literal("1")), SampleType.Boolean);
            return true;
        }

        if (!use.Section.IsTcp)
            mistake = new($"'{name}' in HTTP mode, where the first bytes are those of a request", "'mode tcp', or 'req.body' and 'option http-buffer-request'");
        else if (isLength && arguments.Count == 0)
            sample = new(new FetchExpression(FetchKind.FirstLength), SampleType.Number);
        else if (!isLength && arguments is [var offset, var length] && FirstBytes.TryParse($"{offset} {length}", out var bytes))
            sample = new(new FetchExpression(FetchKind.FirstBytes, string.Create(CultureInfo.InvariantCulture, $"{bytes.Offset} {bytes.Length}")), SampleType.Text);
        else
            mistake = new($"'{name}' with arguments that it does not take", isLength ? "none" : $"an offset and a length, up to {FirstBytes.Most} bytes");
        return mistake.Message is null;
    }
}

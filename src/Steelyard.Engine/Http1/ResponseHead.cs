namespace Steelyard.Engine.Http1;

/// <summary>Reads a response head (RFC 9112, 4). Positions count from the first byte of the head.</summary>
internal sealed class ResponseHead : HeadReader
{
    private const int StatusLineStart = 9; // "HTTP/1.1 "

    private int _statusStart = StatusLineStart;
    private int _startLineEnd;

    /// <summary>100 to 999.</summary>
    public int Status { get; private set; }

    /// <summary>The status that the client is told.</summary>
    public int ShownStatus { get; private set; }

    public int MinorVersion { get; private set; }

    /// <summary>1xx, but for 101: not the answer yet (RFC 9110, 15.2).</summary>
    public bool Interim => Status < 200 && !Switches;

    /// <summary>101: the last answer, for the connection goes on in another protocol.</summary>
    public bool Switches => Status == 101;

    /// <summary>2xx.</summary>
    public bool Agrees => Status is >= 200 and < 300;

    /// <summary>Whether the server keeps the connection open (RFC 9112, 9.3).</summary>
    public bool KeepAlive => MinorVersion >= 1 ? !Fields.Close : Fields.KeepAlive && !Fields.Close;

    /// <summary>Status code and reason, without the version before and the CRLF behind.</summary>
    public ReadOnlySpan<byte> StatusAndReason(ReadOnlySpan<byte> head) => head[_statusStart.._startLineEnd];

    /// <summary>Gives the response another status for the client; how long its body is still goes by what the server said.</summary>
    /// <returns>Whether there was room for it.</returns>
    public bool TrySetStatus(int status, Rules.EditedHead head)
    {
        Span<byte> text = stackalloc byte[64];
        System.Buffers.Text.Utf8Formatter.TryFormat(status, text, out var length);
        text[length++] = (byte)' ';
        length += System.Text.Encoding.ASCII.GetBytes(Proxy.ReasonPhrase.Of(status), text[length..]);
        var start = head.Append(text[..length]);
        if (start < 0)
            return false;
        (ShownStatus, _statusStart, _startLineEnd) = (status, start, start + length);
        return true;
    }

    /// <summary>How long the body is (RFC 9112, 6.3).</summary>
    /// <param name="method">The method of the request: the answer to HEAD has no body whatever it says, nor one that agrees to CONNECT.</param>
    public BodyFraming Body(KnownMethod method) =>
        method == KnownMethod.Head || (method == KnownMethod.Connect && Agrees) || Status is < 200 or 204 or 304 ? default
        : Fields.Chunked ? new(BodyKind.Chunked)
        : Fields.ContentLength >= 0 ? BodyFraming.Counted(Fields.ContentLength)
        : new(BodyKind.UntilClose);

    /// <summary>How long the server says it keeps the connection (<c>Keep-Alive: timeout=5</c>), in seconds; -1 when it does not say.</summary>
    public long KeepAliveSeconds(ReadOnlySpan<byte> head)
    {
        var index = Fields.IndexOf(KnownField.KeepAlive);
        var list = index < 0 ? default : Fields.All[index].Value(head);
        while (!list.IsEmpty)
        {
            var parameter = HttpBytes.NextMember(ref list);
            if (parameter.StartsWith("timeout="u8) && HttpBytes.TryParseLength(parameter[8..], out var seconds))
                return Math.Min(seconds, 86_400);
        }

        return -1;
    }

    public override void Clear()
    {
        base.Clear();
        (Status, ShownStatus, MinorVersion, _statusStart, _startLineEnd) = (0, 0, 1, StatusLineStart, 0);
    }

    private protected override bool ForgivesEmptyLine => false;

    private protected override bool IsStartLinePrefix(ReadOnlySpan<byte> prefix)
    {
        Error = HeadError.StatusLine;
        return prefix[..Math.Min(prefix.Length, 7)].SequenceEqual("HTTP/1."u8[..Math.Min(prefix.Length, 7)]);
    }

    private protected override bool ReadStartLine(ReadOnlySpan<byte> head, int start, int end)
    {
        var line = head[start..end];
        Error = HeadError.StatusLine;

        // The blank behind the code is required even without a reason; many servers leave it out, and it harms nobody.
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || !char.IsAsciiDigit((char)line[7]) || line[8] != ' ' || (line.Length > 12 && line[12] != ' '))
            return false;
        if (!HttpBytes.TryParseLength(line[9..12], out var status) || status < 100)
            return false;
        (Status, ShownStatus, MinorVersion, _startLineEnd) = ((int)status, (int)status, Math.Min(line[7] - '0', 1), end);
        return true;
    }

    private protected override bool CheckWhole(ReadOnlySpan<byte> head)
    {
        if (!Fields.Chunked || MinorVersion >= 1)
            return true;
        Error = HeadError.TransferEncoding;
        return false;
    }
}

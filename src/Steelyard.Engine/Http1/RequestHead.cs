using System.Text;

namespace Steelyard.Engine.Http1;

/// <summary>The methods the proxy treats apart; every other token is forwarded unread.</summary>
internal enum KnownMethod : byte
{
    Other,
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Trace,
    Connect,
}

/// <summary>Reads a request head (RFC 9112, 3). Positions count from the first byte of the head.</summary>
internal sealed class RequestHead : HeadReader
{
    private const int LongestMethod = 32;
    private const int LongestHost = 261;

    private int _lineStart;
    private int _methodStart;
    private int _methodLength;
    private int _targetStart;
    private int _targetLength;

    // The part of the target that is forwarded: the target itself, or the path of an absolute form.
    private int _pathStart;
    private int _pathLength;

    // What was asked for before rules have changed it; -1 where none have.
    private int _originalStart;
    private int _originalLength = -1;
    private int _authorityStart;
    private int _authorityLength;

    // By what servers are asked where rules say another method; no length where they do not.
    private int _sentStart;
    private int _sentLength;
    private bool _sendsHead;

    public KnownMethod Method { get; private set; }

    /// <summary>The minor version: 0 for HTTP/1.0, 1 for HTTP/1.1.</summary>
    public int MinorVersion { get; private set; }

    /// <summary>The target was absolute (<c>GET http://host/path</c>), or CONNECT's; its authority is the host, whatever Host says.</summary>
    public bool AbsoluteForm { get; private set; }

    /// <summary>The client waits for 100 (Continue) before it sends the body.</summary>
    public bool ExpectsContinue { get; private set; }

    public BodyFraming Body { get; private set; }

    /// <summary>Whether CONNECT is read, and not refused. Stays set for the heads that follow.</summary>
    public bool AllowsConnect { get; set; }

    /// <summary>Whether slashes that follow each other stay what they are in paths.</summary>
    public bool KeepsSlashes { get; set; }

    /// <summary>
    /// Whether paths are read as nginx reads them: decoded as a whole, and slashes stay what they are once somebody else than
    /// the client has written a path. Stays set for the heads that follow.
    /// </summary>
    public bool AsNginx { get; set; }

    /// <summary>
    /// The client offers to go on in another protocol (RFC 9110, 7.8). Not with a body, for nobody could tell where the
    /// other protocol starts, and not for HTTP of any version, which would let requests pass that nobody has looked at.
    /// </summary>
    public bool WantsUpgrade { get; private set; }

    /// <summary>Trailers behind its body may be passed on: where Connection names fields, one of them might be meant.</summary>
    public bool PassesTrailers => Body.Kind == BodyKind.Chunked && !Fields.Nominates;

    /// <summary>The client has a use for trailers (RFC 9110, 6.5.1), and knows the chunks that they come behind.</summary>
    public bool WantsTrailers => Fields.AcceptsTrailers && MinorVersion >= 1;

    /// <summary>Whether the client wants to send another request on this connection (RFC 9112, 9.3).</summary>
    public bool KeepAlive => MinorVersion >= 1 ? !Fields.Close : Fields.KeepAlive && !Fields.Close;

    /// <summary>Whether doing it twice is the same as doing it once (RFC 9110, 9.2.2).</summary>
    public bool Idempotent => Method is KnownMethod.Get or KnownMethod.Head or KnownMethod.Put
        or KnownMethod.Delete or KnownMethod.Options or KnownMethod.Trace;

    /// <summary>Method, target and version as they came, without the line's end.</summary>
    public ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> head) => head[_lineStart..FieldsStart].TrimEnd("\r\n"u8);

    /// <summary>The first line of what has come of a head that could not be read, or is not whole yet.</summary>
    public static ReadOnlySpan<byte> FirstLineOf(ReadOnlySpan<byte> head)
    {
        head = head.TrimStart("\r\n"u8);
        return head.IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var end ? head[..end] : head;
    }

    public ReadOnlySpan<byte> MethodBytes(ReadOnlySpan<byte> head) => head.Slice(_methodStart, _methodLength);

    /// <summary>What goes to the server as the target: path and query, or <c>*</c>. Empty for an absolute form without a path.</summary>
    public ReadOnlySpan<byte> Target(ReadOnlySpan<byte> head) => head.Slice(_pathStart, _pathLength);

    /// <summary>Path and query as the client wrote them.</summary>
    public ReadOnlySpan<byte> OriginalTarget(ReadOnlySpan<byte> head) => _originalLength < 0 ? OrPath(Target(head), head) : OrPath(head.Slice(_originalStart, _originalLength), head);

    private ReadOnlySpan<byte> OrPath(ReadOnlySpan<byte> target, ReadOnlySpan<byte> head) => target.IsEmpty ? Path(head) : target;

    /// <summary>The path without its query.</summary>
    public ReadOnlySpan<byte> Path(ReadOnlySpan<byte> head)
    {
        var target = Target(head);
        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];

        // RFC 9112, 3.2.3: CONNECT asks for no resource.
        if (Method == KnownMethod.Connect)
            return default;

        // RFC 9112, 3.2.1 and 3.2.4: what is asked for when an absolute form has no path.
        return !path.IsEmpty ? path : Method == KnownMethod.Options && query < 0 ? "*"u8 : "/"u8;
    }

    /// <summary>The query without its question mark; empty when there is none.</summary>
    public ReadOnlySpan<byte> Query(ReadOnlySpan<byte> head)
    {
        var target = Target(head);
        var mark = target.IndexOf((byte)'?');
        return mark < 0 ? default : target[(mark + 1)..];
    }

    /// <summary>Host and port as the client wrote them; empty when there is none.</summary>
    public ReadOnlySpan<byte> Authority(ReadOnlySpan<byte> head) => head.Slice(_authorityStart, _authorityLength);

    /// <summary>Asks for something else.</summary>
    /// <param name="start">Where path and query stand now.</param>
    /// <param name="length">How long they are.</param>
    public void SetTarget(int start, int length)
    {
        if (_originalLength < 0)
            (_originalStart, _originalLength) = (_pathStart, _pathLength);
        (_pathStart, _pathLength) = (start, length);
    }

    /// <summary>The method that servers are asked by.</summary>
    public ReadOnlySpan<byte> SentMethodBytes(ReadOnlySpan<byte> head) => _sentLength == 0 ? MethodBytes(head) : head.Slice(_sentStart, _sentLength);

    /// <summary>Whether servers are asked by another method than the client has asked by.</summary>
    public bool SendsOtherMethod => _sentLength > 0;

    /// <summary>By which method an answer is to be read: who is asked by HEAD sends no body.</summary>
    public KnownMethod AnsweredAs => _sendsHead ? KnownMethod.Head : Method;

    /// <summary>Asks servers by another method.</summary>
    /// <param name="head">The bytes that positions count in.</param>
    /// <param name="start">Where the method stands.</param>
    /// <param name="length">How long it is.</param>
    public bool SendMethod(ReadOnlySpan<byte> head, int start, int length)
    {
        (_sentStart, _sentLength) = (start, length);
        _sendsHead = Recognize(head.Slice(start, length)) == KnownMethod.Head;
        return true;
    }

    /// <summary>Asks by GET, and without a body.</summary>
    /// <param name="start">Where the method stands now.</param>
    public void BecomeGet(int start)
    {
        (Method, _methodStart, _methodLength, Body, ExpectsContinue, WantsUpgrade) = (KnownMethod.Get, start, 3, default, false, false);
        (_sentLength, _sendsHead) = (0, false);
    }

    /// <summary>The client has been told to go on, and nobody else has to.</summary>
    public void ContinueTold(ReadOnlySpan<byte> head)
    {
        ExpectsContinue = false;
        Fields.RemoveAll(head, "Expect"u8);
    }

    /// <summary>Its body is not meant for the server.</summary>
    public void DropBody() => (Body, ExpectsContinue) = (default, false);

    /// <summary>What is asked for, to be put back by <see cref="Restore"/>.</summary>
    public RequestQuestion Question => new(Method, _methodStart, _methodLength, _pathStart, _pathLength, Body, ExpectsContinue, WantsUpgrade, KeepsSlashes);

    /// <summary>Asks for what was asked for before.</summary>
    public void Restore(in RequestQuestion question)
    {
        (Method, _methodStart, _methodLength) = (question.Method, question.MethodStart, question.MethodLength);
        (_pathStart, _pathLength) = (question.PathStart, question.PathLength);
        (Body, ExpectsContinue, WantsUpgrade) = (question.Body, question.ExpectsContinue, question.WantsUpgrade);
        KeepsSlashes = question.KeepsSlashes;
    }

    /// <summary>Asks another host, which Host says from now on.</summary>
    /// <param name="start">Where the host stands now.</param>
    /// <param name="length">How long it is.</param>
    public void SetHost(int start, int length) => (AbsoluteForm, _authorityStart, _authorityLength) = (false, start, length);

    public override void Clear()
    {
        base.Clear();
        (Method, MinorVersion, AbsoluteForm, ExpectsContinue, Body, WantsUpgrade) = (KnownMethod.Other, 1, false, false, default, false);
        (_lineStart, _methodStart, _methodLength, _targetStart, _targetLength) = (0, 0, 0, 0, 0);
        (_pathStart, _pathLength, _authorityStart, _authorityLength) = (0, 0, 0, 0);
        (_originalStart, _originalLength) = (0, -1);
        (_sentLength, _sendsHead) = (0, false);
    }

    private protected override bool ForgivesEmptyLine => true;

    // Bytes that cannot begin a request (a TLS hello, say) are refused before a line's end comes, if it ever does.
    private protected override bool IsStartLinePrefix(ReadOnlySpan<byte> prefix)
    {
        var method = prefix.IndexOfAnyExcept(HttpBytes.Token);
        Error = HeadError.RequestLine;
        return (method < 0 ? prefix.Length : method) <= LongestMethod && (method < 0 || (method > 0 && prefix[method] == ' '));
    }

    private protected override bool ReadStartLine(ReadOnlySpan<byte> head, int start, int end)
    {
        var line = head[start..end];
        Error = HeadError.RequestLine;
        var method = line.IndexOfAnyExcept(HttpBytes.Token);
        if (method is <= 0 or > LongestMethod || line[method] != ' ')
            return false;
        var targetStart = method + 1;
        while (Tolerant && targetStart < line.Length && line[targetStart] == ' ')
            targetStart++;
        var target = line[targetStart..].IndexOfAny(AsNginx ? HttpBytes.NotTargetOfNginx : HttpBytes.NotTarget);
        if (target < 0)
            return false;
        var targetEnd = targetStart + target;
        if (target == 0 || line[targetEnd] != ' ')
        {
            Error = target == 0 ? HeadError.RequestLine : HeadError.Target;
            return false;
        }

        (_lineStart, _methodStart, _methodLength) = (start, start, method);
        (_targetStart, _targetLength) = (start + targetStart, target);
        (_pathStart, _pathLength) = (_targetStart, _targetLength);
        Method = Recognize(line[..method]);
        var version = line[(targetEnd + 1)..];
        return ReadVersion(Tolerant ? version.Trim((byte)' ') : version) && ReadTarget(head);
    }

    private bool ReadVersion(ReadOnlySpan<byte> version)
    {
        if (version.SequenceEqual("HTTP/1.1"u8))
        {
            MinorVersion = 1;
            return true;
        }

        if (version.Length != 8 || !version.StartsWith("HTTP/"u8) || !char.IsAsciiDigit((char)version[5]) || version[6] != '.' || !char.IsAsciiDigit((char)version[7]))
        {
            Error = HeadError.RequestLine;
            return false;
        }

        // RFC 9110, 2.5: a higher minor version is answered as the highest we know.
        Error = HeadError.Version;
        MinorVersion = Math.Min(version[7] - '0', 1);
        return version[5] == '1';
    }

    private bool ReadTarget(ReadOnlySpan<byte> head)
    {
        var target = head.Slice(_targetStart, _targetLength);
        Error = HeadError.Target;
        if (Method == KnownMethod.Connect)
            return ReadAuthorityForm(target);

        // No URI has one in its path (RFC 3986, 3.3), and to what reads a URL as browsers do it is a slash.
        var path = target.IndexOf((byte)'?') is var query and >= 0 ? target[..query] : target;
        if (!AsNginx && path.Contains((byte)'\\'))
            return false;
        if (target[0] == '/')
            return true;
        if (target.SequenceEqual("*"u8))
            return Method == KnownMethod.Options;
        return ReadAbsoluteForm(target);
    }

    /// <summary>host ":" port, both there (RFC 9112, 3.2.3).</summary>
    private bool ReadAuthorityForm(ReadOnlySpan<byte> target)
    {
        if (!AllowsConnect)
        {
            // nginx: as of any other request line whose target is no path.
            Error = AsNginx ? HeadError.Target : HeadError.Method;
            return false;
        }

        var colon = target.LastIndexOf((byte)':');
        if (colon <= 0 || !IsAuthority(target) || !HttpBytes.TryParseLength(target[(colon + 1)..], out var port) || port is 0 or > ushort.MaxValue)
            return false;
        AbsoluteForm = true;
        (_authorityStart, _authorityLength) = (_targetStart, _targetLength);
        (_pathStart, _pathLength) = (_targetStart + _targetLength, 0);
        return true;
    }

    private bool ReadAbsoluteForm(ReadOnlySpan<byte> target)
    {
        var scheme = target.Length > 7 && Ascii.EqualsIgnoreCase(target[..7], "http://"u8) ? 7
            : target.Length > 8 && Ascii.EqualsIgnoreCase(target[..8], "https://"u8) ? 8
            : 0;
        if (scheme == 0)
            return false;
        var length = target[scheme..].IndexOfAny((byte)'/', (byte)'?');
        if (length < 0)
            length = target.Length - scheme;
        var authority = target.Slice(scheme, length);
        if (authority.IsEmpty || authority[0] == ':' || !IsAuthority(authority))
            return false;
        AbsoluteForm = true;
        (_authorityStart, _authorityLength) = (_targetStart + scheme, length);
        (_pathStart, _pathLength) = (_targetStart + scheme + length, target.Length - scheme - length);
        return true;
    }

    private protected override bool CheckWhole(ReadOnlySpan<byte> head)
    {
        if (!CheckHost(head) || !CheckExpectation(head))
            return false;
        if (Fields.Chunked && MinorVersion == 0)
        {
            Error = HeadError.TransferEncoding;
            return false;
        }

        Body = Fields.Chunked ? new(BodyKind.Chunked) : BodyFraming.Counted(Math.Max(Fields.ContentLength, 0));
        WantsUpgrade = Fields.NamesUpgrade && Method != KnownMethod.Connect && MinorVersion >= 1 && !Body.HasBody && Fields.IndexOf(KnownField.Upgrade) >= 0 && !Fields.UpgradesToRequests(head);

        // RFC 9110, 9.3.6: a body of CONNECT has no meaning, and what is taken for one may be the tunnel's.
        if (Method != KnownMethod.Connect || !Body.HasBody)
            return true;
        Error = HeadError.TunnelBody;
        return false;
    }

    private bool CheckHost(ReadOnlySpan<byte> head)
    {
        var hosts = 0;
        foreach (ref readonly var field in Fields.All)
        {
            if (field.Known != KnownField.Host)
                continue;
            if (++hosts > 1 || !IsAuthority(field.Value(head)))
            {
                Error = HeadError.Host;
                return false;
            }

            if (!AbsoluteForm)
                (_authorityStart, _authorityLength) = (field.ValueStart, field.ValueLength);
        }

        if (hosts == 1 || MinorVersion == 0)
            return true;
        Error = HeadError.Host;
        return false;
    }

    private bool CheckExpectation(ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in Fields.All)
        {
            if (field.Known != KnownField.Expect)
                continue;
            ExpectsContinue = Ascii.EqualsIgnoreCase(field.Value(head), "100-continue"u8);

            // nginx: what it does not know is nothing that anybody expects, servers do not see it either.
            if (ExpectsContinue || AsNginx)
                continue;
            Error = HeadError.Expectation;
            return false;
        }

        return true;
    }

    // RFC 3986, 3.2.3: digits, or none.
    private static bool IsPort(ReadOnlySpan<byte> digits) =>
        digits.IsEmpty || (HttpBytes.TryParseLength(digits, out var port) && port is > 0 and <= ushort.MaxValue);

    /// <summary>uri-host [ ":" port ], by its characters and its shape (RFC 9110, 7.2); empty is allowed.</summary>
    private static bool IsAuthority(ReadOnlySpan<byte> authority)
    {
        // As nginx: labels are not empty.
        if (authority.Length > LongestHost || authority.IndexOfAnyExcept(HttpBytes.Host) >= 0 || authority.StartsWith("."u8) || authority.IndexOf(".."u8) >= 0)
            return false;
        var rest = authority;
        if (authority.StartsWith("["u8))
        {
            var bracket = authority.IndexOf((byte)']');
            if (bracket <= 1 || authority[1..bracket].Contains((byte)'['))
                return false;
            rest = authority[(bracket + 1)..];
            if (!rest.IsEmpty && rest[0] != ':')
                return false;
        }
        else if (authority.ContainsAny("[]"u8))
        {
            return false;
        }

        var colon = rest.IndexOf((byte)':');
        return colon < 0 || (!authority.StartsWith(":"u8) && IsPort(rest[(colon + 1)..]));
    }

    private static KnownMethod Recognize(ReadOnlySpan<byte> method) => method.Length switch
    {
        3 => method.SequenceEqual("GET"u8) ? KnownMethod.Get : method.SequenceEqual("PUT"u8) ? KnownMethod.Put : KnownMethod.Other,
        4 => method.SequenceEqual("POST"u8) ? KnownMethod.Post : method.SequenceEqual("HEAD"u8) ? KnownMethod.Head : KnownMethod.Other,
        5 => method.SequenceEqual("TRACE"u8) ? KnownMethod.Trace : KnownMethod.Other,
        6 => method.SequenceEqual("DELETE"u8) ? KnownMethod.Delete : KnownMethod.Other,
        7 => method.SequenceEqual("OPTIONS"u8) ? KnownMethod.Options : method.SequenceEqual("CONNECT"u8) ? KnownMethod.Connect : KnownMethod.Other,
        _ => KnownMethod.Other,
    };
}

/// <summary>What a request asks for: its positions count in the same head.</summary>
internal readonly record struct RequestQuestion(KnownMethod Method, int MethodStart, int MethodLength, int PathStart, int PathLength, BodyFraming Body, bool ExpectsContinue, bool WantsUpgrade, bool KeepsSlashes);

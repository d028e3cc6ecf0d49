using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Explain;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>An answer a route gives itself: a redirect or a fixed response. Immutable, shared by all loops.</summary>
internal sealed class LocalAnswer
{
    private readonly byte[] _statusLine;
    private readonly TemplateBytes? _location;
    private readonly byte[]? _contentType;
    private readonly byte[] _contentLength;
    private readonly byte[] _body;
    private readonly TemplateBytes? _text;
    private readonly (byte[] NameAndColon, TemplateBytes Value)[] _lines;

    // Its lines say that nobody is to keep it, of which nginx says nothing.
    private bool _isPlain;

    private LocalAnswer(int status, TemplateBytes? location, string contentType, string body, ValueList<HeaderLine> lines = default, TextTemplate? text = null, string? base64 = null)
    {
        _text = text is null ? null : new(text);
        _lines = Array.ConvertAll(lines.AsSpan().ToArray(), line => (Encoding.ASCII.GetBytes(line.Name + ": "), new TemplateBytes(line.Value)));
        Status = status;
        _statusLine = Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {ReasonPhrase.Of(status)}\r\n");
        _location = location;
        _body = base64 is null ? Encoding.UTF8.GetBytes(body) : Convert.FromBase64String(base64);
        _contentType = (_body.Length == 0 && text is null) || Array.Exists(lines.AsSpan().ToArray(), line => line.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)) ? null : Encoding.ASCII.GetBytes(contentType);
        _contentLength = Encoding.ASCII.GetBytes(status is 204 or 304 ? "" : $"Content-Length: {_body.Length}\r\n");
    }

    /// <summary>What a route answers with; null when it leads to a pool.</summary>
    public static LocalAnswer? From(RouteSettings route)
    {
        if (route.Redirect is { } redirect)
            return From(redirect);
        return route.Respond is { } respond ? From(respond) : null;
    }

    /// <summary>A redirect.</summary>
    public static LocalAnswer From(RedirectSettings redirect) => new(redirect.Status, new TemplateBytes(redirect.To), "", "", redirect.NoCache ? [new HeaderLine("Cache-Control", TextTemplate.Literal("no-cache"))] : []);

    /// <summary>A fixed response.</summary>
    public static LocalAnswer From(FixedResponse respond) => new(respond.Status, null, respond.ContentType, respond.Body, respond.Headers, respond.Text, respond.Base64) { IsDenial = respond.Refuses };

    /// <summary>The answer to a request that a rule refuses.</summary>
    public static LocalAnswer Denial(int status) => status < 400 ? From(new FixedResponse(status) { Refuses = true }) : Plain(status, "A rule of this site refuses the request.\n");

    /// <summary>What a status says by itself.</summary>
    /// <param name="status">The status; one below 400 has no body.</param>
    /// <param name="sentence">What is said besides.</param>
    public static LocalAnswer Plain(int status, string sentence = "") => status < 400
        ? From(new FixedResponse(status))
        : new(status, null, "text/plain; charset=utf-8", $"{status} {ReasonPhrase.Of(status)}\n{sentence}", [new HeaderLine("Cache-Control", TextTemplate.Literal("no-store"))]) { IsDenial = true, _isPlain = true };

    /// <summary>What is answered instead of a failure.</summary>
    public static LocalAnswer From(FallbackSettings fallback, string body) => new(fallback.Status, null, fallback.ContentType, body);

    /// <summary>Its status.</summary>
    public int Status { get; }

    /// <summary>Whether it refuses a request.</summary>
    public bool IsDenial { get; private init; }

    /// <summary>Whether it sends the client elsewhere.</summary>
    public bool IsRedirect => _location is not null;

    /// <summary>Whether the answer has to name the host the request was for.</summary>
    public bool NamesHost => _location is { NamesHost: true };

    /// <summary>Where it sends the client; nothing where it does not.</summary>
    public byte[]? LocationFor(scoped in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        return _location is not null && _location.TryMake(scope, out var location) ? location.ToArray() : null;
    }

    public void Write(ref BlockWriter writer, in TemplateScope scope, FieldEdits? edits, bool headOnly, ConnectionOption connection, ReadOnlySpan<byte> date, ExplainField? explanation = null, int told = 0)
    {
        WriteHead(ref writer, scope, edits, connection, date, explanation, told, default);
        if (!headOnly)
            WriteBody(ref writer, scope);
    }

    /// <summary>Writes the head alone.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="scope">The request.</param>
    /// <param name="edits">What is changed of the head; null for nothing.</param>
    /// <param name="connection">How the connection goes on.</param>
    /// <param name="date">The present second.</param>
    /// <param name="explanation">What is told of the choice of the server; null for nothing.</param>
    /// <param name="told">The status that the client is told; 0 for its own.</param>
    /// <param name="packed">What becomes of the body.</param>
    public void WriteHead(ref BlockWriter writer, in TemplateScope scope, FieldEdits? edits, ConnectionOption connection, ReadOnlySpan<byte> date, ExplainField? explanation, int told, in PackedHead packed)
    {
        if (told == 0)
            writer.Write(_statusLine);
        else
            ErrorPage.WriteStatusLine(ref writer, told);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        if (_location is not null && edits?.Drops("Location"u8) is not true)
        {
            writer.Write("Location: "u8);
            _location.Write(ref writer, scope);
            writer.Write("\r\n"u8);
        }

        if (_contentType is not null)
            ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, _contentType);
        foreach (var (name, value) in _isPlain && scope.Request.AsNginx ? [] : _lines)
        {
            writer.Write(name);
            value.Write(ref writer, scope);
            writer.Write("\r\n"u8);
        }

        if (packed.Varies || packed.IsChanged)
            packed.Write(ref writer, edits, default);
        if (packed.IsChanged)
            writer.Write("Transfer-Encoding: chunked\r\n"u8);
        else if (_text is null)
            writer.Write(_contentLength);
        else
            ResponseWriter.WriteContentLength(ref writer, Make(scope).Length);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteExplanation(ref writer, explanation);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
    }

    /// <summary>What its body is; a copy.</summary>
    public byte[] BodyFor(scoped in TemplateScope scope) => _text is null ? _body : Make(scope).ToArray();

    /// <summary>What it says that the body is; a copy, empty for nothing.</summary>
    public byte[] TypeFor(scoped in TemplateScope scope)
    {
        foreach (var (name, value) in _lines)
        {
            ExpressionRoom.OfThread.Clear();
            if (name.Length == 14 && Ascii.EqualsIgnoreCase(name, "Content-Type: "u8) && value.TryMake(scope, out var type))
                return type.ToArray();
        }

        return _contentType ?? [];
    }

    /// <summary>Writes the body alone, for clients that speak no HTTP.</summary>
    public void WriteBody(ref BlockWriter writer, in TemplateScope scope) => writer.Write(_text is null ? _body : Make(scope));

    // Made twice, for what the fields are made of takes the same room.
    private ReadOnlySpan<byte> Make(scoped in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        return _text!.TryMake(scope, out var text) ? text : default;
    }
}

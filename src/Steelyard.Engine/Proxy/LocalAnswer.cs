using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Explain;
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

    private LocalAnswer(int status, TemplateBytes? location, string contentType, string body)
    {
        Status = status;
        _statusLine = Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {ReasonPhrase.Of(status)}\r\n");
        _location = location;
        _body = Encoding.UTF8.GetBytes(body);
        _contentType = _body.Length == 0 ? null : Encoding.ASCII.GetBytes(contentType);
        _contentLength = Encoding.ASCII.GetBytes(status is 204 or 304 ? "" : $"Content-Length: {_body.Length}\r\n");
    }

    /// <summary>What a route answers with; null when it leads to a pool.</summary>
    public static LocalAnswer? From(RouteSettings route)
    {
        if (route.Redirect is { } redirect)
            return new(redirect.Status, new TemplateBytes(redirect.To), "", "");
        return route.Respond is { } respond ? new(respond.Status, null, respond.ContentType, respond.Body) : null;
    }

    /// <summary>What is answered instead of a failure.</summary>
    public static LocalAnswer From(FallbackSettings fallback, string body) => new(fallback.Status, null, fallback.ContentType, body);

    /// <summary>Its status.</summary>
    public int Status { get; }

    /// <summary>Whether the answer has to name the host the request was for.</summary>
    public bool NamesHost => _location is { NamesHost: true };

    public void Write(ref BlockWriter writer, in TemplateScope scope, FieldEdits? edits, bool headOnly, ConnectionOption connection, ReadOnlySpan<byte> date, ExplainField? explanation = null)
    {
        writer.Write(_statusLine);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        if (_location is not null && edits?.Drops("Location"u8) is not true)
        {
            writer.Write("Location: "u8);
            _location.Write(ref writer, scope);
            writer.Write("\r\n"u8);
        }

        if (_contentType is not null)
            ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, _contentType);
        writer.Write(_contentLength);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteExplanation(ref writer, explanation);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
        if (!headOnly)
            writer.Write(_body);
    }
}

using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>An answer a route gives itself: a redirect or a fixed response. Immutable, shared by all loops.</summary>
internal sealed class LocalAnswer
{
    private readonly byte[] _statusLine;
    private readonly TemplateBytes? _location;
    private readonly byte[] _contentFields;
    private readonly byte[] _body;

    private LocalAnswer(int status, TemplateBytes? location, string contentFields, string body) =>
        (_statusLine, _location, _contentFields, _body) =
        (Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {ReasonPhrase.Of(status)}\r\n"), location, Encoding.ASCII.GetBytes(contentFields), Encoding.UTF8.GetBytes(body));

    /// <summary>What a route answers with; null when it leads to a pool.</summary>
    public static LocalAnswer? From(RouteSettings route)
    {
        if (route.Redirect is { } redirect)
            return new(redirect.Status, new TemplateBytes(redirect.To), "Content-Length: 0\r\n", "");
        if (route.Respond is not { } respond)
            return null;
        var fields = respond.Status is 204 or 304 ? ""
            : respond.Body.Length == 0 ? "Content-Length: 0\r\n"
            : $"Content-Type: {respond.ContentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(respond.Body)}\r\n";
        return new(respond.Status, null, fields, respond.Body);
    }

    /// <summary>Whether the answer has to name the host the request was for.</summary>
    public bool NamesHost => _location is { NamesHost: true };

    public void Write(ref BlockWriter writer, in TemplateScope scope, FieldEdits? edits, bool headOnly, ConnectionOption connection, ReadOnlySpan<byte> date)
    {
        writer.Write(_statusLine);
        writer.Write("Date: "u8);
        writer.Write(date);
        writer.Write("\r\n"u8);
        if (_location is not null)
        {
            writer.Write("Location: "u8);
            _location.Write(ref writer, scope);
            writer.Write("\r\n"u8);
        }

        writer.Write(_contentFields);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
        if (!headOnly)
            writer.Write(_body);
    }
}

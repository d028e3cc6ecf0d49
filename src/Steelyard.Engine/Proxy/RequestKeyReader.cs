using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>A <see cref="RequestKey"/>, compiled: found in a request without allocating. Immutable, shared by all loops.</summary>
internal sealed class RequestKeyReader
{
    private readonly RequestKeyKind _kind;
    private readonly byte[] _name;
    private readonly TemplateBytes? _text;

    public RequestKeyReader(RequestKey key)
    {
        (_kind, _name) = (key.Kind, Encoding.ASCII.GetBytes(key.Name ?? ""));
        if (key.Kind == RequestKeyKind.Text)
            _text = new(TextTemplate.Parse(key.Name!));
    }

    /// <summary>The key of a request; empty where it has none. Valid as long as the head is held, and the next key is not read.</summary>
    public ReadOnlySpan<byte> Read(scoped in TemplateScope scope) => _kind switch
    {
        RequestKeyKind.Address => scope.Client.ClientAddressBytes(scope.Request, scope.Head),
        RequestKeyKind.Path => scope[TemplateVariable.Path],
        RequestKeyKind.Uri => scope[TemplateVariable.Uri],
        RequestKeyKind.Query => QueryParameter(scope.Request.Query(scope.Head)),
        RequestKeyKind.Header => Field(scope.Request, scope.Head),
        RequestKeyKind.Cookie => Cookies.Find(scope.Request, scope.Head, _name),
        RequestKeyKind.ServerName => scope.ServerName,
        RequestKeyKind.Text => Make(scope),
        _ => default,
    };

    private ReadOnlySpan<byte> Make(scoped in TemplateScope scope)
    {
        ExpressionRoom.OfThread.Clear();
        return _text!.TryMake(scope, out var text) ? text : default;
    }

    private ReadOnlySpan<byte> QueryParameter(ReadOnlySpan<byte> query)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            if (pair.Length > _name.Length && pair[_name.Length] == '=' && pair.StartsWith(_name))
                return pair[(_name.Length + 1)..];
        }

        return default;
    }

    private ReadOnlySpan<byte> Field(RequestHead request, ReadOnlySpan<byte> head)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength == _name.Length && Ascii.EqualsIgnoreCase(field.Name(head), _name))
                return field.Value(head);
        }

        return default;
    }
}

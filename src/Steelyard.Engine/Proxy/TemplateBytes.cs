using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;
using Steelyard.Engine.Tracing;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Proxy;

/// <summary>What the variables of a template stand for in one exchange.</summary>
internal readonly ref struct TemplateScope
{
    public required RequestHead Request { get; init; }

    /// <summary>The bytes the request was read from.</summary>
    public required ReadOnlySpan<byte> Head { get; init; }

    public required ForwardedFields Client { get; init; }

    /// <summary>The name of the pool; empty where none serves the request.</summary>
    public ReadOnlySpan<byte> Pool { get; init; }

    /// <summary>The address of the server; empty until one has answered.</summary>
    public ReadOnlySpan<byte> Server { get; init; }

    /// <summary>The server that was chosen last; null for none.</summary>
    public Server? ServedBy { get; init; }

    /// <summary>The name in the hello of a TLS client whose TLS is left to the servers; empty for none.</summary>
    public ReadOnlySpan<byte> ServerName { get; init; }

    /// <summary>The response of the server; null until there is one.</summary>
    public ResponseHead? Response { get; init; }

    /// <summary>The bytes the response was read from.</summary>
    public ReadOnlySpan<byte> ResponseBytes { get; init; }

    /// <summary>The head that the client gets; empty where it is not written yet.</summary>
    public ReadOnlySpan<byte> SentHead { get; init; }

    /// <summary>What rules have set; null for nothing.</summary>
    public RequestVariables? Variables { get; init; }

    /// <summary>The pools there are; null where nobody asks for them.</summary>
    public IReadOnlyDictionary<string, Pool>? Pools { get; init; }

    /// <summary>The lists of patterns; null where there are none.</summary>
    public PatternLists? Lists { get; init; }

    /// <summary>The fields of one of the heads.</summary>
    public ReadOnlySpan<Field> FieldsOf(bool response) => !response ? Request.Fields.All : Response is { } its ? its.Fields.All : default;

    /// <summary>Whether a head may have a field whose name is so long.</summary>
    public bool MayHave(bool response, int nameLength) => response ? Response is { } its && its.Fields.MayHave(nameLength) : Request.Fields.MayHave(nameLength);

    /// <summary>The bytes of one of the heads.</summary>
    public ReadOnlySpan<byte> HeadOf(bool response) => response ? ResponseBytes : Head;

    /// <summary>The connection it came by; null where nobody asks for it.</summary>
    public ConnectionEnds? Connection { get; init; }

    /// <summary>What has come of the request's body; null where it is not here, or not any more.</summary>
    public InputBuffer? Arrived { get; init; }

    /// <summary>The loop that serves it, which has the time and chance; null where nobody asks for them.</summary>
    public ProxyLoop? Loop { get; init; }

    /// <summary>Whether rules or error pages have sent it on within.</summary>
    public bool Rerouted { get; init; }

    /// <summary>The status of an answer of the proxy's own, and in logs what the client was told; 0 or less for none.</summary>
    public int OwnStatus { get; init; }

    /// <summary>What the request is counted by; null where nothing is counted.</summary>
    public Tracker? Tracking { get; init; }

    /// <summary>By what the request is known; null where nobody asks for it.</summary>
    public RequestIdentity? Identity { get; init; }

    /// <summary>What <see cref="TemplateVariable.Path"/> is; the client's path where it was not changed.</summary>
    public ReadOnlySpan<byte> Path { get; init; }

    public ReadOnlySpan<byte> this[TemplateVariable variable] => variable switch
    {
        TemplateVariable.Client => Client.ClientAddress(Request, Head),
        TemplateVariable.Scheme => Client.Scheme(Request, Head),
        TemplateVariable.Host => RouteTable.HostOf(Request.Authority(Head)),
        TemplateVariable.Authority => Request.Authority(Head),
        TemplateVariable.Method => Request.MethodBytes(Head),
        TemplateVariable.Path => Path.IsEmpty ? Request.Path(Head) : Path,
        TemplateVariable.Query => Request.Query(Head),
        TemplateVariable.Uri => Request.Target(Head).IsEmpty ? Request.Path(Head) : Request.Target(Head),
        TemplateVariable.Pool => Pool,
        TemplateVariable.Server => Server,
        TemplateVariable.RequestId => Identity is null ? default : Identity.Name,
        TemplateVariable.Trace => Identity is null ? default : Identity.Trace,
        _ => default,
    };
}

/// <summary>A template, compiled: written into a block without allocating. Immutable, shared by all loops.</summary>
internal sealed class TemplateBytes
{
    private readonly (byte[]? Literal, TemplateVariable Variable, CompiledValue? Value)[] _parts;

    public TemplateBytes(TextTemplate template)
    {
        _parts = new (byte[]?, TemplateVariable, CompiledValue?)[template.Parts.Count];
        for (var i = 0; i < _parts.Length; i++)
        {
            var (literal, variable, expression) = template.Parts[i];
            _parts[i] = (literal is null ? null : Encoding.UTF8.GetBytes(literal), variable, expression is null ? null : CompiledValue.From(expression));
        }

        NamesHost = template.Uses(TemplateVariable.Host) || template.Uses(TemplateVariable.Authority);
    }

    /// <summary>Whether it says nothing of use for a request without a host.</summary>
    public bool NamesHost { get; }

    public bool IsEmpty(in TemplateScope scope)
    {
        foreach (var (literal, variable, value) in _parts)
        {
            if (literal is not null || !ValueOf(variable, value, scope).IsEmpty)
                return false;
        }

        return true;
    }

    public void Write(ref BlockWriter writer, in TemplateScope scope)
    {
        foreach (var (literal, variable, value) in _parts)
            writer.Write(literal is not null ? literal : ValueOf(variable, value, scope));
    }

    /// <summary>Makes the text, where its only part has a value; a text of several parts always has.</summary>
    public bool TryMakePresent(scoped in TemplateScope scope, out ReadOnlySpan<byte> text) =>
        _parts is [{ Literal: null, Value: { } only }] ? only.TryRead(scope, out text) : TryMake(scope, out text);

    /// <summary>Makes the text in the loop's room for expressions; false where it has no room.</summary>
    public bool TryMake(scoped in TemplateScope scope, out ReadOnlySpan<byte> text)
    {
        var room = ExpressionRoom.OfThread;
        var start = room.Used;
        text = default;
        foreach (var (literal, variable, value) in _parts)
        {
            // What a part made lies behind the text so far, and moves there.
            var end = room.Used;
            ReadOnlySpan<byte> part = literal;
            if (literal is null && value is null)
                part = scope[variable];
            else if (value is not null)
                _ = value.TryRead(scope, out part);
            room.Used = end;
            if (part.Length > room.Rest.Length)
                return false;
            part.CopyTo(room.Rest);
            room.Used += part.Length;
        }

        text = room.From(start);
        return true;
    }

    private static ReadOnlySpan<byte> ValueOf(TemplateVariable variable, CompiledValue? value, in TemplateScope scope)
    {
        if (value is null)
            return scope[variable];
        ExpressionRoom.OfThread.Clear();
        return value.TryRead(scope, out var read) ? Safe(read, ExpressionRoom.OfThread) : default;
    }

    // What was decoded may hold the end of a line.
    private static ReadOnlySpan<byte> Safe(ReadOnlySpan<byte> value, ExpressionRoom room)
    {
        if (value.IndexOfAny(HttpBytes.FieldControls) < 0)
            return value;
        if (!room.TryTake(value.Length, out var copy))
            return default;
        value.CopyTo(copy);
        SafeBytes.Blank(copy);
        return copy;
    }
}

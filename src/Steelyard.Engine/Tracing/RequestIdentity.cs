using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tracing;

/// <summary>
/// By what one request is known to the servers, in logs and on error pages: its name and its trace. Found or made when
/// somebody wants to know. Used again and again; owned by an exchange.
/// </summary>
internal sealed class RequestIdentity(ExchangeContext context)
{
    /// <summary>The longest name that is passed on.</summary>
    public const int LongestName = 128;

    private const int MadeLength = 2 * IdentitySource.HalfDigits;

    private readonly byte[] _name = new byte[LongestName];
    private readonly byte[] _trace = new byte[TraceParent.Length];
    private int _nameLength;
    private bool _traceSought;

    // The client's own, which goes on as it is, or one that begins here.
    private bool _tracePassed;
    private bool _traceBegun;

    /// <summary>Forgets the request before.</summary>
    public void Forget() => (_nameLength, _traceSought, _traceBegun, _tracePassed) = (0, false, false, false);

    /// <summary>Its name: the one that a trusted proxy gave it, or one of ours.</summary>
    public ReadOnlySpan<byte> Name
    {
        get
        {
            if (_nameLength == 0)
                SeekName();
            return _name.AsSpan(0, _nameLength);
        }
    }

    /// <summary>Its trace, 32 hexadecimal digits; empty where it has none.</summary>
    public ReadOnlySpan<byte> Trace
    {
        get
        {
            SeekTrace();
            return _traceBegun || _tracePassed ? TraceParent.TraceOf(_trace) : default;
        }
    }

    /// <summary>Whether a field of the client's is replaced by one of ours, or kept from the servers.</summary>
    public bool Replaces(in Field field, ReadOnlySpan<byte> head)
    {
        if (field.Known is KnownField.TraceParent or KnownField.TraceState)
        {
            SeekTrace();
            return _traceBegun;
        }

        return IsName(field, head);
    }

    /// <summary>Writes what the servers are told.</summary>
    public void Write(ref BlockWriter writer)
    {
        if (context.Client.Listener.RequestId is { } field)
        {
            writer.Write(field);
            writer.Write(": "u8);
            writer.Write(Name);
            writer.Write("\r\n"u8);
        }

        SeekTrace();
        if (!_traceBegun)
            return;
        writer.Write("traceparent: "u8);
        writer.Write(_trace);
        writer.Write("\r\n"u8);
    }

    private void SeekName()
    {
        var given = context.HeadHeld && context.Client.Listener.RequestId is not null && context.Client.Forwarded.IsTrusted ? GivenName() : default;
        if (given.IsEmpty)
        {
            context.Loop.Identities.Write(_name);
            _nameLength = MadeLength;
            return;
        }

        given.CopyTo(_name);
        _nameLength = given.Length;
    }

    /// <summary>What the client says in the one field of the name; empty where it says nothing that can be passed on.</summary>
    private ReadOnlySpan<byte> GivenName()
    {
        var head = context.Head;
        ReadOnlySpan<byte> given = default;
        foreach (ref readonly var field in context.Request.Fields.All)
        {
            if (!IsName(field, head))
                continue;
            if (!given.IsEmpty)
                return default;
            given = field.Value(head);
        }

        return given.Length <= LongestName && given.IndexOfAnyExcept(HttpBytes.Identity) < 0 ? given : default;
    }

    // CGI and its heirs cannot tell underscores from hyphens.
    private bool IsName(in Field field, ReadOnlySpan<byte> head)
    {
        if (context.Client.Listener.RequestId is not { } wanted || field.NameLength != wanted.Length)
            return false;
        var name = field.Name(head);
        if (Ascii.EqualsIgnoreCase(name, wanted))
            return true;
        if (!name.Contains((byte)'_'))
            return false;
        Span<byte> plain = stackalloc byte[64];
        name.Replace(plain, (byte)'_', (byte)'-');
        return Ascii.EqualsIgnoreCase(plain[..name.Length], wanted);
    }

    private void SeekTrace()
    {
        if (_traceSought || !context.HeadHeld)
            return;
        _traceSought = true;
        var settings = context.Client.Listener.Trace;
        if (settings is not { OnlyTrusted: true } || context.Client.Forwarded.IsTrusted)
            _tracePassed = TakeTrace();
        if (settings is null || _tracePassed)
            return;
        TraceParent.Write(_trace, context.Loop.Identities, settings.Sampled > 0 && (int)(context.Loop.NextChance() % 100) < settings.Sampled);
        _traceBegun = true;
    }

    /// <summary>Takes the client's traceparent over, if it is valid and the only one.</summary>
    private bool TakeTrace()
    {
        var head = context.Head;
        var found = false;
        foreach (ref readonly var field in context.Request.Fields.All)
        {
            if (field.Known != KnownField.TraceParent)
                continue;
            var value = field.Value(head);
            if (found || !TraceParent.IsValid(value))
                return false;
            value[..TraceParent.Length].CopyTo(_trace);
            found = true;
        }

        return found;
    }
}

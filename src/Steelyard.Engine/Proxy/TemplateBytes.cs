using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

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

    /// <summary>The name in the hello of a TLS client whose TLS is left to the servers; empty for none.</summary>
    public ReadOnlySpan<byte> ServerName { get; init; }

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
        _ => default,
    };
}

/// <summary>A template, compiled: written into a block without allocating. Immutable, shared by all loops.</summary>
internal sealed class TemplateBytes
{
    private readonly (byte[]? Literal, TemplateVariable Variable)[] _parts;

    public TemplateBytes(TextTemplate template)
    {
        _parts = new (byte[]?, TemplateVariable)[template.Parts.Count];
        for (var i = 0; i < _parts.Length; i++)
            _parts[i] = (template.Parts[i].Literal is { } literal ? Encoding.ASCII.GetBytes(literal) : null, template.Parts[i].Variable);
        NamesHost = template.Uses(TemplateVariable.Host) || template.Uses(TemplateVariable.Authority);
    }

    /// <summary>Whether it says nothing of use for a request without a host.</summary>
    public bool NamesHost { get; }

    public bool IsEmpty(in TemplateScope scope)
    {
        foreach (var (literal, variable) in _parts)
        {
            if (literal is not null || !scope[variable].IsEmpty)
                return false;
        }

        return true;
    }

    public void Write(ref BlockWriter writer, in TemplateScope scope)
    {
        foreach (var (literal, variable) in _parts)
            writer.Write(literal is null ? scope[variable] : literal);
    }
}

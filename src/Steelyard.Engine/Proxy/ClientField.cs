using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Where certain peers say who the client is, compiled. Immutable, shared by all loops.</summary>
internal sealed class ClientField(ClientFieldSettings settings)
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes(settings.Name);

    /// <summary>Whose word is believed.</summary>
    public TrustedNetworks From { get; } = new(settings.From.AsSpan());

    /// <summary>The address that a request names; empty where it names none.</summary>
    public ReadOnlySpan<byte> Find(RequestHead request, ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> value = default;
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength == _name.Length && Ascii.EqualsIgnoreCase(field.Name(head), _name))
                value = field.Value(head);
        }

        return Last(value, settings.Recursive ? From : null);
    }

    /// <summary>The last address of a list between commas; empty for none.</summary>
    /// <param name="value">The list.</param>
    /// <param name="passed">The networks whose addresses are passed over, as long as there is another one; null for none.</param>
    public static ReadOnlySpan<byte> Last(ReadOnlySpan<byte> value, TrustedNetworks? passed)
    {
        ReadOnlySpan<byte> found = default;
        Span<byte> room = stackalloc byte[16];
        while (!value.IsEmpty)
        {
            var comma = value.LastIndexOf((byte)',');
            var hop = AddressText.WithoutPort(HttpBytes.Trim(value[(comma + 1)..]));
            value = comma < 0 ? default : value[..comma];
            if (hop.IsEmpty)
                continue;

            // As nginx: what is no address ends the search.
            if (AddressText.Parse(hop, room) == 0)
                return found;
            found = hop;
            if (passed?.Contains(hop) is not true)
                return found;
        }

        return found;
    }
}

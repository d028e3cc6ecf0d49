using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>
/// Which of many networks an address is in: the first of those that hold it, found by halves among the places where the
/// answer changes. Immutable, shared by all loops.
/// </summary>
internal sealed class NetworkIndex
{
    private readonly UInt128[] _starts4;
    private readonly int[] _found4;
    private readonly UInt128[] _starts6;
    private readonly int[] _found6;

    public NetworkIndex(ReadOnlySpan<IPNetwork> networks)
    {
        List<Range> v4 = [], v6 = [];
        for (var i = 0; i < networks.Length; i++)
        {
            // ::ffff:10.0.0.0/104 is 10.0.0.0/8, as for those whose word is believed.
            var (address, length) = (networks[i].BaseAddress, networks[i].PrefixLength);
            if (address.IsIPv4MappedToIPv6 && length >= 96)
                (address, length) = (address.MapToIPv4(), length - 96);
            var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
            var first = NumberOf(address);
            (bits == 32 ? v4 : v6).Add(new(first, length == 0 && bits == 128 ? UInt128.MaxValue : first + (UInt128.One << (bits - length)) - 1, i));
        }

        (_starts4, _found4) = Flatten(v4);
        (_starts6, _found6) = Flatten(v6);
    }

    private readonly record struct Range(UInt128 First, UInt128 Last, int Place);

    /// <summary>The place of the first network that has the address that is written there; -1 for none, and for what is no address.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        Span<byte> bytes = stackalloc byte[16];
        return FindAddress(bytes[..AddressText.Parse(text, bytes)]);
    }

    /// <summary>The place of the first network that has an address; -1 for none.</summary>
    /// <param name="address">Its 4 or 16 bytes as <see cref="AddressText.Parse"/> gives them.</param>
    public int FindAddress(ReadOnlySpan<byte> address) => address.Length switch
    {
        4 => Find(_starts4, _found4, BinaryPrimitives.ReadUInt32BigEndian(address)),
        16 => Find(_starts6, _found6, BinaryPrimitives.ReadUInt128BigEndian(address)),
        _ => -1,
    };

    private static int Find(UInt128[] starts, int[] found, UInt128 address)
    {
        var at = starts.AsSpan().BinarySearch(address);
        at = at < 0 ? ~at - 1 : at;
        return at < 0 ? -1 : found[at];
    }

    private static UInt128 NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var length) && length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    // Networks lie within one another or apart, so those that hold an address are a stack.
    private static (UInt128[] Starts, int[] Found) Flatten(List<Range> ranges)
    {
        ranges.Sort(static (one, other) => one.First != other.First ? one.First.CompareTo(other.First) : other.Last.CompareTo(one.Last));
        List<UInt128> starts = [];
        List<int> found = [];
        Stack<Range> open = new();
        foreach (var range in ranges)
        {
            while (open.TryPeek(out var ended) && ended.Last < range.First)
                Close();
            var place = open.TryPeek(out var around) ? Math.Min(around.Place, range.Place) : range.Place;
            open.Push(range with { Place = place });
            Begin(range.First, place);
        }

        while (open.Count > 0)
            Close();
        return ([.. starts], [.. found]);

        void Close()
        {
            var last = open.Pop().Last;
            if (last < UInt128.MaxValue)
                Begin(last + 1, open.TryPeek(out var around) ? around.Place : -1);
        }

        void Begin(UInt128 start, int place)
        {
            if (starts.Count > 0 && starts[^1] == start)
            {
                found[^1] = place;
                return;
            }

            starts.Add(start);
            found.Add(place);
        }
    }
}

using System.Buffers.Binary;
using System.Net;

namespace Steelyard.Resolving;

/// <summary>The kinds of records that are asked for, or found on the way (RFC 1035, RFC 3596, RFC 2782).</summary>
internal enum DnsType : ushort
{
    /// <summary>One of another class, which nobody asks for.</summary>
    None = 0,

    A = 1,
    Cname = 5,
    Soa = 6,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
}

/// <summary>What an answer is.</summary>
internal enum DnsStatus
{
    /// <summary>Records of the kind that was asked for.</summary>
    Found,

    /// <summary>There is no such name (NXDOMAIN).</summary>
    NoName,

    /// <summary>There is such a name, and nothing of that kind under it.</summary>
    NoRecords,

    /// <summary>It did not fit into the datagram.</summary>
    Truncated,

    /// <summary>The server cannot or will not say.</summary>
    Failed,

    /// <summary>It cannot be understood, or contradicts itself.</summary>
    Malformed,

    /// <summary>It answers something else than what was asked.</summary>
    Foreign,
}

/// <summary>A server by RFC 2782.</summary>
internal readonly record struct SrvRecord(string Target, int Port, int Priority, int Weight);

/// <summary>An answer of a DNS server.</summary>
/// <param name="Status">What it is.</param>
/// <param name="Code">The response code that it came with.</param>
internal sealed record DnsAnswer(DnsStatus Status, int Code = 0)
{
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    public IReadOnlyList<SrvRecord> Services { get; init; } = [];

    /// <summary>How long it may be used; null where it does not say.</summary>
    public TimeSpan? Ttl { get; init; }
}

/// <summary>Writes questions and reads answers, of which nothing is believed that was not asked (RFC 5452).</summary>
internal static class DnsMessage
{
    /// <summary>What a question takes at most: header, a name, kind and class, and the record that says how large answers may be.</summary>
    public const int MostOfQuestion = HeaderLength + 255 + 4 + 11;

    /// <summary>The largest datagram that is asked for: what passes any network in one piece (RFC 9715).</summary>
    public const int MostOfDatagram = 1232;

    private const int HeaderLength = 12;
    private const int FixedOfRecord = 10;
    private const int MostHops = 16;
    private const ushort InternetClass = 1;

    /// <summary>Writes a question.</summary>
    /// <returns>Its length; 0 where the name is none.</returns>
    public static int Write(Span<byte> target, ushort id, string name, DnsType type, bool extended = true)
    {
        target[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(target, id);

        // RD: the server is to find the answer elsewhere, if need be.
        target[2] = 1;
        target[5] = 1;
        var length = DnsName.Write(name, target[HeaderLength..]);
        if (length == 0)
            return 0;
        length += HeaderLength;
        BinaryPrimitives.WriteUInt16BigEndian(target[length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(target[(length + 2)..], InternetClass);
        length += 4;
        if (!extended)
            return length;
        target[11] = 1;
        target.Slice(length, 11).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(target[(length + 1)..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(target[(length + 3)..], MostOfDatagram);
        return length + 11;
    }

    /// <summary>Reads an answer. Never throws, whatever it holds.</summary>
    public static DnsAnswer Read(ReadOnlySpan<byte> message, ushort id, string name, DnsType type)
    {
        if (message.Length < HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(message) != id || (message[2] & 0xF8) != 0x80)
            return new(DnsStatus.Foreign);
        var code = message[3] & 0x0F;

        // Some servers leave the question out where they understood none.
        var (questions, answers, authorities) = (Count(message, 4), Count(message, 6), Count(message, 8));
        if (questions == 0 && code is 1 or 4 && answers == 0)
            return new(DnsStatus.Failed, code);
        var at = HeaderLength;
        if (questions != 1 || !DnsName.TryRead(message, ref at, out var asked) || at + 4 > message.Length
            || !asked.Equals(name.TrimEnd('.'), StringComparison.OrdinalIgnoreCase) || Count(message, at) != (ushort)type || Count(message, at + 2) != InternetClass)
            return new(DnsStatus.Foreign);
        at += 4;
        if ((message[2] & 0x02) != 0)
            return new(DnsStatus.Truncated, code);
        return code is 0 or 3 ? ReadRecords(message, at, asked, type, code, answers, authorities) : new(DnsStatus.Failed, code);
    }

    private static ushort Count(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);

    private readonly record struct Found(string Owner, DnsType Type, uint Ttl, int Data, int Length);

    private static DnsAnswer ReadRecords(ReadOnlySpan<byte> message, int at, string asked, DnsType type, int code, int answers, int authorities)
    {
        var records = new List<Found>();
        for (var i = 0; i < answers; i++)
        {
            if (!TryReadRecord(message, ref at, out var record))
                return new(DnsStatus.Malformed, code);
            if (record.Type == type || record.Type == DnsType.Cname)
                records.Add(record);
        }

        // Others along the way may have any owner; only those that the chain of names leads to count.
        var (owner, ttl) = (asked, uint.MaxValue);
        for (var hops = 0; records.FindIndex(record => record.Owner == owner && record.Type == DnsType.Cname) is var alias and >= 0; hops++)
        {
            var data = records[alias].Data;
            if (hops == MostHops || !DnsName.TryRead(message, ref data, out var next) || data != records[alias].Data + records[alias].Length)
                return new(DnsStatus.Malformed, code);
            (owner, ttl) = (next, Math.Min(ttl, records[alias].Ttl));
        }

        List<IPAddress> addresses = [];
        List<SrvRecord> services = [];
        foreach (var record in records)
        {
            if (record.Type != type || record.Owner != owner)
                continue;
            if (!TryReadData(message, record, addresses, services))
                return new(DnsStatus.Malformed, code);
            ttl = Math.Min(ttl, record.Ttl);
        }

        if (code == 0 && addresses.Count + services.Count > 0)
            return new(DnsStatus.Found) { Addresses = addresses, Services = services, Ttl = TimeSpan.FromSeconds(ttl) };
        return code == 3 && addresses.Count + services.Count > 0 ? new(DnsStatus.Malformed, code)
            : new(code == 3 ? DnsStatus.NoName : DnsStatus.NoRecords, code) { Ttl = NegativeTtl(message, at, authorities) };
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> message, ref int at, out Found record)
    {
        record = default;
        if (!DnsName.TryRead(message, ref at, out var owner) || at + FixedOfRecord > message.Length)
            return false;
        var (type, isInternet, ttl, length) = ((DnsType)Count(message, at), Count(message, at + 2) == InternetClass, BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]), Count(message, at + 8));
        at += FixedOfRecord;
        if (at + length > message.Length)
            return false;

        // A time with the highest bit set is none (RFC 2181, 8).
        record = new(owner, isInternet ? type : DnsType.None, ttl > int.MaxValue ? 0 : ttl, at, length);
        at += length;
        return true;
    }

    private static bool TryReadData(ReadOnlySpan<byte> message, Found record, List<IPAddress> addresses, List<SrvRecord> services)
    {
        var data = message.Slice(record.Data, record.Length);
        switch (record.Type)
        {
            case DnsType.A when data.Length == 4:
            case DnsType.Aaaa when data.Length == 16:
                addresses.Add(new IPAddress(data));
                return true;
            case DnsType.Srv when data.Length > 6:
                var at = record.Data + 6;
                if (!DnsName.TryRead(message, ref at, out var target) || at != record.Data + record.Length)
                    return false;

                // The root is how RFC 2782 says that there is no such service.
                if (target.Length > 0)
                    services.Add(new(target, Count(data, 4), Count(data, 0), Count(data, 2)));
                return true;
            default:
                return false;
        }
    }

    /// <summary>How long it may be believed that there is nothing (RFC 2308, 5).</summary>
    private static TimeSpan? NegativeTtl(ReadOnlySpan<byte> message, int at, int authorities)
    {
        for (var i = 0; i < authorities && TryReadRecord(message, ref at, out var record); i++)
        {
            if (record.Type == DnsType.Soa && record.Length >= 20)
                return TimeSpan.FromSeconds(Math.Min(record.Ttl, BinaryPrimitives.ReadUInt32BigEndian(message[(record.Data + record.Length - 4)..])));
        }

        return null;
    }
}

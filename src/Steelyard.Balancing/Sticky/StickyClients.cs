using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Balancing.Sticky;

/// <summary>The clients of a pool that are remembered, with their servers. Shared by all loops.</summary>
public sealed class StickyClients
{
    private readonly Server[] _servers;
    private readonly ulong[] _ids;
    private readonly StickySettings _settings;

    /// <param name="settings">By what they are known, how many, and for how long.</param>
    /// <param name="servers">The servers of the pool in their order.</param>
    /// <param name="key">A secret; what keys are hashed with comes of it.</param>
    /// <param name="before">Those of the pool before a reload; null for none.</param>
    /// <param name="shared">The table that other pools have too; null for another one.</param>
    public StickyClients(StickySettings settings, Server[] servers, ReadOnlySpan<byte> key, StickyClients? before, StickTable? shared = null)
    {
        _settings = settings;
        Learned = Encoding.ASCII.GetBytes(settings.Learn ?? "");
        _servers = [.. servers];
        _ids = Array.ConvertAll(_servers, IdOf);
        Array.Sort(_ids, _servers);
        Table = shared ?? TableOf(settings, key, before);
    }

    /// <summary>The table, which outlives a reload.</summary>
    public StickTable Table { get; }

    /// <summary>The name of the cookie whose values are learned; empty where a client is known by something else.</summary>
    public ReadOnlyMemory<byte> Learned { get; }

    /// <summary>Whether clients go to the servers that are remembered.</summary>
    public bool LooksUp => _settings.Use != StickyUse.Remember;

    /// <summary>Whether clients are remembered when a server is chosen for them.</summary>
    public bool Remembers => _settings.Use != StickyUse.LookUp;

    /// <summary>The name of the memory that other pools have too; null where nobody has.</summary>
    public string? SharedName => _settings.Table;

    /// <summary>Remembers the server of a client.</summary>
    /// <param name="key">What it is known by, hashed.</param>
    /// <param name="server">Its server.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public void Remember(UInt128 key, Server server, long now)
    {
        // Who is not looked up may be remembered so already.
        var id = IdOf(server);
        if (LooksUp || Table.Find(key, now) != id)
            Table.Set(key, id, now);
    }

    // Two pools call by one name what they reach at two ports.
    private ulong IdOf(Server server) => _settings.Table is null ? server.Id : XxHash64.HashToUInt64(server.NameBytes.Span) | 1;

    /// <summary>The server of a client; null for none.</summary>
    /// <param name="key">What it is known by, hashed.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="touch">Whether the client was seen, and so is remembered for longer.</param>
    public Server? OwnerOf(UInt128 key, long now, bool touch = true) =>
        Table.Find(key, now, touch) is > 0 and var id && Array.BinarySearch(_ids, id) is >= 0 and var place ? _servers[place] : null;

    private static StickTable TableOf(StickySettings settings, ReadOnlySpan<byte> key, StickyClients? before)
    {
        var seed = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(key));
        if (before is not null && before.Table.Seed == seed && (before._settings.Key, before._settings.Table) == (settings.Key, settings.Table) && (before._settings.Size, before._settings.Expire) == (settings.Size, settings.Expire))
            return before.Table;
        var table = new StickTable(settings.Size, settings.Expire, seed);
        if (before is null || before.Table.Seed != seed || (before._settings.Key, before._settings.Table) != (settings.Key, settings.Table))
            return table;
        foreach (var entry in before.Table.Entries(now: 0))
            table.Put(entry);
        return table;
    }
}

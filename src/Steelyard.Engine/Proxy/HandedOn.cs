using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// What a server's answer leaves behind that says who is to answer in its place: where the request goes on, and the fields
/// that the client gets all the same (nginx: X-Accel-Redirect). Owned by an exchange; holds a block only while there is such
/// an answer.
/// </summary>
internal sealed class HandedOn
{
    private Block _block;
    private int _targetLength;
    private int _length;

    /// <summary>Whether there is such an answer.</summary>
    public bool IsHeld => !_block.IsEmpty;

    /// <summary>The name of the internal route that is to answer; null where a path is.</summary>
    public byte[]? Route { get; private set; }

    /// <summary>Path and query that are to answer.</summary>
    public ReadOnlySpan<byte> Target => _block.Span[.._targetLength];

    private ReadOnlySpan<byte> Lines => _block.Span[_targetLength.._length];

    /// <summary>The type that the answer had; empty for none.</summary>
    public ReadOnlySpan<byte> Type => ValueOf(Lines, "Content-Type"u8);

    /// <summary>Keeps what is wanted of an answer, in the place of what an answer before it has left; the cookies of that stay.</summary>
    /// <param name="blocks">Where room comes from.</param>
    /// <param name="fields">The answer's fields, as rules have left them.</param>
    /// <param name="bytes">What they stand in.</param>
    /// <param name="target">Path and query that are to answer; empty for a route.</param>
    /// <param name="route">The name of the route that is; null for a path.</param>
    /// <returns>Whether there was room.</returns>
    public bool TryTake(BlockPool blocks, FieldTable fields, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> target, byte[]? route)
    {
        var block = blocks.Rent();
        var writer = new BlockWriter(block);
        writer.Write(target);
        for (var lines = IsHeld ? Lines : default; !lines.IsEmpty;)
        {
            var line = TakeLine(ref lines);
            if (IsCookie(NameOf(line)))
                writer.Write(line);
        }

        foreach (ref readonly var field in fields.All)
        {
            if (!IsKept(field.Name(bytes)))
                continue;
            writer.Write(field.Name(bytes));
            writer.Write(": "u8);
            writer.Write(field.Value(bytes));
            writer.Write("\r\n"u8);
        }

        Release(blocks);
        (_block, _targetLength, _length, Route) = (block, target.Length, writer.Length, route);
        if (writer.Overflowed)
            Release(blocks);
        return !writer.Overflowed;
    }

    /// <summary>
    /// Puts the fields into the head of the answer that is given: one that has a field of the same name keeps its own, but for
    /// cookies. A type counts for an answer of the proxy's own too, unless it is an error.
    /// </summary>
    /// <param name="block">What the head is written in, with perhaps a body behind it.</param>
    /// <param name="length">How long that is.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="isOwn">Whether it is the proxy's own.</param>
    /// <returns>How long it is now; 0 where there is no room.</returns>
    public int Insert(Block block, int length, int status, bool isOwn)
    {
        var all = block.Span;
        var start = all.IndexOf((byte)'\n') + 1;
        for (var lines = Lines; !lines.IsEmpty;)
        {
            var line = TakeLine(ref lines);
            var name = NameOf(line);
            if (isOwn && Ascii.EqualsIgnoreCase(name, "Content-Type"u8))
            {
                if (status is < 200 or >= 300)
                    continue;
                if (Find(all[..length], name) is { IsFound: true } own && !all[own.Start..own.End].StartsWith("Content-Type: multipart/"u8))
                {
                    all[own.End..length].CopyTo(all[own.Start..]);
                    length -= own.End - own.Start;

                    // It may be one that was put in before.
                    if (own.Start < start)
                        start -= own.End - own.Start;
                }
            }

            if (!IsCookie(name) && Find(all[..length], name).IsFound)
                continue;
            if (line.Length > Block.Size - length)
                return 0;
            all[start..length].CopyTo(all[(start + line.Length)..]);
            line.CopyTo(all[start..]);
            (start, length) = (start + line.Length, length + line.Length);
        }

        return length;
    }

    /// <summary>Lets go of it.</summary>
    public void Release(BlockPool blocks)
    {
        if (IsHeld)
            blocks.Return(_block);
        (_block, _targetLength, _length, Route) = (default, 0, 0, null);
    }

    // nginx: the headers of upstreams that are marked "redirect".
    private static bool IsKept(ReadOnlySpan<byte> name) => name.Length switch
    {
        7 => Ascii.EqualsIgnoreCase(name, "Expires"u8),
        10 => Ascii.EqualsIgnoreCase(name, "Set-Cookie"u8),
        12 => Ascii.EqualsIgnoreCase(name, "Content-Type"u8),
        13 => Ascii.EqualsIgnoreCase(name, "Cache-Control"u8) || Ascii.EqualsIgnoreCase(name, "Accept-Ranges"u8),
        19 => Ascii.EqualsIgnoreCase(name, "Content-Disposition"u8),
        _ => false,
    };

    private static bool IsCookie(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(name, "Set-Cookie"u8);

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> line) => line[..line.IndexOf((byte)':')];

    private static ReadOnlySpan<byte> TakeLine(scoped ref ReadOnlySpan<byte> lines)
    {
        var line = lines[..(lines.IndexOf((byte)'\n') + 1)];
        lines = lines[line.Length..];
        return line;
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> name)
    {
        while (!lines.IsEmpty)
        {
            var line = TakeLine(ref lines);
            if (Ascii.EqualsIgnoreCase(NameOf(line), name))
                return HttpBytes.Trim(line[(name.Length + 1)..^2]);
        }

        return default;
    }

    private static (bool IsFound, int Start, int End) Find(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        for (var start = head.IndexOf((byte)'\n') + 1; head[start] is not (byte)'\r';)
        {
            var end = start + head[start..].IndexOf((byte)'\n') + 1;
            if (head.Length - start > name.Length && head[start + name.Length] == ':' && Ascii.EqualsIgnoreCase(head.Slice(start, name.Length), name))
                return (true, start, end);
            start = end;
        }

        return default;
    }
}

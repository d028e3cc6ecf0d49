using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Compression;

/// <summary>Whether texts in an answer are replaced.</summary>
internal enum Edited : byte
{
    No,

    /// <summary>They are, and nobody knows when it was changed last.</summary>
    Yes,

    /// <summary>They are, and it is told when what they stand in was changed.</summary>
    KeepsDate,

    /// <summary>None are, and it is unpacked.</summary>
    Unpacked,
}

/// <summary>What the head of an answer says of its being compressed, or changed otherwise; nothing by default.</summary>
/// <param name="Varies">It goes by what the client takes whether it is.</param>
/// <param name="Coding">How it is compressed; null where it is not.</param>
/// <param name="Edited">Whether texts in it are replaced.</param>
internal readonly record struct PackedHead(bool Varies, ContentCoding? Coding, Edited Edited = Edited.No)
{
    public bool IsPacked => Coding is not null;

    /// <summary>Whether its bytes are others than those that the head speaks of.</summary>
    public bool IsChanged => IsPacked || Edited != Edited.No;

    /// <summary>Whether a field says what does not hold for what is compressed.</summary>
    public bool Drops(in Field field, ReadOnlySpan<byte> head) => IsChanged && field.NameLength switch
    {
        4 => Ascii.EqualsIgnoreCase(field.Name(head), "etag"u8) && (Edited == Edited.Yes || !IsWeak(field.Value(head))),
        13 => Ascii.EqualsIgnoreCase(field.Name(head), "accept-ranges"u8) || (Edited == Edited.Yes && Ascii.EqualsIgnoreCase(field.Name(head), "last-modified"u8)),
        14 => field.Known == KnownField.ContentLength,
        16 => Edited == Edited.Unpacked && Ascii.EqualsIgnoreCase(field.Name(head), "content-encoding"u8),
        _ => false,
    };

    /// <summary>Whether a tag says already that it is of the same meaning and not of the same bytes.</summary>
    public static bool IsWeak(ReadOnlySpan<byte> tag) => tag.StartsWith("W/"u8);

    /// <summary>
    /// Writes what the head says besides. A tag that the configuration takes out stays out; that the answer goes by what
    /// the client takes is said whatever is taken out of the server's own words, as nginx and HAProxy do it.
    /// </summary>
    /// <param name="writer">Where to.</param>
    /// <param name="edits">What is changed of the head; null for nothing.</param>
    /// <param name="tag">The strong tag that the answer has uncompressed; empty for none.</param>
    public void Write(ref BlockWriter writer, FieldEdits? edits, ReadOnlySpan<byte> tag)
    {
        if (IsChanged && Edited != Edited.Yes && tag is [(byte)'"', ..] && edits?.Drops("ETag"u8) is not true)
        {
            writer.Write("ETag: W/"u8);
            writer.Write(tag);
            writer.Write("\r\n"u8);
        }

        if (Varies)
            writer.Write("Vary: Accept-Encoding\r\n"u8);
        if (IsPacked)
            writer.Write(Coding == ContentCoding.Gzip ? "Content-Encoding: gzip\r\n"u8 : "Content-Encoding: deflate\r\n"u8);
    }
}

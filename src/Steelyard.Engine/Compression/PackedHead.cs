using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Compression;

/// <summary>What the head of an answer says of its being compressed; nothing by default.</summary>
/// <param name="Varies">It goes by what the client takes whether it is.</param>
/// <param name="Coding">How it is compressed; null where it is not.</param>
internal readonly record struct PackedHead(bool Varies, ContentCoding? Coding)
{
    public bool IsPacked => Coding is not null;

    /// <summary>Whether a field says what does not hold for what is compressed.</summary>
    public bool Drops(in Field field, ReadOnlySpan<byte> head) => IsPacked && field.NameLength switch
    {
        4 => Ascii.EqualsIgnoreCase(field.Name(head), "etag"u8) && !IsWeak(field.Value(head)),
        13 => Ascii.EqualsIgnoreCase(field.Name(head), "accept-ranges"u8),
        14 => field.Known == KnownField.ContentLength,
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
        if (IsPacked && tag is [(byte)'"', ..] && edits?.Drops("ETag"u8) is not true)
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

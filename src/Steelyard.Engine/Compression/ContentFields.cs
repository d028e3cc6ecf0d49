using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Compression;

/// <summary>What an answer says of its content, as far as compressing it goes by that.</summary>
internal readonly ref struct ContentFields
{
    public int Status { get; init; }

    /// <summary>The length; -1 where it is not known.</summary>
    public long Length { get; init; } = -1;

    public ReadOnlySpan<byte> Type { get; init; }

    /// <summary>When it expires; empty where it does not say.</summary>
    public ReadOnlySpan<byte> Expires { get; init; }

    public ReadOnlySpan<byte> Date { get; init; }

    public bool IsDated { get; init; }

    public bool IsTagged { get; init; }

    /// <summary>It is compressed already, a part of something, or not to be changed.</summary>
    public bool StaysAsItIs { get; init; }

    /// <summary>It is compressed.</summary>
    public bool IsCoded { get; init; }

    /// <summary>It is compressed by gzip, and by nothing else.</summary>
    public bool IsGzip { get; init; }

    /// <summary>It is a part of something.</summary>
    public bool IsPart { get; init; }

    public bool SaysCacheControl { get; init; }

    public bool SaysNoCache { get; init; }

    public bool SaysNoStore { get; init; }

    public bool SaysPrivate { get; init; }

    public ContentFields()
    {
    }

    /// <summary>Of the answer of a server.</summary>
    public static ContentFields Of(ResponseHead response, ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> type = default, expires = default, date = default;
        var (dated, tags, stays, control, noCache, noStore, isPrivate) = (false, 0, false, false, false, false, false);
        var (coded, gzip, part) = (false, false, false);
        foreach (ref readonly var field in response.Fields.All)
        {
            var name = field.Name(head);
            var value = field.Value(head);
            switch (name.Length)
            {
                case 4 when Ascii.EqualsIgnoreCase(name, "etag"u8):
                    tags++;
                    break;
                case 4 when field.Known == KnownField.Date:
                    date = value;
                    break;
                case 7 when Ascii.EqualsIgnoreCase(name, "expires"u8):
                    expires = value;
                    break;
                case 12 when Ascii.EqualsIgnoreCase(name, "content-type"u8):
                    type = value;
                    break;
                case 13 when Ascii.EqualsIgnoreCase(name, "last-modified"u8):
                    dated = true;
                    break;
                case 13 when Ascii.EqualsIgnoreCase(name, "content-range"u8):
                    (stays, part) = (true, true);
                    break;
                case 13 when Ascii.EqualsIgnoreCase(name, "cache-control"u8):
                    control = true;
                    while (!value.IsEmpty)
                    {
                        var directive = HttpBytes.NextMember(ref value);
                        stays |= Ascii.EqualsIgnoreCase(directive, "no-transform"u8);
                        noCache |= Ascii.EqualsIgnoreCase(directive, "no-cache"u8);
                        noStore |= Ascii.EqualsIgnoreCase(directive, "no-store"u8);
                        isPrivate |= Ascii.EqualsIgnoreCase(directive, "private"u8);
                    }

                    break;
                case 16 when Ascii.EqualsIgnoreCase(name, "content-encoding"u8):
                    gzip = !coded && Ascii.EqualsIgnoreCase(value, "gzip"u8);
                    coded |= !value.IsEmpty;
                    break;
            }
        }

        return new()
        {
            Status = response.ShownStatus,
            Length = response.Fields.Chunked ? -1 : response.Fields.ContentLength,
            Type = type,
            Expires = expires,
            Date = date,
            IsDated = dated,
            IsTagged = tags > 0,

            // HAProxy: of two tags nobody knows which is meant.
            StaysAsItIs = stays || coded || tags > 1,
            IsCoded = coded,
            IsGzip = gzip,
            IsPart = part,
            SaysCacheControl = control,
            SaysNoCache = noCache,
            SaysNoStore = noStore,
            SaysPrivate = isPrivate,
        };
    }
}

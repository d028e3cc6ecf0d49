using System.IO.Compression;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A request or a response as it came over the wire.</summary>
/// <param name="Head">Start line and field lines, with the empty line.</param>
internal sealed record HttpMessage(string Head)
{
    private readonly string[] _lines = Head.Split("\r\n");

    /// <summary>The body without its framing.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>The sizes of the chunks of the body, the last, empty one left out; null for a body not in chunks.</summary>
    public int[]? Chunks { get; init; }

    /// <summary>The body ended with the connection.</summary>
    public bool UntilClose { get; init; }

    public string StartLine => _lines[0];

    public string Method => StartLine.Split(' ')[0];

    public string Target => StartLine.Split(' ')[1];

    public int Status => int.Parse(StartLine.Split(' ')[1]);

    public string Text => RawSocket.Latin1.GetString(Body);

    /// <summary>The body as it was before it was compressed.</summary>
    public string Plain => RawSocket.Latin1.GetString(Unpacked);

    private byte[] Unpacked
    {
        get
        {
            if (Body.Length == 0 || this["Content-Encoding"] is not ("gzip" or "deflate"))
                return Body;
            using var packed = new MemoryStream(Body);

            // What is called deflate is one of two things.
            using Stream unpacking = this["Content-Encoding"] == "gzip" ? new GZipStream(packed, CompressionMode.Decompress)
                : Body[0] == 0x78 ? new ZLibStream(packed, CompressionMode.Decompress)
                : new DeflateStream(packed, CompressionMode.Decompress);
            using var plain = new MemoryStream();
            try
            {
                unpacking.CopyTo(plain);
            }
            catch (InvalidDataException)
            {
                // It only says so.
                return Body;
            }

            return plain.ToArray();
        }
    }

    /// <summary>The field lines as they came.</summary>
    public string[] Lines => _lines[1..^2];

    /// <summary>The value of a field that occurs at most once; null without it.</summary>
    public string? this[string name] => All(name) is [var first, .. var more]
        ? more.Length == 0 ? first : throw new InvalidOperationException($"{name} came {more.Length + 1} times:\n{Head}")
        : null;

    public string[] All(string name) =>
        [.. from line in Lines let colon = line.IndexOf(':') where line[..colon].Equals(name, StringComparison.OrdinalIgnoreCase) select line[(colon + 1)..].Trim()];
}

namespace Steelyard.Engine.Http1;

/// <summary>How the end of a body is known (RFC 9112, 6.3).</summary>
internal enum BodyKind : byte
{
    /// <summary>There is no body.</summary>
    None,

    /// <summary>So many bytes.</summary>
    Counted,

    /// <summary>Chunks, the last of them empty.</summary>
    Chunked,

    /// <summary>Everything until the connection closes; responses only.</summary>
    UntilClose,
}

/// <summary>How long a body is.</summary>
/// <param name="Kind">How its end is known.</param>
/// <param name="Length">Bytes, when counted.</param>
internal readonly record struct BodyFraming(BodyKind Kind, long Length = 0)
{
    public static BodyFraming Counted(long length) => length == 0 ? default : new(BodyKind.Counted, length);

    public bool HasBody => Kind != BodyKind.None;
}

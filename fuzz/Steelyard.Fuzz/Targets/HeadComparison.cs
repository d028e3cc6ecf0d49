using Steelyard.Engine.Http1;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>Reads one head at once and once more in pieces: the result must be the same to the last position.</summary>
internal static class HeadComparison
{
    public static HeadState ReadInPieces(HeadReader reader, ReadOnlySpan<byte> head, int mostBytes, int mostFields, uint seed)
    {
        var splits = new Splits(seed);
        var state = HeadState.Incomplete;
        for (var arrived = 0; state == HeadState.Incomplete && arrived < head.Length;)
        {
            arrived = (int)Math.Min((long)arrived + splits.Next(), head.Length);
            state = reader.Read(head[..arrived], mostBytes, mostFields);
        }

        return state;
    }

    public static void RequireSame(HeadReader one, HeadState oneState, HeadReader other, HeadState otherState, ReadOnlySpan<byte> head)
    {
        Require(oneState == otherState, $"state: {oneState} and {otherState}");
        Require(one.Error == other.Error, $"error: {one.Error} and {other.Error}");
        Require((one.Error == HeadError.None) == (oneState == HeadState.Complete) || oneState == HeadState.Incomplete, "an error without a cause");
        Require(one.Length == other.Length, "length");
        Require(one.Fields.Count == other.Fields.Count, "field count");
        Require(one.Fields.ContentLength == other.Fields.ContentLength, "content length");
        Require((one.Fields.Chunked, one.Fields.Close, one.Fields.KeepAlive) == (other.Fields.Chunked, other.Fields.Close, other.Fields.KeepAlive), "flags");
        for (var i = 0; i < one.Fields.Count; i++)
        {
            ref readonly var a = ref one.Fields.All[i];
            ref readonly var b = ref other.Fields.All[i];
            Require((a.Start, a.NameLength, a.ValueStart, a.ValueLength, a.End) == (b.Start, b.NameLength, b.ValueStart, b.ValueLength, b.End), "field position");
            Require((a.Known, a.HopByHop) == (b.Known, b.HopByHop), "field kind");
            Require(head.Slice(a.End - 2, 2).SequenceEqual("\r\n"u8) || (one.Tolerant && head[a.End - 1] == '\n'), "a field ends in CRLF");
            Require(a.Name(head).IndexOfAnyExcept(HttpBytes.Token) < 0 && a.NameLength > 0, "a field name is a token");
            Require(a.Value(head).IndexOfAny(HttpBytes.FieldControls) < 0, "a field value holds no control");
        }

        if (oneState == HeadState.Complete)
        {
            Require(one.FieldsStart == other.FieldsStart, "start of the fields");
            Require(head[..one.Length].EndsWith("\r\n\r\n"u8) || (one.Tolerant && head[one.Length - 1] == (byte)'\n'), "a head ends in an empty line");
        }
    }
}

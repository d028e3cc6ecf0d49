using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>
/// Two bytes of options, then a response head. Read at once and in pieces it is the same, and what is passed on of it
/// is a response that says the same.
/// </summary>
internal static class ResponseHeadTarget
{
    private const int FieldsAdded = 3;

    [ThreadStatic]
    private static Rig? s_rig;

    private sealed class Rig
    {
        public readonly ResponseHead Whole = new();
        public readonly ResponseHead Pieces = new();
        public readonly ResponseHead Passed = new();
        public readonly Block Block = new BlockPool().Rent();
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return;
        Run(input[2..], seed: input[0] + 1u, mostBytes: (input[1] & 3) switch { 0 => 64, 1 => 256, 2 => 1024, _ => 16 * 1024 }, mostFields: (input[1] & 4) == 0 ? 100 : 8, (ConnectionOption)((input[1] >> 3) % 3));
    }

    public static void Run(ReadOnlySpan<byte> head, uint seed, int mostBytes, int mostFields, ConnectionOption connection)
    {
        var rig = s_rig ??= new Rig();
        rig.Whole.Clear();
        rig.Pieces.Clear();
        var state = HeadComparison.ReadInPieces(rig.Whole, head, mostBytes, mostFields, seed: 0);
        var piecewise = HeadComparison.ReadInPieces(rig.Pieces, head, mostBytes, mostFields, seed);
        HeadComparison.RequireSame(rig.Whole, state, rig.Pieces, piecewise, head);
        Require((rig.Whole.Status, rig.Whole.MinorVersion, rig.Whole.KeepAlive) == (rig.Pieces.Status, rig.Pieces.MinorVersion, rig.Pieces.KeepAlive), "status line");
        if (state != HeadState.Complete)
            return;

        Require(rig.Whole.Status is >= 100 and <= 999, "a status has three digits");
        Require(rig.Whole.KeepAliveSeconds(head) == rig.Pieces.KeepAliveSeconds(head), "keep-alive");
        Require(!rig.Whole.Body(KnownMethod.Head).HasBody, "the answer to HEAD has no body");
        RequirePassable(rig, head[..rig.Whole.Length], connection);
    }

    private static void RequirePassable(Rig rig, ReadOnlySpan<byte> head, ConnectionOption connection)
    {
        var (read, passed) = (rig.Whole, rig.Passed);
        var framing = read.Body(KnownMethod.Get);
        var chunked = framing.Kind is BodyKind.Chunked or BodyKind.UntilClose;
        var writer = new BlockWriter(rig.Block);
        ResponseWriter.Write(ref writer, read, head, chunked, connection, "Mon, 23 Nov 2026 08:00:00 GMT"u8);
        Require(!writer.Overflowed, "a block holds the largest head and what is added to it");
        var written = writer.Written.Span;
        passed.Clear();
        var state = passed.Read(written, Block.Size, read.Fields.Count + FieldsAdded);
        Require(state == HeadState.Complete && passed.Length == written.Length, $"what is passed on is a response: {passed.Error}");
        Require(passed.Status == read.Status && passed.MinorVersion == 1, "the status is passed on");
        Require(passed.Body(KnownMethod.Get) == (chunked ? new BodyFraming(BodyKind.Chunked) : framing), "the framing is passed on");
        Require(read.Interim || passed.Fields.IndexOf(KnownField.Date) >= 0, "an answer is dated");
        Require(passed.Fields.Close == (connection == ConnectionOption.Close) && passed.Fields.KeepAlive == (connection == ConnectionOption.KeepAlive), "the connection is ours to speak of");
    }
}

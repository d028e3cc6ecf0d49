using System.Net;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>
/// Two bytes of options, then a request head. Read at once and in pieces it is the same, and what is sent on of it is
/// a request that says the same and nothing of the client's connection.
/// </summary>
internal static class RequestHeadTarget
{
    private const int FieldsAdded = 10;

    [ThreadStatic]
    private static Rig? s_rig;

    private sealed class Rig
    {
        public readonly RequestHead Whole = new();
        public readonly RequestHead Pieces = new();
        public readonly RequestHead Forwarded = new();
        public readonly ForwardedFields Untrusted = new();
        public readonly ForwardedFields Trusted = new();
        public readonly Block Block = new BlockPool().Rent();

        public Rig()
        {
            var peer = KernelAddress.For(IPAddress.Parse("10.1.2.3"), 4711);
            Untrusted.Reset(peer, new ListenerState(new RouteTable([], new Dictionary<string, Balancing.Pool>(StringComparer.Ordinal)), []));
            Trusted.Reset(peer, new ListenerState(new RouteTable([], new Dictionary<string, Balancing.Pool>(StringComparer.Ordinal)), [IPNetwork.Parse("10.0.0.0/8")]));
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return;
        Run(input[2..], seed: input[0] + 1u, mostBytes: (input[1] & 3) switch { 0 => 64, 1 => 256, 2 => 1024, _ => 16 * 1024 }, mostFields: (input[1] & 4) == 0 ? 100 : 8, trusted: (input[1] & 8) != 0, connect: (input[1] & 16) != 0, tolerant: (input[1] & 32) != 0);
    }

    public static void Run(ReadOnlySpan<byte> head, uint seed, int mostBytes, int mostFields, bool trusted, bool connect = false, bool tolerant = false)
    {
        var rig = s_rig ??= new Rig();
        rig.Whole.Clear();
        rig.Pieces.Clear();
        rig.Whole.AllowsConnect = rig.Pieces.AllowsConnect = rig.Forwarded.AllowsConnect = connect;

        // What is sent on is read strictly, whatever was forgiven.
        rig.Whole.Tolerant = rig.Pieces.Tolerant = tolerant;
        var state = HeadComparison.ReadInPieces(rig.Whole, head, mostBytes, mostFields, seed: 0);
        var piecewise = HeadComparison.ReadInPieces(rig.Pieces, head, mostBytes, mostFields, seed);
        HeadComparison.RequireSame(rig.Whole, state, rig.Pieces, piecewise, head);
        RequireSameRequest(rig.Whole, rig.Pieces);
        if (state != HeadState.Complete)
            return;

        Require(rig.Whole.Length <= mostBytes && rig.Whole.Fields.Count <= mostFields, "the limits hold");
        Require(rig.Whole.MethodBytes(head).SequenceEqual(rig.Pieces.MethodBytes(head)), "method");
        Require(rig.Whole.Target(head).SequenceEqual(rig.Pieces.Target(head)), "target");
        Require(rig.Whole.Authority(head).SequenceEqual(rig.Pieces.Authority(head)), "authority");
        RequireForwardable(rig, head[..rig.Whole.Length], trusted);
    }

    private static void RequireSameRequest(RequestHead one, RequestHead other)
    {
        Require((one.Method, one.MinorVersion, one.AbsoluteForm) == (other.Method, other.MinorVersion, other.AbsoluteForm), "request line");
        Require((one.ExpectsContinue, one.KeepAlive, one.Body) == (other.ExpectsContinue, other.KeepAlive, other.Body), "body");
        Require(one.WantsUpgrade == other.WantsUpgrade, "upgrade");
        Require((one.WantsTrailers, one.PassesTrailers) == (other.WantsTrailers, other.PassesTrailers), "trailers");
    }

    /// <summary>What the servers read must be what was routed and framed here.</summary>
    private static void RequireForwardable(Rig rig, ReadOnlySpan<byte> head, bool trusted)
    {
        var writer = new BlockWriter(rig.Block);
        RequestWriter.Write(ref writer, rig.Whole, head, trusted ? rig.Trusted : rig.Untrusted, "pool"u8);
        if (writer.Overflowed)
            return;
        ReadOnlySpan<byte> written = writer.Written.Span;
        var (sent, read) = (rig.Forwarded, rig.Whole);
        sent.Clear();
        var state = sent.Read(written, Block.Size, read.Fields.Count + FieldsAdded);
        Require(state == HeadState.Complete && sent.Length == written.Length, $"what is sent on is a request: {sent.Error}");
        Require(sent.MethodBytes(written).SequenceEqual(read.MethodBytes(head)), "the method is sent on");
        Require(sent.Path(written).SequenceEqual(read.Path(head)), "the path that was routed is sent on");
        Require(sent.Body == read.Body && sent.MinorVersion == 1 && sent.AbsoluteForm == (read.Method == KnownMethod.Connect) && sent.WantsUpgrade == read.WantsUpgrade, "the framing is sent on");
        Require(sent.Authority(written).SequenceEqual(read.Authority(head).IsEmpty ? "pool"u8 : read.Authority(head)), "the host is sent on");
        Require(sent.WantsTrailers == (read.WantsTrailers && !read.WantsUpgrade), "the wish for trailers is sent on");
        foreach (ref readonly var field in sent.Fields.All)
            Require(!field.HopByHop || IsOurs(field.Known, read), "the client's connection is no affair of the server's");
    }

    private static bool IsOurs(KnownField known, RequestHead read) => known switch
    {
        KnownField.TransferEncoding => true,
        KnownField.Upgrade => read.WantsUpgrade,
        KnownField.Te => read.WantsTrailers,
        KnownField.Connection => read.WantsUpgrade || read.WantsTrailers,
        KnownField.Trailer => read.PassesTrailers,
        _ => false,
    };
}

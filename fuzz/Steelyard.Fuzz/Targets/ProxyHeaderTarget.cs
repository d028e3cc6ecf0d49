using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.ProxyProtocol;
using static Steelyard.Fuzz.Targets.FuzzTargets;

namespace Steelyard.Fuzz.Targets;

/// <summary>
/// A byte of options, then the start of a connection. A PROXY header is judged alike however much of what follows has
/// arrived, and what it says can be said again.
/// </summary>
internal static class ProxyHeaderTarget
{
    [ThreadStatic]
    private static ProxyHeader? s_header;

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length >= 1)
            Run(input[1..], seed: input[0] + 1u);
    }

    public static void Run(ReadOnlySpan<byte> bytes, uint seed)
    {
        var header = s_header ??= new ProxyHeader();
        var state = header.Read(bytes);
        var (length, names, source, destination) = (header.Length, header.NamesClient, header.Source, header.Destination);
        Require(state != HeadState.Complete || (length > 0 && length <= bytes.Length && length <= ProxyHeader.MostBytes), "the limits hold");
        Require(state != HeadState.Incomplete || bytes.Length < ProxyHeader.MostBytes, "a header ends in time");

        var splits = new Splits(seed);
        for (var arrived = 0; arrived < bytes.Length; arrived += Math.Min(splits.Next(), bytes.Length - arrived))
        {
            var early = header.Read(bytes[..arrived]);
            Require(early == HeadState.Incomplete || early == state, "what is judged stays judged");
            if (state == HeadState.Complete)
                Require(early == (arrived < length ? HeadState.Incomplete : HeadState.Complete) && (arrived < length || header.Length == length), "complete with its last byte");
        }

        if (state != HeadState.Complete || !names)
            return;
        Require(source.Family == destination.Family, "both ends are of one kind");
        RequireSayable(header, ProxyProtocolVersion.V1, source, destination);
        RequireSayable(header, ProxyProtocolVersion.V2, source, destination);
    }

    private static void RequireSayable(ProxyHeader header, ProxyProtocolVersion version, in KernelAddress source, in KernelAddress destination)
    {
        Span<byte> room = stackalloc byte[ProxyHeaderWriter.MostBytes];
        var length = ProxyHeaderWriter.Write(room, version, source, destination);
        Require(header.Read(room[..length]) == HeadState.Complete && header.Length == length, "what is written is a header");
        Require(header.NamesClient == (source.Address() is not null), "what has no address is unknown");
        if (!header.NamesClient)
            return;
        Require(Equals(header.Source.Address(), source.Address()) && header.Source.Port == source.Port, "the client is said again");
        Require(Equals(header.Destination.Address(), destination.Address()) && header.Destination.Port == destination.Port, "the destination is said again");
    }
}

using Steelyard.Config.Expressions;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tracing;

namespace Steelyard.Engine.Expressions;

/// <summary>What is not of the request but of the moment: the time, chance, and numbers that nobody else has.</summary>
/// <param name="kind">Which of them.</param>
internal sealed class LoopValue(FetchKind kind) : CompiledValue
{
    private const int UuidLength = 36;
    private const int LongestTime = 32;

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Loop is not { } loop)
            return false;
        var room = ExpressionRoom.OfThread;
        var now = loop.Events.Now;
        return kind switch
        {
            FetchKind.Now => room.TryWrite(new DateTimeOffset(loop.LogClock.At(now, now), TimeSpan.Zero).ToUnixTimeSeconds(), out value),
            FetchKind.PreciseNow or FetchKind.LocalTime or FetchKind.IsoTime => TryWriteTime(loop, kind, room, out value),
            FetchKind.ConnectionNumber => scope.Connection is { } connection && room.TryWrite(connection.Number, out value),
            FetchKind.TlsHello => scope.Connection is { } begun && room.TryWrite(begun.Hello is { IsTls: true } ? 1 : 0, out value),
            FetchKind.HelloVersion or FetchKind.HelloProtocols => scope.Connection?.Hello is { } hello && !(value = kind == FetchKind.HelloVersion ? hello.Version : hello.Protocols).IsEmpty,
            FetchKind.ConnectionRequests => scope.Connection is { } its && room.TryWrite(its.Requests, out value),
            FetchKind.Random => room.TryWrite((uint)loop.NextChance(), out value),
            FetchKind.ProcessId => room.TryWrite(Environment.ProcessId, out value),
            FetchKind.RequestNumber => room.TryWrite(loop.NextNumber(), out value),
            _ => TryWriteUuid(loop.Identities, room, out value),
        };
    }

    private static bool TryWriteTime(ProxyLoop loop, FetchKind kind, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(LongestTime, out var written))
            return false;
        var writer = new LineWriter(written);
        var time = loop.LogClock.At(loop.Events.Now, loop.Events.Now);
        switch (kind)
        {
            case FetchKind.LocalTime:
                loop.LogClock.WriteWithZone(ref writer, time);
                break;
            case FetchKind.IsoTime:
                LogClock.WriteIsoWithZone(ref writer, time);
                break;
            default:
                writer.Write(new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeSeconds());
                writer.Write((byte)'.');
                LogClock.WriteDigits(ref writer, time.Millisecond, 3);
                break;
        }

        value = written[..writer.Length];
        return true;
    }

    // RFC 9562, 5.4.
    private static bool TryWriteUuid(IdentitySource source, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!room.TryTake(UuidLength, out var written))
            return false;
        Span<byte> digits = stackalloc byte[2 * IdentitySource.HalfDigits];
        source.Write(digits);
        digits[12] = (byte)'4';
        digits[16] = "89ab"u8[digits[16] & 3];
        var (from, to) = (0, 0);
        foreach (var length in (ReadOnlySpan<int>)[8, 4, 4, 4, 12])
        {
            digits.Slice(from, length).CopyTo(written[to..]);
            (from, to) = (from + length, to + length);
            if (to < UuidLength)
                written[to++] = (byte)'-';
        }

        value = written;
        return true;
    }
}

using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>All fields of a head: as lines, or their names alone (HAProxy: req.hdrs, req.hdr_names). Names are in small letters, as HAProxy has them.</summary>
internal sealed class FieldsValue(FetchKind kind, byte[] between) : CompiledValue
{
    private readonly bool _ofResponse = kind is FetchKind.ResponseHeaderBlock or FetchKind.ResponseHeaderNames;
    private readonly bool _namesAlone = kind is FetchKind.HeaderNames or FetchKind.ResponseHeaderNames;

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        var head = scope.HeadOf(_ofResponse);
        if (head.IsEmpty)
            return false;
        var room = ExpressionRoom.OfThread;
        var start = room.Used;
        foreach (ref readonly var field in scope.FieldsOf(_ofResponse))
        {
            if (_namesAlone && room.Used > start && !PatternReplacement.Copy(between, room))
                return false;
            if (!TextFunctions.TryChangeCase(field.Name(head), upper: false, room, out _))
                return false;
            if (!_namesAlone && !(PatternReplacement.Copy(": "u8, room) && PatternReplacement.Copy(field.Value(head), room) && PatternReplacement.Copy("\r\n"u8, room)))
                return false;
        }

        if (!_namesAlone && !PatternReplacement.Copy("\r\n"u8, room))
            return false;
        value = room.From(start);
        return true;
    }
}

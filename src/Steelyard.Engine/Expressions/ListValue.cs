using Steelyard.Config.Expressions;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>A value of a list, looked up.</summary>
internal sealed class ListValue(ListExpression lookup) : CompiledValue
{
    private readonly CompiledValue _input = From(lookup.Input);
    private readonly ListBinding _list = new(lookup.List, new(lookup.Test, lookup.IgnoreCase, lookup.Values));
    private readonly TemplateBytes? _otherwise = lookup.Otherwise is { } otherwise ? new(otherwise) : null;

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!_input.TryRead(scope, out var input))
            return false;
        if (_list.In(scope.Lists)?.Find(input) is not { } found)
            return _otherwise is not null && _otherwise.TryMake(scope, out value);
        if (found.Expression is { } expression && lookup.Values == ListValues.Groups)
            return TryExpand(expression, input, found.Bytes, out value);
        value = found.Bytes;
        return true;
    }

    private static bool TryExpand(BytePattern expression, ReadOnlySpan<byte> input, ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value)
    {
        value = default;
        var room = ExpressionRoom.OfThread;
        var start = room.Used;
        Span<int> captures = stackalloc int[(BytePattern.MostGroups + 1) * 2];
        if (!expression.TryMatch(input, 0, captures) || !PatternReplacement.TryWrite(input, captures, text, room))
            return false;
        value = room.From(start);
        return true;
    }
}

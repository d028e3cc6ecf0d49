using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tracking;

/// <summary>What a table has counted of the key that a request is tracked by, or that key.</summary>
internal sealed class TrackedValue : CompiledValue
{
    private readonly TrackedCounter _asked;
    private readonly bool _isKey;

    public TrackedValue(FetchExpression fetch)
    {
        if (!TrackedCounter.TryParse(fetch, out _asked))
            throw new ArgumentException(fetch.Name, nameof(fetch));
        _isKey = fetch.Kind == FetchKind.TrackedKey;
    }

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Tracking is not { } tracking || !tracking.TryFind(_asked.Slot, out var keys))
            return false;
        if (_isKey)
        {
            value = keys.TextOf(_asked.Slot);
            return true;
        }

        return keys.TableOf(_asked.Slot)!.TryAsk(keys.KeyOf(_asked.Slot), default, _asked.Asked, tracking.Now, out var number)
            && ExpressionRoom.OfThread.TryWrite(number, out value);
    }
}

/// <summary>What a table has counted of a key, or whether it has it.</summary>
internal sealed class TableValue : CompiledValue
{
    private readonly CompiledValue _key;
    private readonly string _table;
    private readonly AskedCounter? _asked;

    public TableValue(CallExpression call)
    {
        (_key, _table) = (From(call.Input), call.Arguments[0]);
        if (call.Function == FunctionKind.TableCounter)
            _asked = AskedCounter.TryParse(call.Arguments[1], out var asked) ? asked : throw new ArgumentException(call.Arguments[1], nameof(call));
    }

    public static bool Is(CallExpression call) => call.Function is FunctionKind.TableCounter or FunctionKind.InTable;

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Tracking is not { } tracking || tracking.Find(_table) is not { } table || !_key.TryRead(scope, out var text))
            return false;
        var key = table.KeyOf(text);
        if (_asked is { } asked)
            return table.TryAsk(key, text, asked, tracking.Now, out var number) && ExpressionRoom.OfThread.TryWrite(number, out value);
        value = table.Has(key, tracking.Now) ? "1"u8 : "0"u8;
        return true;
    }
}

using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>Some of the first bytes of a connection; absent where not all of them have come.</summary>
internal sealed class FirstBytesValue : CompiledValue
{
    private readonly FirstBytes _which;

    public FirstBytesValue(string name) => _ = FirstBytes.TryParse(name, out _which);

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (scope.Connection is not { } connection || connection.FirstBytes.Length < _which.Needed)
            return false;
        value = _which.Length == 0 ? connection.FirstBytes[_which.Offset..] : connection.FirstBytes.Slice(_which.Offset, _which.Length);
        return true;
    }
}

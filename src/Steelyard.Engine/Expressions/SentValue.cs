using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>A field of the head that a client gets, found in its bytes: who wrote them does not read them again.</summary>
/// <param name="name">The name.</param>
internal sealed class SentValue(byte[] name) : CompiledValue
{
    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        // What is behind may be a body, in which a client could have put a line.
        var rest = scope.SentHead;
        var empty = rest.IndexOf("\r\n\r\n"u8);
        rest = empty < 0 ? rest : rest[..empty];
        for (var end = rest.IndexOf("\r\n"u8); end >= 0; end = rest.IndexOf("\r\n"u8))
        {
            rest = rest[(end + 2)..];
            if (rest.Length <= name.Length || rest[name.Length] != ':' || !Ascii.EqualsIgnoreCase(rest[..name.Length], name))
                continue;
            var behind = rest[(name.Length + 1)..];
            end = behind.IndexOf("\r\n"u8);
            value = HttpBytes.Trim(end < 0 ? behind : behind[..end]);
            return true;
        }

        value = default;
        return false;
    }
}

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>A function of a value, compiled: a new one is a case here, and a row in <see cref="FunctionTable"/>.</summary>
internal sealed class CallValue : CompiledValue
{
    private readonly FunctionKind _function;
    private readonly CompiledValue _input;
    private readonly byte[][] _texts;
    private readonly long[] _numbers;
    private readonly BytePattern? _pattern;
    private readonly TrustedNetworks? _networks;

    // A number that is not known before; null for one that is.
    private readonly CompiledValue? _operand;

    public CallValue(CallExpression call)
    {
        (_function, _input) = (call.Function, From(call.Input));
        _texts = Array.ConvertAll(call.Arguments.AsSpan().ToArray(), Encoding.UTF8.GetBytes);
        _numbers = Array.ConvertAll(call.Arguments.AsSpan().ToArray(), text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0);
        if (call.TemplateArgument() is { } operand)
            _operand = FromOperand(operand);
        if (_function is FunctionKind.Replace or FunctionKind.Group)
            _pattern = BytePattern.Parse(call.Arguments[0], HasFlag('i'));
        if (_function == FunctionKind.LastAddress && call.Arguments.Count > 0)
            _networks = new(Array.ConvertAll(call.Arguments[0].Split(' '), TestCondition.ParseNetwork));
    }

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        if (!_input.TryRead(scope, out var input))
        {
            value = _function == FunctionKind.Default ? _texts[0] : default;
            return _function == FunctionKind.Default;
        }

        if (_operand is null)
        {
            if (TryCall(input, ExpressionRoom.OfThread, out value))
                return true;

            // What cannot be made is not there.
            value = default;
            return false;
        }

        value = default;
        return _operand.TryRead(scope, out var other) && TryCompute(input, NumberIn(other), ExpressionRoom.OfThread, out value);
    }

    // As in HAProxy, what is no number counts as 0.
    private static long NumberIn(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out long number, out _) ? number : 0;

    /// <summary>Makes a value of another.</summary>
    public bool TryCall(ReadOnlySpan<byte> input, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = input;
        switch (_function)
        {
            case FunctionKind.Lower or FunctionKind.Upper:
                return TextFunctions.TryChangeCase(input, _function == FunctionKind.Upper, room, out value);
            case FunctionKind.Length:
                return room.TryWrite(input.Length, out value);
            case FunctionKind.UrlDecode:
                return TextFunctions.TryDecodeUrl(input, keepsPlus: _texts.Length > 0 && _texts[0].AsSpan().EndsWith("path"u8), isStrict: _texts.Length > 0 && _texts[0].AsSpan().StartsWith("strict"u8), room, out value);
            case FunctionKind.UrlEncode:
                return TextFunctions.TryEncodeUrl(input, room, out value);
            case FunctionKind.Base64:
                return TextFunctions.TryEncodeBase64(input, room, out value);
            case FunctionKind.Base64Decode:
                return TextFunctions.TryDecodeBase64(input, room, out value);
            case FunctionKind.Hex:
                return TextFunctions.TryWriteHex(input, room, out value);
            case FunctionKind.Field or FunctionKind.Word:
                return TextFunctions.TryCut(input, _numbers[0], _texts[1], _numbers.Length > 2 ? _numbers[2] : 1, skipEmpty: _function == FunctionKind.Word, out value);
            case FunctionKind.Bytes:
                value = _numbers[0] < 0 || _numbers[0] > input.Length ? default : input[(int)_numbers[0]..];
                if (_numbers.Length > 1)
                    value = value[..(int)Math.Clamp(_numbers[1], 0, value.Length)];
                return true;
            case FunctionKind.TrimStart:
                value = input.TrimStart(_texts[0].AsSpan());
                return true;
            case FunctionKind.TrimEnd:
                value = input.TrimEnd(_texts[0].AsSpan());
                return true;
            case FunctionKind.Replace:
                return PatternReplacement.TryReplace(_pattern!, input, _texts[1], HasFlag('g'), room, out value);
            case FunctionKind.Default:
                value = input.IsEmpty ? _texts[0] : input;
                return true;
            case FunctionKind.FileKind:
                value = Interop.FileKind.NameOf(input);
                return !value.IsEmpty;
            case FunctionKind.NetworkOf:
                return TextFunctions.TryMask(input, (int)_numbers[0], _numbers.Length > 1 ? (int)_numbers[1] : 128, room, out value);
            case FunctionKind.HostOnly:
                value = _texts.Length == 0 ? RouteTable.HostOf(input) : TextFunctions.WithoutPort(input);
                return true;
            case FunctionKind.PortOnly:
                return TextFunctions.TryReadPort(input, room, out value);
            case FunctionKind.Crc32:
                return room.TryWrite(KeyHash.Of(HashFunction.Crc32, input), out value);
            case FunctionKind.Sdbm:
                return room.TryWrite(KeyHash.Of(HashFunction.Sdbm, input), out value);
            case FunctionKind.Djb2:
                return room.TryWrite(KeyHash.Of(HashFunction.Djb2, input), out value);
            case FunctionKind.ParameterOf:
                return QueryText.TryFind(input, _texts[0], _texts.Length > 1 && _texts[1].Length > 0 ? _texts[1][0] : (byte)'&', out value);
            case FunctionKind.Group:
                return TryFindGroup(input, out value);
            case FunctionKind.Murmur2:
                return room.TryWrite(MurmurHash2.Of(input), out value);
            case FunctionKind.HexNumber:
                return TextFunctions.TryWriteHexNumber(input, room, out value);
            case FunctionKind.Digest:
                return TextFunctions.TryDigest(input, _texts[0], room, out value);
            case FunctionKind.HttpDate:
                return !input.IsEmpty && TextFunctions.TryWriteDate(NumberIn(input), _numbers.Length > 0 ? _numbers[0] : 0, room, out value);
            case FunctionKind.DateSeconds:
                return HttpTime.TryRead(input, out var date) && room.TryWrite(date, out value);
            case FunctionKind.Pem:
                return !input.IsEmpty && TextFunctions.TryWritePem(input, room, out value);
            case FunctionKind.LastAddress:
                value = ClientField.Last(input, _networks);
                return !value.IsEmpty;
            case FunctionKind.FromHex:
                return TextFunctions.TryReadHex(input, room, out value);
            case FunctionKind.Hash:
                return room.TryWrite(TextFunctions.Hash(input, _texts[0], _numbers.Length > 1 ? _numbers[1] : 0), out value);
            case FunctionKind.Avalanche:
                return Utf8Parser.TryParse(input, out long hash, out _) && room.TryWrite(KeyHash.Avalanche((uint)hash), out value);
            case FunctionKind.BytesOf:
                return TextFunctions.TryPack(input, _texts[0], room, out value);
            case FunctionKind.Hmac:
                return TextFunctions.TryAuthenticate(input, _texts[0], _texts[1], room, out value);
            case FunctionKind.HexDecode:
                return TextFunctions.TryDecodeHex(input, room, out value);
            case FunctionKind.Normalize:
                return UriForms.TryWrite(input, _texts[0], room, out value);
            case FunctionKind.Base64Url:
                return TextFunctions.TryEncodeBase64Url(input, room, out value);
            case FunctionKind.Base64UrlDecode:
                return TextFunctions.TryDecodeBase64Url(input, room, out value);
            case FunctionKind.LocalTime or FunctionKind.UtcTime:
                return !input.IsEmpty && TimeText.TryWrite(NumberIn(input) + (_numbers.Length > 1 ? _numbers[1] : 0), _texts[0], _function == FunctionKind.LocalTime, room, out value);
            case FunctionKind.JsonQuery:
                return JsonPath.TryFind(input, _texts[0], _texts.Length > 1 && _texts[1].AsSpan().SequenceEqual("int"u8), room, out value);
            case FunctionKind.Json:
                return _texts.Length > 0 ? JsonText.TryWrite(input, _texts[0], room, out value) : TextFunctions.TryWriteJson(input, room, out value);
            case FunctionKind.Language:
                return BinaryText.TryFindLanguage(input, _texts[0], _texts.Length > 1 ? _texts[1] : default, out value);
            case FunctionKind.BigEndian or FunctionKind.BigEndianHex:
                return BinaryText.TryWriteNumbers(input, _texts[0], _numbers[1], _numbers[2] == 1, _function == FunctionKind.BigEndianHex, room, out value);
            default:
                return TryCompute(input, _numbers.Length > 0 ? _numbers[0] : 0, room, out value);
        }
    }

    private bool TryFindGroup(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> value)
    {
        value = default;
        Span<int> captures = stackalloc int[(BytePattern.MostGroups + 1) * 2];
        var group = (int)Math.Clamp(_numbers[1], 0, BytePattern.MostGroups) * 2;
        if (!_pattern!.TryMatch(input, 0, captures[..((_pattern.Groups + 1) * 2)]) || group >= (_pattern.Groups + 1) * 2 || captures[group] < 0)
            return false;
        value = input[captures[group]..captures[group + 1]];
        return true;
    }

    private bool TryCompute(ReadOnlySpan<byte> input, long other, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;

        // HAProxy makes no number of an empty text.
        if (input.IsEmpty)
            return false;
        var number = NumberIn(input);
        if (_function is FunctionKind.Divide or FunctionKind.Modulo && other == 0)
            return false;
        unchecked
        {
            return room.TryWrite(
                _function switch
                {
                    // HAProxy: what is too large is the largest number, and what is too small the smallest.
                    FunctionKind.Add => Within((Int128)number + other),
                    FunctionKind.Subtract => Within((Int128)number - other),
                    FunctionKind.Multiply => Within((Int128)number * other),
                    FunctionKind.Divide => other == -1 ? -number : number / other,
                    FunctionKind.And => number & other,
                    FunctionKind.Or => number | other,
                    FunctionKind.Xor => number ^ other,
                    FunctionKind.Modulo => other == -1 ? 0 : number % other,
                    FunctionKind.IsZero => number == 0 ? 1 : 0,
                    _ => throw new InvalidOperationException($"{_function} is not compiled so."),
                },
                out value);
        }
    }

    private static long Within(Int128 number) => (long)Int128.Clamp(number, long.MinValue, long.MaxValue);

    private bool HasFlag(char flag) => _texts.Length > 2 && _texts[2].Contains((byte)flag);
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>
/// What is asked of a JSON Web Token: something of its header or payload, which nobody has verified, or whether its
/// signature is right (HAProxy: jwt_header_query, jwt_payload_query, jwt_verify). Keys are read once for each thread.
/// </summary>
internal sealed class JwtValue : CompiledValue
{
    private const int Wrong = 0;
    private const int Right = 1;

    // As HAProxy numbers what went wrong.
    private const int UnknownAlgorithm = -1;
    private const int UnmanagedAlgorithm = -2;
    private const int NoToken = -3;
    private const int NoKey = -5;

    private readonly CompiledValue _token;
    private readonly FunctionKind _function;
    private readonly byte[] _first;
    private readonly byte[] _second;
    private readonly string? _pem;

    [ThreadStatic]
    private static Dictionary<string, AsymmetricAlgorithm?>? t_keys;

    public JwtValue(CallExpression call)
    {
        (_token, _function) = (From(call.Input), call.Function);
        (_first, _second) = (Encoding.UTF8.GetBytes(call.Arguments.Count > 0 ? call.Arguments[0] : ""), Encoding.UTF8.GetBytes(call.Arguments.Count > 1 ? call.Arguments[1] : ""));
        if (_function == FunctionKind.JwtVerify && call.Arguments[1].Contains("-----BEGIN", StringComparison.Ordinal))
            _pem = call.Arguments[1];
    }

    public static bool Is(CallExpression call) => call.Function is FunctionKind.JwtHeader or FunctionKind.JwtPayload or FunctionKind.JwtVerify;

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!_token.TryRead(scope, out var token))
            return false;
        var room = ExpressionRoom.OfThread;
        return _function == FunctionKind.JwtVerify ? room.TryWrite(Verify(token, AlgorithmIn(scope), room), out value) : TryQuery(token, room, out value);
    }

    // The name of an algorithm, or of a variable that has it.
    private ReadOnlySpan<byte> AlgorithmIn(scoped in TemplateScope scope) =>
        scope.Variables is { } variables && variables.TryGet(_first, out var told) ? told : _first;

    private bool TryQuery(ReadOnlySpan<byte> token, ExpressionRoom room, out ReadOnlySpan<byte> value)
    {
        value = default;
        var dot = token.IndexOf((byte)'.');
        var part = dot < 0 ? default : token[..dot];
        if (_function == FunctionKind.JwtPayload && dot >= 0)
        {
            part = token[(dot + 1)..];
            part = part.IndexOf((byte)'.') is >= 0 and var end ? part[..end] : default;
        }

        if (part.IsEmpty || !TextFunctions.TryDecodeBase64Url(part, room, out var json))
            return false;
        value = json;
        return _first.Length == 0 || JsonPath.TryFind(json, _first, _second.AsSpan().SequenceEqual("int"u8), room, out value);
    }

    private int Verify(ReadOnlySpan<byte> token, ReadOnlySpan<byte> algorithm, ExpressionRoom room)
    {
        var (first, last) = (token.IndexOf((byte)'.'), token.LastIndexOf((byte)'.'));
        if (algorithm.Length != 5 && !algorithm.SequenceEqual("none"u8))
            return UnknownAlgorithm;
        if (first < 0 || last == first || token[(first + 1)..last].Contains((byte)'.'))
            return NoToken;
        if (algorithm.SequenceEqual("none"u8))
            return last == token.Length - 1 ? Right : Wrong;
        HashAlgorithmName? digest = algorithm[2..] switch { [(byte)'2', (byte)'5', (byte)'6'] => HashAlgorithmName.SHA256, [(byte)'3', (byte)'8', (byte)'4'] => HashAlgorithmName.SHA384, [(byte)'5', (byte)'1', (byte)'2'] => HashAlgorithmName.SHA512, _ => null };
        if (digest is not { } name)
            return UnknownAlgorithm;
        if (last == token.Length - 1 || !TextFunctions.TryDecodeBase64Url(token[(last + 1)..], room, out var signature))
            return NoToken;
        var signed = token[..last];
        if (algorithm.StartsWith("HS"u8))
            return IsHmac(name, signed, signature) ? Right : Wrong;
        if (algorithm.StartsWith("PS"u8))
            return UnmanagedAlgorithm;
        var isRsa = algorithm.StartsWith("RS"u8);
        if (!isRsa && !algorithm.StartsWith("ES"u8))
            return UnknownAlgorithm;
        return Key switch
        {
            null => NoKey,
            RSA rsa when isRsa => rsa.VerifyData(signed, signature, name, RSASignaturePadding.Pkcs1) ? Right : Wrong,
            ECDsa curve when !isRsa => curve.VerifyData(signed, signature, name, DSASignatureFormat.IeeeP1363FixedFieldConcatenation) ? Right : Wrong,
            _ => Wrong,
        };
    }

    // Keys are not for several threads.
    private AsymmetricAlgorithm? Key
    {
        get
        {
            if (_pem is null)
                return null;
            t_keys ??= new(StringComparer.Ordinal);
            if (!t_keys.TryGetValue(_pem, out var key))
                t_keys.Add(_pem, key = KeyOf(_pem));
            return key;
        }
    }

    private bool IsHmac(HashAlgorithmName name, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        Span<byte> made = stackalloc byte[HMACSHA512.HashSizeInBytes];
        var length = name == HashAlgorithmName.SHA256 ? HMACSHA256.HashData(_second, signed, made) : name == HashAlgorithmName.SHA384 ? HMACSHA384.HashData(_second, signed, made) : HMACSHA512.HashData(_second, signed, made);
        return CryptographicOperations.FixedTimeEquals(made[..length], signature);
    }

    private static AsymmetricAlgorithm? KeyOf(string pem)
    {
        try
        {
            if (pem.Contains("CERTIFICATE", StringComparison.Ordinal))
            {
                using var certificate = X509Certificate2.CreateFromPem(pem);
                return (AsymmetricAlgorithm?)certificate.GetRSAPublicKey() ?? certificate.GetECDsaPublicKey();
            }

            return KeyOf(RSA.Create(), pem) ?? KeyOf(ECDsa.Create(), pem);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static AsymmetricAlgorithm? KeyOf(AsymmetricAlgorithm key, string pem)
    {
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            // It is one of another kind.
            key.Dispose();
            return null;
        }
    }
}

using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;

namespace Steelyard.Engine.Compression;

/// <summary>Which answers of a route are compressed, compiled. Immutable, shared by all loops.</summary>
internal sealed class Packing
{
    private readonly CompressionSettings _settings;
    private readonly (byte[] Type, bool IsStart)[] _types;
    private readonly bool _anyType;

    private Packing(CompressionSettings settings)
    {
        _settings = settings;
        _anyType = settings.Types.AsSpan().Contains("*");
        _types = Array.ConvertAll(settings.Types.AsSpan().ToArray(), type => (Encoding.ASCII.GetBytes(type.TrimEnd('*')), type.EndsWith('*')));
    }

    /// <summary>What a route says; null where nothing is compressed.</summary>
    public static Packing? From(CompressionSettings? settings) => settings is null or { Codings.Count: 0 } ? null : new(settings);

    /// <summary>Whether every answer that could be compressed is said to go by what the client takes.</summary>
    public bool VariesAlways => _settings.Vary == VaryingAnswers.All;

    /// <summary>1 to 9.</summary>
    public int Level => _settings.Level;

    /// <summary>Finds out what becomes of an answer that has a body.</summary>
    /// <param name="answer">What it says.</param>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="loop">Whose clock counts.</param>
    public PackedHead Judge(scoped in ContentFields answer, RequestHead request, ReadOnlySpan<byte> head, EventLoop loop)
    {
        if (!Fits(answer))
            return default;
        var varies = _settings.Vary == VaryingAnswers.All;
        if (request.MinorVersion == 0 || !MayBePassedOn(answer, request, head, loop) || AcceptedCodings.Choose(request, head, _settings.Codings.AsSpan()) is not { } coding)
            return new(varies, null);
        return new(varies || _settings.Vary == VaryingAnswers.Compressed, coding);
    }

    /// <summary>Of two that differ in nothing but that, one is not compressed after all: there is no room.</summary>
    public PackedHead LeftAsItIs(in PackedHead head) => new(head.Varies && _settings.Vary == VaryingAnswers.All, null);

    private bool Fits(scoped in ContentFields answer)
    {
        if (answer.StaysAsItIs || (answer.Length >= 0 && answer.Length < _settings.MinSize.Bytes) || answer.Status is < 200 or 204 or 206 or 304)
            return false;
        return (_settings.Statuses.Count == 0 || _settings.Statuses.AsSpan().Contains(answer.Status)) && FitsType(answer.Type);
    }

    private bool FitsType(ReadOnlySpan<byte> type)
    {
        // Its parts may be pictures, one after the other.
        if (type.Length >= 10 && Ascii.EqualsIgnoreCase(type[..10], "multipart/"u8))
            return false;
        if (_anyType)
            return true;
        var semicolon = type.IndexOf((byte)';');
        type = HttpBytes.Trim(semicolon < 0 ? type : type[..semicolon]);
        foreach (var (known, isStart) in _types)
        {
            if (isStart ? type.Length >= known.Length && Ascii.EqualsIgnoreCase(type[..known.Length], known) : Ascii.EqualsIgnoreCase(type, known))
                return true;
        }

        return false;
    }

    /// <summary>Whether it may be compressed for another proxy, where it is one that asks (nginx: gzip_proxied).</summary>
    private bool MayBePassedOn(scoped in ContentFields answer, RequestHead request, ReadOnlySpan<byte> head, EventLoop loop)
    {
        var allowed = _settings.Proxied;
        if (allowed.HasFlag(ProxiedAnswers.Any) || !Has(request, head, "via"u8))
            return true;
        if (allowed == ProxiedAnswers.None)
            return false;
        if (allowed.HasFlag(ProxiedAnswers.Authorized) && Has(request, head, "authorization"u8))
            return true;
        if (!answer.Expires.IsEmpty)
        {
            var now = answer.Date.IsEmpty ? new DateTimeOffset(loop.Network.UtcNow).ToUnixTimeSeconds() : HttpTime.TryRead(answer.Date, out var date) ? date : long.MinValue;
            return allowed.HasFlag(ProxiedAnswers.Expired) && HttpTime.TryRead(answer.Expires, out var end) && end < now;
        }

        if (answer.SaysCacheControl)
        {
            return (answer.SaysNoCache && allowed.HasFlag(ProxiedAnswers.NoCache)) || (answer.SaysNoStore && allowed.HasFlag(ProxiedAnswers.NoStore))
                || (answer.SaysPrivate && allowed.HasFlag(ProxiedAnswers.Private));
        }

        return !(allowed.HasFlag(ProxiedAnswers.NoLastModified) && answer.IsDated) && !(allowed.HasFlag(ProxiedAnswers.NoTag) && answer.IsTagged);
    }

    private static bool Has(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name))
                return true;
        }

        return false;
    }
}

using System.Buffers;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Substitution;

/// <summary>What is put in the place of texts in the answers of a route, compiled. Immutable, shared by all loops.</summary>
internal sealed class Substitutes
{
    private readonly SubstitutionSettings _settings;
    private readonly byte[][] _types;
    private readonly bool _anyType;

    private Substitutes(SubstitutionSettings settings)
    {
        _settings = settings;
        _types = Array.ConvertAll(settings.Types.AsSpan().ToArray(), Encoding.ASCII.GetBytes);
        _anyType = settings.Types.AsSpan().Contains("*");
        Texts = Array.ConvertAll(settings.Texts.AsSpan().ToArray(), text => Encoding.UTF8.GetBytes(text.Text));
        By = Array.ConvertAll(settings.Texts.AsSpan().ToArray(), text => new TemplateBytes(text.By));
        var firsts = new List<byte>();
        foreach (var text in Texts)
            firsts.AddRange(char.IsAsciiLetter((char)text[0]) ? [text[0], (byte)(text[0] ^ 0x20)] : [text[0]]);
        Firsts = SearchValues.Create([.. firsts]);
    }

    /// <summary>What a route says; null for nothing.</summary>
    public static Substitutes? From(SubstitutionSettings? settings) => settings is null or { Texts.Count: 0 } ? null : new(settings);

    /// <summary>The texts.</summary>
    public byte[][] Texts { get; }

    /// <summary>What takes their places.</summary>
    public TemplateBytes[] By { get; }

    /// <summary>What they begin with.</summary>
    public SearchValues<byte> Firsts { get; }

    /// <summary>Whether each text is replaced once.</summary>
    public bool Once => _settings.Once;

    /// <summary>Finds out what becomes of an answer that has a body. What a client of HTTP/1.0 gets is not known beforehand to end, and stays as it is.</summary>
    /// <param name="answer">What it says.</param>
    /// <param name="request">The request.</param>
    public PackedHead Judge(scoped in ContentFields answer, RequestHead request) =>
        answer.IsCoded || answer.IsPart || answer.Length == 0 || request.MinorVersion == 0 || !Fits(answer.Type) ? default : new(false, null, _settings.KeepsDate ? Edited.KeepsDate : Edited.Yes);

    private bool Fits(ReadOnlySpan<byte> type)
    {
        var semicolon = type.IndexOf((byte)';');
        type = HttpBytes.Trim(semicolon < 0 ? type : type[..semicolon]);
        if (_anyType)
            return true;
        foreach (var known in _types)
        {
            if (Ascii.EqualsIgnoreCase(type, known))
                return true;
        }

        return false;
    }
}

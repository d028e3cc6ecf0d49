using Steelyard.Engine.Compression;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Substitution;

/// <summary>
/// Puts other texts in the place of some in a body that comes piece after piece. What may be the beginning of a text waits for
/// what is still to come, everything else goes on. Used again and again; owned by its loop.
/// </summary>
internal sealed class Substituter
{
    // What waited, and a piece behind it.
    private byte[] _window = [];
    private int _at;
    private int _end;

    // What takes the places of texts, one behind the other, and where each ends.
    private byte[] _replacements = [];
    private int[] _ends = [];
    private bool[] _used = [];
    private int _left;

    // What of a replacement is still to go out.
    private int _from;
    private int _to;
    private Substitutes? _settings;

    /// <summary>Starts with a body.</summary>
    /// <param name="settings">What is put where.</param>
    /// <param name="scope">What variables stand for.</param>
    public void Begin(Substitutes settings, scoped in TemplateScope scope)
    {
        (_settings, _at, _end, _from, _to, _left) = (settings, 0, 0, 0, 0, settings.Texts.Length);
        if (_ends.Length < _left)
            (_ends, _used) = (new int[_left], new bool[_left]);
        Array.Clear(_used);
        var length = 0;
        for (var i = 0; i < settings.By.Length; i++)
        {
            Expressions.ExpressionRoom.OfThread.Clear();
            _ = settings.By[i].TryMake(scope, out var text);
            if (_replacements.Length < length + text.Length)
                Array.Resize(ref _replacements, Math.Max(length + text.Length, _replacements.Length * 2));
            text.CopyTo(_replacements.AsSpan(length));
            _ends[i] = length += text.Length;
        }
    }

    /// <summary>Writes what is left of a piece.</summary>
    /// <param name="piece">The piece; nothing of it is left when this returns.</param>
    /// <param name="room">Where to.</param>
    /// <param name="flush">How far it has to go.</param>
    /// <param name="done">Whether all of it is through but for what waits; else there is more to be had, with new room.</param>
    /// <returns>How much was written.</returns>
    public int Write(ref BlockSlice piece, Span<byte> room, Flush flush, out bool done)
    {
        Take(ref piece);
        var written = 0;
        while (written < room.Length)
        {
            if (_from < _to)
            {
                written += Pass(_replacements, ref _from, _to, room[written..]);
                continue;
            }

            var found = Find(flush == Flush.End, out var which);
            if (_at < found)
            {
                written += Pass(_window, ref _at, found, room[written..]);
                continue;
            }

            if (which < 0)
                break;
            _at += _settings!.Texts[which].Length;
            (_from, _to) = (which == 0 ? 0 : _ends[which - 1], _ends[which]);
            if (!_settings.Once)
                continue;
            _used[which] = true;
            _left--;
        }

        done = _from == _to && Find(flush == Flush.End, out var next) == _at && next < 0;
        return written;
    }

    private static int Pass(byte[] bytes, ref int from, int to, Span<byte> room)
    {
        var length = Math.Min(to - from, room.Length);
        bytes.AsSpan(from, length).CopyTo(room);
        from += length;
        return length;
    }

    private void Take(ref BlockSlice piece)
    {
        if (piece.Length == 0)
            return;
        var waiting = _end - _at;
        if (_window.Length < waiting + piece.Length)
        {
            var larger = new byte[Block.Size + Config.SubstitutionSettings.LongestText];
            _window.AsSpan(_at, waiting).CopyTo(larger);
            _window = larger;
        }
        else
        {
            _window.AsSpan(_at, waiting).CopyTo(_window);
        }

        piece.Span.CopyTo(_window.AsSpan(waiting));
        (_at, _end) = (0, waiting + piece.Length);
        piece = piece.Slice(piece.Length, 0);
    }

    /// <summary>How far everything goes on as it is, and which text stands there; less than 0 for none, or for one that may have begun.</summary>
    private int Find(bool isLast, out int which)
    {
        which = -1;
        if (_left == 0)
            return _end;
        for (var at = _at; at < _end; at++)
        {
            var next = _window.AsSpan(at, _end - at).IndexOfAny(_settings!.Firsts);
            if (next < 0)
                return _end;
            at += next;
            var rest = _window.AsSpan(at, _end - at);
            for (var i = 0; i < _settings.Texts.Length; i++)
            {
                var text = _settings.Texts[i];
                if (_used[i] || !Begins(rest, text))
                    continue;
                if (rest.Length >= text.Length)
                    which = i;
                if (rest.Length >= text.Length || !isLast)
                    return at;
            }
        }

        return _end;
    }

    /// <summary>Whether as much of a text stands there as there is room, letters of ASCII in any case; other bytes are what they are.</summary>
    private static bool Begins(ReadOnlySpan<byte> there, ReadOnlySpan<byte> text)
    {
        var length = Math.Min(there.Length, text.Length);
        for (var i = 0; i < length; i++)
        {
            if (there[i] != text[i] && !(char.IsAsciiLetter((char)text[i]) && (there[i] ^ text[i]) == 0x20))
                return false;
        }

        return true;
    }
}

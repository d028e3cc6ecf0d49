using System.Buffers;
using Steelyard.Config.Text;

namespace Steelyard.Config.Expressions;

/// <summary>
/// A regular expression over bytes, as PCRE writes them without back-references, and with look-around that has a length,
/// or stands right behind the start. It takes time in
/// proportion to text and expression, whatever they are, and allocates nothing: all ways through the expression are walked
/// side by side (Thompson, 1968; Pike's captures), the one that a backtracking program would try first having precedence.
/// Immutable; each thread has room of its own.
/// </summary>
public sealed class BytePattern
{
    /// <summary>The most groups in round brackets that are remembered.</summary>
    public const int MostGroups = 16;

    [ThreadStatic]
    private static Walk? t_walk;

    private readonly PatternStep[] _steps;
    private readonly SearchValues<byte>? _first;

    internal BytePattern(PatternStep[] steps, int groups, IReadOnlyList<string?> names, SearchValues<byte>? first) =>
        (_steps, Groups, GroupNames, _first) = (steps, groups, names, first);

    /// <summary>How many groups there are, the whole match not counted.</summary>
    public int Groups { get; }

    /// <summary>The names of the groups, from the first on; null for those without.</summary>
    public IReadOnlyList<string?> GroupNames { get; }

    /// <summary>Reads an expression.</summary>
    internal static bool TryParse(string text, bool ignoreCase, out BytePattern pattern, out Mistake mistake) => PatternParser.TryParse(text, ignoreCase, out pattern, out mistake);

    /// <summary>Reads an expression that has been read before.</summary>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static BytePattern Parse(string text, bool ignoreCase) =>
        TryParse(text, ignoreCase, out var pattern, out var mistake) ? pattern : throw new ArgumentException(mistake.Message, nameof(text));

    /// <summary>Whether it matches somewhere.</summary>
    /// <param name="text">Where.</param>
    public bool IsMatch(ReadOnlySpan<byte> text) => TryMatch(text, 0, []);

    /// <summary>Finds the first match from a place on.</summary>
    /// <param name="text">Where.</param>
    /// <param name="start">From which byte on; what stands before counts for <c>^</c> and <c>\b</c>.</param>
    /// <param name="captures">Gets where the whole match and the groups begin and end, two numbers each, -1 for a group without a match. May be shorter, and empty.</param>
    public bool TryMatch(ReadOnlySpan<byte> text, int start, Span<int> captures)
    {
        var walk = t_walk ??= new();
        return walk.Run(_steps, _first, text, start, captures[..Math.Min(captures.Length, (Groups + 1) * 2)]);
    }

    /// <summary>The ways that are walked, and what each has captured.</summary>
    private sealed class Walk
    {
        private int[] _marks = [];
        private int[] _current = [];
        private int[] _next = [];
        private int[] _currentSlots = [];
        private int[] _nextSlots = [];
        private int[] _stack = [];
        private readonly int[] _slots = new int[(MostGroups + 1) * 2];
        private int _mark;
        private int _width;
        private Walk? _look;

        public bool Run(PatternStep[] steps, SearchValues<byte>? first, ReadOnlySpan<byte> text, int start, Span<int> captures)
        {
            MakeRoom(steps.Length);
            _width = captures.Length;
            captures.Fill(-1);
            var (count, matched) = (0, false);
            for (var at = start; ; at++)
            {
                if (count == 0 && !matched && first is not null)
                {
                    // Nothing can begin before one of these bytes.
                    var skip = text[at..].IndexOfAny(first);
                    if (skip < 0)
                        return false;
                    at += skip;
                }

                if (!matched)
                {
                    // Ways that began before have precedence.
                    NextMark(count == 0);
                    _slots.AsSpan(0, _width).Fill(-1);
                    Add(steps, 0, text, at, _current, _currentSlots, ref count);
                }

                var next = 0;
                _mark++;
                for (var i = 0; i < count; i++)
                {
                    ref readonly var step = ref steps[_current[i]];
                    if (step.Kind == StepKind.Match)
                    {
                        matched = true;
                        _currentSlots.AsSpan(i * _width, _width).CopyTo(captures);
                        break;
                    }

                    if (at >= text.Length || !step.Takes(text[at]))
                        continue;
                    _currentSlots.AsSpan(i * _width, _width).CopyTo(_slots);
                    Add(steps, _current[i] + 1, text, at + 1, _next, _nextSlots, ref next);
                }

                (_current, _next, _currentSlots, _nextSlots, count) = (_next, _current, _nextSlots, _currentSlots, next);
                if (at >= text.Length || (matched && count == 0) || (matched && _width == 0))
                    return matched;
            }
        }

        // A step once for each place in the text; the marks of what has been carried over stay.
        private void NextMark(bool fresh)
        {
            if (fresh)
                _mark++;
            if (_mark < int.MaxValue - 4)
                return;
            _marks.AsSpan().Clear();
            _mark = 1;
        }

        /// <summary>Follows what takes no byte, and notes the steps that take one, the preferred ways first.</summary>
        private void Add(PatternStep[] steps, int index, ReadOnlySpan<byte> text, int at, int[] list, int[] slots, ref int count)
        {
            var depth = 0;
            _stack[depth++] = index;
            while (depth > 0)
            {
                index = _stack[--depth];
                if (index < 0)
                {
                    // What a group had before it was entered, for the ways that do not enter it.
                    _slots[_stack[--depth]] = _stack[--depth];
                    continue;
                }

                if (_marks[index] == _mark)
                    continue;
                _marks[index] = _mark;
                ref readonly var step = ref steps[index];
                switch (step.Kind)
                {
                    case StepKind.Jump:
                        _stack[depth++] = step.First;
                        break;
                    case StepKind.Split:
                        _stack[depth++] = step.Second;
                        _stack[depth++] = step.First;
                        break;
                    case StepKind.Save:
                        if (step.First < _width)
                        {
                            _stack[depth++] = _slots[step.First];
                            _stack[depth++] = step.First;
                            _stack[depth++] = -1;
                            _slots[step.First] = at;
                        }

                        _stack[depth++] = index + 1;
                        break;
                    case StepKind.Begin when at > 0:
                    case StepKind.End when at < text.Length:
                    case StepKind.Boundary when IsBoundary(text, at) != (step.First == 1):
                        break;
                    case StepKind.Look when IsSeen(step, text, at) == ((step.First & 1) != 0):
                        break;
                    case StepKind.Begin or StepKind.End or StepKind.Boundary or StepKind.Look:
                        _stack[depth++] = index + 1;
                        break;
                    default:
                        list[count] = index;
                        _slots.AsSpan(0, _width).CopyTo(slots.AsSpan(count * _width));
                        count++;
                        break;
                }
            }
        }

        private bool IsSeen(in PatternStep step, ReadOnlySpan<byte> text, int at)
        {
            var walk = _look ??= new();
            if (step.Behind is not var (least, most))
                return walk.Begins(step.Within!, text, at, toEnd: false);
            for (var length = least; length <= most && length <= at; length++)
            {
                if (walk.Begins(step.Within!, text[..at], at - length, toEnd: true))
                    return true;
            }

            return false;
        }

        /// <summary>Whether a match begins at a place.</summary>
        /// <param name="steps">The expression.</param>
        /// <param name="text">Where.</param>
        /// <param name="at">The place.</param>
        /// <param name="toEnd">Whether it has to reach the end of the text.</param>
        private bool Begins(PatternStep[] steps, ReadOnlySpan<byte> text, int at, bool toEnd)
        {
            MakeRoom(steps.Length);
            _width = 0;
            NextMark(fresh: true);
            var count = 0;
            Add(steps, 0, text, at, _current, _currentSlots, ref count);
            for (; count > 0; at++)
            {
                NextMark(fresh: true);
                var next = 0;
                for (var i = 0; i < count; i++)
                {
                    ref readonly var step = ref steps[_current[i]];
                    if (step.Kind == StepKind.Match && (!toEnd || at == text.Length))
                        return true;
                    if (at < text.Length && step.Takes(text[at]))
                        Add(steps, _current[i] + 1, text, at + 1, _next, _nextSlots, ref next);
                }

                (_current, _next, count) = (_next, _current, next);
            }

            return false;
        }

        private static bool IsBoundary(ReadOnlySpan<byte> text, int at) =>
            (at > 0 && PatternParser.IsWord(text[at - 1])) != (at < text.Length && PatternParser.IsWord(text[at]));

        private void MakeRoom(int steps)
        {
            if (_marks.Length >= steps)
                return;
            (_marks, _mark) = (new int[steps], 0);
            (_current, _next, _stack) = (new int[steps], new int[steps], new int[(steps * 4) + 8]);
            (_currentSlots, _nextSlots) = (new int[steps * _slots.Length], new int[steps * _slots.Length]);
        }
    }
}

/// <summary>What a step of a compiled expression does.</summary>
internal enum StepKind : byte
{
    /// <summary>Takes a byte of a set.</summary>
    Take,

    /// <summary>Goes on elsewhere.</summary>
    Jump,

    /// <summary>Goes on at either of two places, rather at the first.</summary>
    Split,

    /// <summary>Notes where in the text it is.</summary>
    Save,

    /// <summary>Goes on at the start of the text.</summary>
    Begin,

    /// <summary>Goes on at the end of the text.</summary>
    End,

    /// <summary>Goes on where a word begins or ends, or where none does.</summary>
    Boundary,

    /// <summary>Goes on where something stands before or behind the place, or does not.</summary>
    Look,

    /// <summary>Is the end of a match.</summary>
    Match,
}

/// <summary>One step of a compiled expression.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="First">Where it goes on, or what it notes.</param>
/// <param name="Second">Where else.</param>
/// <param name="Set">The bytes it takes, a bit each.</param>
/// <param name="Within">What is looked for.</param>
/// <param name="Behind">How long that is, where it is looked for in front of the place.</param>
internal readonly record struct PatternStep(StepKind Kind, int First = 0, int Second = 0, ulong[]? Set = null, PatternStep[]? Within = null, (int Least, int Most)? Behind = null)
{
    public bool Takes(byte value) => Kind == StepKind.Take && (Set![value >> 6] & (1UL << (value & 63))) != 0;
}

using System.Buffers;

namespace Steelyard.Config.Expressions;

/// <summary>The steps of a regular expression while they are put together, see <see cref="BytePattern"/>.</summary>
internal sealed class PatternSteps
{
    private const int Most = 8192;

    private readonly List<PatternStep> _steps = [];

    public int Count => _steps.Count;

    /// <summary>More were added than one expression may have; those are not here.</summary>
    public bool Overflows { get; private set; }

    public PatternStep this[int index]
    {
        set => _steps[index] = value;
    }

    public PatternStep[] ToArray() => [.. _steps];

    public void Add(PatternStep step)
    {
        if (_steps.Count >= Most)
            Overflows = true;
        else
            _steps.Add(step);
    }

    /// <summary>Puts one before others, whose jumps follow.</summary>
    public void Insert(int index, PatternStep inserted)
    {
        _steps.Insert(index, inserted);
        for (var i = index + 1; i < _steps.Count; i++)
        {
            var step = _steps[i];
            if (step.Kind is StepKind.Jump or StepKind.Split)
                _steps[i] = step with { First = step.First >= index ? step.First + 1 : step.First, Second = step.Second >= index ? step.Second + 1 : step.Second };
        }
    }

    /// <summary>Has what was added last be repeated.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="least">How often at least.</param>
    /// <param name="most">How often at most; -1 for any number.</param>
    /// <param name="lazy">Whether as seldom as will do.</param>
    public void Repeat(int start, int least, int most, bool lazy)
    {
        PatternStep[] body = [.. _steps.Skip(start)];
        _steps.RemoveRange(start, body.Length);
        for (var i = 0; i < least && !Overflows; i++)
            Append(body, start);
        if (most < 0)
        {
            // One that may match nothing must not go round for ever: marks hold it.
            var split = _steps.Count;
            Add(default);
            Append(body, start);
            Add(new(StepKind.Jump, split));
            if (!Overflows)
                _steps[split] = Split(split + 1, _steps.Count, lazy);
            return;
        }

        List<int> splits = [];
        for (var i = least; i < most && !Overflows; i++)
        {
            splits.Add(_steps.Count);
            Add(default);
            Append(body, start);
        }

        if (Overflows)
            return;
        foreach (var split in splits)
            _steps[split] = Split(split + 1, _steps.Count, lazy);
    }

    private static PatternStep Split(int into, int past, bool lazy) => lazy ? new(StepKind.Split, past, into) : new(StepKind.Split, into, past);

    private void Append(PatternStep[] body, int from)
    {
        var shift = _steps.Count - from;
        foreach (var step in body)
            Add(step.Kind is StepKind.Jump or StepKind.Split ? step with { First = step.First + shift, Second = step.Second + shift } : step);
    }

    /// <summary>
    /// Whether nothing stands before the next step but the begin of the text: what is asked there is asked once for a text,
    /// and may look as far as it wants.
    /// </summary>
    public bool IsAtBegin => _steps is [.., var last] && (last.Kind == StepKind.Begin || (last.Kind == StepKind.Look && (last.First & 2) != 0))
        && !_steps.Exists(step => step.Kind is StepKind.Jump or StepKind.Split && (step.First == _steps.Count || step.Second == _steps.Count));

    /// <summary>How few and how many bytes steps take to their end; -1 for any number.</summary>
    public static (int Least, int Most) Lengths(PatternStep[] steps)
    {
        var known = new (int Least, int Most)?[steps.Length];
        var open = new bool[steps.Length];
        return Of(0);

        (int Least, int Most) Of(int index)
        {
            if (open[index])
                return (0, -1);
            if (known[index] is { } its)
                return its;
            open[index] = true;
            var step = steps[index];
            var length = step.Kind switch
            {
                StepKind.Match => (0, 0),
                StepKind.Jump => Of(step.First),
                StepKind.Split => Either(Of(step.First), Of(step.Second)),
                StepKind.Take when Of(index + 1) is var (least, most) => (least + 1, most < 0 ? -1 : most + 1),
                _ => Of(index + 1),
            };
            open[index] = false;
            known[index] = length;
            return length;
        }

        static (int, int) Either((int Least, int Most) one, (int Least, int Most) other) =>
            (Math.Min(one.Least, other.Least), one.Most < 0 || other.Most < 0 ? -1 : Math.Max(one.Most, other.Most));
    }

    /// <summary>The bytes that every match begins with; null where that says nothing.</summary>
    public SearchValues<byte>? FirstBytes()
    {
        var set = new ulong[4];
        var seen = new HashSet<int>();
        return Collect(0) ? SearchValues.Create([.. Enumerable.Range(0, 256).Where(value => (set[value >> 6] & (1UL << (value & 63))) != 0).Select(value => (byte)value)]) : null;

        bool Collect(int index)
        {
            if (!seen.Add(index))
                return true;
            var step = _steps[index];
            switch (step.Kind)
            {
                case StepKind.Take:
                    for (var i = 0; i < set.Length; i++)
                        set[i] |= step.Set![i];
                    return true;
                case StepKind.Jump:
                    return Collect(step.First);
                case StepKind.Split:
                    return seen.Count < 256 && Collect(step.First) && Collect(step.Second);
                case StepKind.Save or StepKind.Look:
                    return Collect(index + 1);
                default:
                    return false;
            }
        }
    }
}

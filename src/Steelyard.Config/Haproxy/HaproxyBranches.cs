using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The lines of a haproxy.cfg that begin with a dot (its manual, 2.4): which parts of the file count, and messages.</summary>
internal sealed class HaproxyBranches(HaproxyFile file, ProblemList problems)
{
    private const int MostNested = 100;

    private readonly Stack<Branch> _open = new();

    private sealed class Branch(Place place, bool taken, bool counts)
    {
        public Place Place => place;

        public bool Taken { get; set; } = taken;

        public bool Counts { get; set; } = counts;

        public bool HasElse { get; set; }
    }

    /// <summary>Whether lines count here.</summary>
    public bool Counts => _open.Count == 0 || _open.Peek().Counts;

    /// <summary>Does what a line says, if it is such a line.</summary>
    public bool Take(IReadOnlyList<Word> words)
    {
        var first = words[0];
        if (first.Quoted || first.Text is not (".if" or ".elif" or ".else" or ".endif" or ".notice" or ".warning" or ".alert" or ".diag"))
            return false;
        var (outside, rest) = (_open.Count == 0 || !_open.TryPeek(out var top) || top.Counts, string.Join(' ', words.Skip(1).Select(word => word.Text)));
        switch (first.Text)
        {
            case ".if":
                if (_open.Count == MostNested)
                    problems.Error(first.Place, $"more than {MostNested} '.if' in each other");
                var holds = outside && Holds(rest, words);
                _open.Push(new(first.Place, holds || !outside, holds));
                break;
            case ".elif" or ".else" when _open.Count == 0 || _open.Peek().HasElse:
                problems.Error(first.Place, $"'{first.Text}' without '.if'", "'.if' before it");
                break;
            case ".elif":
                var branch = _open.Peek();
                branch.Counts = !branch.Taken && Holds(rest, words);
                branch.Taken |= branch.Counts;
                break;
            case ".else":
                var last = _open.Peek();
                (last.Counts, last.HasElse) = (!last.Taken, true);
                break;
            case ".endif" when _open.Count == 0:
                problems.Error(first.Place, "'.endif' without '.if'", "'.if' before it");
                break;
            case ".endif":
                _open.Pop();
                break;
            case ".alert" when outside:
                problems.Error(first.Place, rest);
                break;
            case ".warning" when outside:
                problems.Warn(first.Place, rest);
                break;
            case ".notice" or ".diag" when outside:
                problems.Note(first.Place, rest);
                break;
        }

        return true;
    }

    /// <summary>The text has ended.</summary>
    public void End()
    {
        if (_open.TryPop(out var open))
            problems.Error(open.Place, "'.if' is never ended", "'.endif' behind it");
        _open.Clear();
    }

    private bool Holds(string text, IReadOnlyList<Word> words)
    {
        if (HaproxyCondition.TryEvaluate(text, file.Environment.ContainsKey, out var holds, out var found))
            return holds;
        problems.Error(words[^1].Place, $"{Shown.Quote(found)} is not understood behind '{words[0].Text}'", HaproxyCondition.Accepts);
        return holds;
    }
}

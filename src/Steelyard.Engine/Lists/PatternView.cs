using System.Collections.Concurrent;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;

namespace Steelyard.Engine.Lists;

/// <summary>The patterns of a list, ready for one way to compare. Looked up by all loops without a lock and without allocating; whoever changes it holds the list.</summary>
internal abstract class PatternView(ListUse use)
{
    public ListUse Use { get; } = use;

    /// <summary>The entry that a value fits; null for none.</summary>
    public abstract ListedPattern? Find(ReadOnlySpan<byte> value);

    /// <summary>Holds these entries and no others.</summary>
    public abstract void Show(ListedPattern[] entries);

    /// <summary>Takes a change in; false where all has to be shown again.</summary>
    public virtual bool TryChange(ListedPattern[] added, ListedPattern[] removed) => false;

    /// <summary>What suits a way to compare.</summary>
    public static PatternView For(ListUse use) => use.Test switch
    {
        TestKind.Is or TestKind.Starts => new Texts(use),
        TestKind.Network => new Networks(use),
        _ => new Others(use),
    };

    /// <summary>Whole texts, or beginnings, of which the longest counts.</summary>
    private sealed class Texts(ListUse use) : PatternView(use)
    {
        private volatile Table _table = new([], use.IgnoreCase);

        public override ListedPattern? Find(ReadOnlySpan<byte> value)
        {
            var table = _table;
            if (Use.Test == TestKind.Is)
                return table.Entries.TryGetValue(value, out var whole) ? whole : null;
            foreach (var length in table.Lengths)
            {
                if (length <= value.Length && table.Entries.TryGetValue(value[..length], out var beginning))
                    return beginning;
            }

            return null;
        }

        public override void Show(ListedPattern[] entries) => _table = new(entries, Use.IgnoreCase);

        public override bool TryChange(ListedPattern[] added, ListedPattern[] removed)
        {
            // Which of several takes the place of one that goes is not known here.
            var table = _table;
            foreach (var entry in removed)
            {
                if (table.HasTwice)
                    return false;
                table.Entries.TryRemove(Encoding.UTF8.GetBytes(entry.Pattern), out _);
            }

            foreach (var entry in added)
                table.Add(entry);
            return true;
        }

        private sealed class Table
        {
            private readonly ConcurrentDictionary<byte[], ListedPattern> _entries;
            private volatile int[] _lengths = [];

            public Table(ListedPattern[] entries, bool ignoreCase)
            {
                _entries = new(concurrencyLevel: 1, Math.Max(16, entries.Length), ignoreCase ? BytesComparer.IgnoreCase : BytesComparer.Exact);
                Entries = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
                var lengths = new HashSet<int>();
                foreach (var entry in entries)
                    lengths.Add(Put(entry));
                _lengths = Sorted(lengths);
            }

            public ConcurrentDictionary<byte[], ListedPattern>.AlternateLookup<ReadOnlySpan<byte>> Entries { get; }

            /// <summary>The lengths of the patterns, and perhaps of some that have gone; the longest first.</summary>
            public int[] Lengths => _lengths;

            public bool HasTwice { get; private set; }

            public void Add(ListedPattern entry)
            {
                var length = Put(entry);
                if (Array.IndexOf(_lengths, length) < 0)
                    _lengths = Sorted([.. _lengths, length]);
            }

            // Of those that are alike the first counts.
            private int Put(ListedPattern entry)
            {
                var bytes = Encoding.UTF8.GetBytes(entry.Pattern);
                HasTwice |= !_entries.TryAdd(bytes, entry);
                return bytes.Length;
            }

            private static int[] Sorted(HashSet<int> lengths)
            {
                int[] sorted = [.. lengths];
                Array.Sort(sorted, static (one, other) => other.CompareTo(one));
                return sorted;
            }
        }
    }

    /// <summary>Networks, of which the smallest counts.</summary>
    private sealed class Networks(ListUse use) : PatternView(use)
    {
        private volatile Table _table = new(new([]), []);

        public override ListedPattern? Find(ReadOnlySpan<byte> value)
        {
            var table = _table;
            return table.Index.Find(value) is >= 0 and var at ? table.Entries[at] : null;
        }

        public override void Show(ListedPattern[] entries)
        {
            // The index gives the first that fits.
            var read = Array.ConvertAll(entries, entry => (Entry: entry, Network: TestCondition.ParseNetwork(PatternListSettings.Of(TestKind.Network, entry.Pattern))));
            var order = new int[read.Length];
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            Array.Sort(order, (one, other) => read[one].Network.PrefixLength != read[other].Network.PrefixLength ? read[other].Network.PrefixLength.CompareTo(read[one].Network.PrefixLength) : one.CompareTo(other));
            _table = new(new(Array.ConvertAll(order, at => read[at].Network)), Array.ConvertAll(order, at => read[at].Entry));
        }

        private sealed record Table(NetworkIndex Index, ListedPattern[] Entries);
    }

    /// <summary>What is tried in its order.</summary>
    private sealed class Others(ListUse use) : PatternView(use)
    {
        private volatile (CompiledTest Test, ListedPattern Entry)[] _entries = [];

        public override ListedPattern? Find(ReadOnlySpan<byte> value)
        {
            foreach (var (test, entry) in _entries)
            {
                if (test.Accepts(value))
                    return entry;
            }

            return null;
        }

        public override void Show(ListedPattern[] entries)
        {
            var known = new Dictionary<ListedPattern, CompiledTest>();
            foreach (var (test, entry) in _entries)
                known[entry] = test;
            _entries = Array.ConvertAll(entries, entry => (known.GetValueOrDefault(entry) ?? Compile(entry), entry));
        }

        public override bool TryChange(ListedPattern[] added, ListedPattern[] removed)
        {
            if (removed.Length > 0)
                return false;
            _entries = [.. _entries, .. Array.ConvertAll(added, entry => (Compile(entry), entry))];
            return true;
        }

        private CompiledTest Compile(ListedPattern entry)
        {
            if (Use.Values == ListValues.Groups)
                entry.Expression ??= BytePattern.Parse(entry.Pattern, Use.IgnoreCase);
            return new(Use.Test, Use.IgnoreCase, [entry.Pattern]);
        }
    }
}

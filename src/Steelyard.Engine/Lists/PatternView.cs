using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Lists;

/// <summary>The patterns of a list, ready for one way to compare. Looked up by all loops without a lock and without allocating; whoever changes it holds the list.</summary>
internal abstract class PatternView(ListUse use)
{
    public ListUse Use { get; } = use;

    /// <summary>Whether the configuration that is served looks the list up so. What does not suit a view that is not is taken in all the same.</summary>
    public bool IsUsed { get; set; } = true;

    /// <summary>The entry that a value fits; null for none.</summary>
    public abstract ListedPattern? Find(ReadOnlySpan<byte> value);

    /// <summary>Holds these entries and no others. What was put in while nobody looked the list up so, and cannot be compared so, is passed over.</summary>
    public abstract void Show(ListedPattern[] entries);

    /// <summary>Takes a change in; perhaps not before <see cref="Settle"/>.</summary>
    /// <param name="added">What comes behind the others.</param>
    /// <param name="removed">What goes; all of it was shown.</param>
    public abstract void Change(ListedPattern[] added, ListedPattern[] removed);

    /// <summary>Shows what has changed, at the end of a row of changes.</summary>
    public virtual void Settle()
    {
    }

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

        public override void Change(ListedPattern[] added, ListedPattern[] removed)
        {
            var table = _table;
            foreach (var entry in removed)
                table.Remove(entry);
            foreach (var entry in added)
                table.Add(entry);
        }

        private sealed class Table
        {
            private readonly FirstEntries<byte[]> _entries;
            private volatile int[] _lengths = [];

            public Table(ListedPattern[] entries, bool ignoreCase)
            {
                _entries = new(entries.Length, ignoreCase ? BytesComparer.IgnoreCase : BytesComparer.Exact);
                Entries = _entries.Counting.GetAlternateLookup<ReadOnlySpan<byte>>();
                var lengths = new HashSet<int>();
                foreach (var entry in entries)
                {
                    _entries.Add(entry.Key, entry);
                    lengths.Add(entry.Key.Length);
                }

                _lengths = Sorted(lengths);
            }

            public ConcurrentDictionary<byte[], ListedPattern>.AlternateLookup<ReadOnlySpan<byte>> Entries { get; }

            /// <summary>The lengths of the patterns, and perhaps of some that have gone; the longest first.</summary>
            public int[] Lengths => _lengths;

            public void Add(ListedPattern entry)
            {
                _entries.Add(entry.Key, entry);
                if (Array.IndexOf(_lengths, entry.Key.Length) < 0)
                    _lengths = Sorted([.. _lengths, entry.Key.Length]);
            }

            public void Remove(ListedPattern entry) => _entries.Remove(entry.Key, entry);

            private static int[] Sorted(HashSet<int> lengths)
            {
                int[] sorted = [.. lengths];
                Array.Sort(sorted, static (one, other) => other.CompareTo(one));
                return sorted;
            }
        }
    }

    /// <summary>
    /// Networks, of which the smallest counts. Whole addresses are apart: rules put them in one by one while requests are
    /// served, which has to cost the same however many there are.
    /// </summary>
    private sealed class Networks(ListUse use) : PatternView(use)
    {
        // Those of more than one address, in their order. Whoever changes it holds the list.
        private readonly List<ListedPattern> _wide = [];
        private bool _isStale;
        private volatile Table _table = new(new(0), new([]), []);

        public override ListedPattern? Find(ReadOnlySpan<byte> value)
        {
            Span<byte> room = stackalloc byte[AddressText.Longest];
            ReadOnlySpan<byte> address = room[..AddressText.Parse(value, room)];
            if (address.IsEmpty)
                return null;
            var table = _table;
            if (table.Whole.Counting.TryGetValue(NumberOf(address), out var whole))
                return whole;
            return table.Index.FindAddress(address) is >= 0 and var at ? table.Wide[at] : null;
        }

        public override void Show(ListedPattern[] entries)
        {
            _wide.Clear();
            var whole = new FirstEntries<UInt128>(entries.Length);
            foreach (var entry in entries)
                Add(whole, entry);
            Show(whole);
        }

        public override void Change(ListedPattern[] added, ListedPattern[] removed)
        {
            var whole = _table.Whole;
            foreach (var entry in removed)
            {
                if (entry.Network is not { } network)
                    continue;
                if (IsAddress(network, out var number))
                    whole.Remove(number, entry);
                else
                    _isStale |= _wide.Remove(entry);
            }

            foreach (var entry in added)
                Add(whole, entry);
        }

        public override void Settle()
        {
            if (_isStale)
                Show(_table.Whole);
        }

        private void Add(FirstEntries<UInt128> whole, ListedPattern entry)
        {
            if (entry.Network is not { } network)
                return;
            if (IsAddress(network, out var number))
            {
                whole.Add(number, entry);
                return;
            }

            _wide.Add(entry);
            _isStale = true;
        }

        private void Show(FirstEntries<UInt128> whole)
        {
            // The index gives the first that fits.
            var order = new int[_wide.Count];
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            Array.Sort(order, (one, other) => Length(one) != Length(other) ? Length(other).CompareTo(Length(one)) : one.CompareTo(other));
            _table = new(whole, new(Array.ConvertAll(order, at => _wide[at].Network!.Value)), Array.ConvertAll(order, at => _wide[at]));
            _isStale = false;

            int Length(int at) => _wide[at].Network!.Value.PrefixLength;
        }

        private static bool IsAddress(IPNetwork network, out UInt128 number)
        {
            Span<byte> bytes = stackalloc byte[AddressText.Longest];
            _ = network.BaseAddress.TryWriteBytes(bytes, out var length);
            number = NumberOf(bytes[..length]);
            return network.PrefixLength == length * 8;
        }

        // An IPv4 address as it is mapped into IPv6, where none other has its number.
        private static UInt128 NumberOf(ReadOnlySpan<byte> address) => address.Length == 4 ? 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(address) : BinaryPrimitives.ReadUInt128BigEndian(address);

        private sealed record Table(FirstEntries<UInt128> Whole, NetworkIndex Index, ListedPattern[] Wide);
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
            _entries = Compile(entries, known);
        }

        public override void Change(ListedPattern[] added, ListedPattern[] removed)
        {
            if (removed.Length > 0)
                _entries = Array.FindAll(_entries, one => Array.IndexOf(removed, one.Entry) < 0);
            if (added.Length > 0)
                _entries = [.. _entries, .. Compile(added, [])];
        }

        private (CompiledTest Test, ListedPattern Entry)[] Compile(ListedPattern[] entries, Dictionary<ListedPattern, CompiledTest> known)
        {
            var compiled = new List<(CompiledTest, ListedPattern)>(entries.Length);
            foreach (var entry in entries)
            {
                if (known.TryGetValue(entry, out var test))
                    compiled.Add((test, entry));
                else if (PatternListSettings.FindMistake(Use.Test, entry.Pattern, Use.IgnoreCase) is null)
                    compiled.Add((Compile(entry), entry));
            }

            return [.. compiled];
        }

        private CompiledTest Compile(ListedPattern entry)
        {
            if (Use.Values == ListValues.Groups)
                entry.Expression ??= BytePattern.Parse(entry.Pattern, Use.IgnoreCase);
            return new(Use.Test, Use.IgnoreCase, [entry.Pattern]);
        }
    }
}

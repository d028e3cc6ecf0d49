using System.Collections.Concurrent;
using Steelyard.Config;
using Steelyard.Config.Expressions;

namespace Steelyard.Engine.Lists;

/// <summary>
/// A list of patterns, alive. Loops look patterns up in its views without a lock, and change it without waiting. What
/// is put into a new version is seen all at once when that is committed (HAProxy: the management guide, prepare map).
/// </summary>
public sealed class PatternList
{
    private static readonly List<ListedPattern> s_none = [];

    // Whoever writes holds it. A rule that finds it held waits for nobody: who holds it does for it what it leaves here.
    private readonly ConcurrentQueue<LeftChange> _left = new();
    private int _held;

    private readonly PatternEntries _entries = new();
    private volatile PatternView[] _views = [];

    internal PatternList(PatternListSettings settings)
    {
        Settings = settings;
        foreach (var entry in settings.Entries)
            _entries.Add(new(entry.Pattern, entry.Value, 0));
        foreach (var use in settings.Uses)
            ViewFor(use);
    }

    /// <summary>What the configuration says of it.</summary>
    public PatternListSettings Settings { get; private set; }

    /// <summary>The version that is looked up.</summary>
    public uint Version { get; private set; }

    /// <summary>The last version that was begun.</summary>
    public uint NewestVersion { get; private set; }

    /// <summary>How many entries there are, of all versions.</summary>
    public int Count
    {
        get
        {
            Enter();
            try
            {
                return _entries.Count;
            }
            finally
            {
                Leave();
            }
        }
    }

    /// <summary>The entries of a version in their order.</summary>
    /// <param name="version">Which; null for the one that is looked up.</param>
    public IReadOnlyList<ListedPattern> Entries(uint? version = null)
    {
        Enter();
        try
        {
            return _entries.Of(version ?? Version);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>What fits a value, in each way in which the list is looked up; null where nothing does.</summary>
    /// <param name="value">The value.</param>
    public IReadOnlyList<(ListUse Use, ListedPattern? Found)> Find(string value)
    {
        var bytes = BytesText.Encode(value);
        return Array.ConvertAll(Array.FindAll(_views, static view => view.IsUsed), view => (view.Use, view.Find(bytes)));
    }

    /// <summary>Goes on with what another configuration says; false where that has other entries.</summary>
    internal bool TryFollow(PatternListSettings settings)
    {
        if (settings.IsMap != Settings.IsMap || settings.Entries != Settings.Entries)
            return false;
        Settings = settings;
        foreach (var use in settings.Uses)
            ViewFor(use);
        LetViewsGo();
        return true;
    }

    // Requests that began under the configuration before may look up still what it alone asked for, so that such views
    // are kept up until the next one.
    private void LetViewsGo()
    {
        Enter();
        try
        {
            _views = Array.FindAll(_views, view => view.IsUsed || IsAskedFor(view.Use));
            foreach (var view in _views)
                view.IsUsed = IsAskedFor(view.Use);
        }
        finally
        {
            Leave();
        }
    }

    private bool IsAskedFor(ListUse use)
    {
        foreach (var each in Settings.Uses)
        {
            if (each == use)
                return true;
        }

        return false;
    }

    /// <summary>Puts entries in behind the others, all or none.</summary>
    /// <param name="entries">The entries; a pattern may be there already.</param>
    /// <param name="version">The version they belong to; null for the one that is looked up.</param>
    /// <returns>The first that cannot be compared with, and how it is, or whose value is none, then without how; null where they are in.</returns>
    public (PatternEntry Entry, TestKind? Test)? Add(IReadOnlyList<PatternEntry> entries, uint? version = null)
    {
        foreach (var entry in entries)
        {
            if (MistakeIn(entry) is { } mistake)
                return mistake;
        }

        Enter();
        try
        {
            var its = version ?? Version;
            var added = new ListedPattern[entries.Count];
            for (var i = 0; i < added.Length; i++)
                _entries.Add(added[i] = new(entries[i].Pattern, entries[i].Value, its));
            if (its == Version)
                Show(added, []);
        }
        finally
        {
            Leave();
        }

        return null;
    }

    /// <summary>Gives all entries of a pattern a value.</summary>
    public SetOutcome Set(string pattern, string value)
    {
        Enter();
        try
        {
            return Give(_entries.Of(BytesText.Encode(pattern), Version), value);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives an entry a value.</summary>
    /// <param name="number">Its <see cref="ListedPattern.Number"/>.</param>
    /// <param name="value">The value.</param>
    public SetOutcome Set(long number, string value)
    {
        Enter();
        try
        {
            return Give(_entries.Numbered(number) is { } entry ? [entry] : [], value);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes all entries of a pattern out.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Remove(string pattern)
    {
        Enter();
        try
        {
            return _entries.Of(BytesText.Encode(pattern), Version) is { Length: > 0 } entries && TakeOut(entries);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes an entry out.</summary>
    /// <param name="number">Its <see cref="ListedPattern.Number"/>.</param>
    /// <returns>Whether there was one.</returns>
    public bool Remove(long number)
    {
        Enter();
        try
        {
            return _entries.Numbered(number) is { } entry && TakeOut([entry]);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes all entries of a version out.</summary>
    /// <param name="version">Which; null for the one that is looked up.</param>
    public void Clear(uint? version = null)
    {
        Enter();
        try
        {
            _entries.RemoveAll(entry => entry.Version == (version ?? Version));
            if (version is null || version == Version)
                ShowAll();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Begins another version, which nobody sees until it is committed.</summary>
    /// <returns>Its number.</returns>
    public uint Prepare()
    {
        Enter();
        try
        {
            return ++NewestVersion;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Lets a version that was begun be looked up, and forgets those before it.</summary>
    /// <returns>Whether it may be: it was begun, and none behind it was committed.</returns>
    public bool Commit(uint version)
    {
        Enter();
        try
        {
            // As HAProxy: the numbers may wrap around.
            if ((int)(NewestVersion - version) < 0 || (int)(version - Version) <= 0)
                return false;
            Version = version;
            _entries.RemoveAll(entry => (int)(entry.Version - version) < 0);
            ShowAll();
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>As rules change it: the pattern is put in where it is not there, and nothing is done where it has the value. Allocates only what it changes.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="value">Its value.</param>
    /// <param name="hasValue">Whether it has one: in a map.</param>
    internal void Put(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> value, bool hasValue)
    {
        if (!TryEnter())
        {
            LeaveToHolder(new(pattern.ToArray(), hasValue ? value.ToArray() : null, Removes: false));
            return;
        }

        try
        {
            PutHeld(pattern, value, hasValue);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>As rules take a pattern out. Allocates nothing where it is not there.</summary>
    internal void Remove(ReadOnlySpan<byte> pattern)
    {
        if (!TryEnter())
        {
            LeaveToHolder(new(pattern.ToArray(), null, Removes: true));
            return;
        }

        try
        {
            RemoveHeld(pattern);
        }
        finally
        {
            Leave();
        }
    }

    private bool TryEnter() => Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    // For operators, whose thread may wait.
    private void Enter()
    {
        var wait = default(SpinWait);
        while (!TryEnter())
            wait.SpinOnce(sleep1Threshold: -1);
    }

    // Does what was left meanwhile; whoever leaves something behind the last look finds it free.
    private void Leave()
    {
        do
        {
            try
            {
                while (_left.TryDequeue(out var change))
                    Do(change);
                foreach (var view in _views)
                    view.Settle();
            }
            finally
            {
                Interlocked.Exchange(ref _held, 0);
            }
        }
        while (!_left.IsEmpty && TryEnter());
    }

    private void LeaveToHolder(LeftChange change)
    {
        _left.Enqueue(change);
        if (TryEnter())
            Leave();
    }

    private void Do(LeftChange change)
    {
        if (change.Removes)
            RemoveHeld(change.Pattern);
        else
            PutHeld(change.Pattern, change.Value, change.Value is not null);
    }

    private void RemoveHeld(ReadOnlySpan<byte> pattern)
    {
        if (_entries.Of(pattern) is not null && _entries.Of(pattern, Version) is { Length: > 0 } entries)
            TakeOut(entries);
    }

    // What cannot be compared with, and what is no value, is left out, as in HAProxy.
    private void PutHeld(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> value, bool hasValue)
    {
        var isThere = false;
        foreach (var each in _entries.Of(pattern) ?? s_none)
        {
            if (each.Version != Version)
                continue;
            isThere = true;
            if (hasValue && !each.Bytes.SequenceEqual(value) && (!ValuesAreTyped() || IsValue(BytesText.Decode(value))))
                each.Give(value);
        }

        if (isThere)
            return;
        var entry = new PatternEntry(BytesText.Decode(pattern), hasValue ? BytesText.Decode(value) : null);
        if (MistakeIn(entry) is not null)
            return;
        var added = new ListedPattern(entry.Pattern, entry.Value, Version);
        _entries.Add(added);
        Show([added], []);
    }

    /// <summary>How patterns are looked up; the same for all who compare so.</summary>
    internal PatternView ViewFor(ListUse use)
    {
        if (FindView(use) is { } known)
            return known;
        Enter();
        try
        {
            if (FindView(use) is { } meanwhile)
                return meanwhile;
            var made = PatternView.For(use);
            made.Show(_entries.Of(Version));
            _views = [.. _views, made];
            return made;
        }
        finally
        {
            Leave();
        }
    }

    private PatternView? FindView(ListUse use)
    {
        foreach (var view in _views)
        {
            if (view.Use == use)
                return view;
        }

        return null;
    }

    private (PatternEntry Entry, TestKind? Test)? MistakeIn(PatternEntry entry)
    {
        foreach (var view in _views)
        {
            if (!view.IsUsed)
                continue;
            if (PatternListSettings.FindMistake(view.Use.Test, entry.Pattern, view.Use.IgnoreCase) is not null)
                return (entry, view.Use.Test);
            if (view.Use.Values is { } values && !PatternListSettings.IsValue(values, entry.Value ?? ""))
                return (entry, null);
        }

        return null;
    }

    private SetOutcome Give(ListedPattern[] entries, string value)
    {
        if (entries.Length == 0)
            return SetOutcome.NoEntry;
        if (!IsValue(value))
            return SetOutcome.NoValue;
        foreach (var entry in entries)
            entry.Give(value);
        return SetOutcome.Done;
    }

    private bool ValuesAreTyped()
    {
        foreach (var view in _views)
        {
            if (view is { IsUsed: true, Use.Values: ListValues.Numbers or ListValues.Addresses })
                return true;
        }

        return false;
    }

    private bool IsValue(string value)
    {
        foreach (var view in _views)
        {
            if (view.IsUsed && view.Use.Values is { } values && !PatternListSettings.IsValue(values, value))
                return false;
        }

        return true;
    }

    private bool TakeOut(ListedPattern[] entries)
    {
        foreach (var entry in entries)
            _entries.Remove(entry);
        if (Array.FindAll(entries, entry => entry.Version == Version) is { Length: > 0 } seen)
            Show([], seen);
        return true;
    }

    private void Show(ListedPattern[] added, ListedPattern[] removed)
    {
        foreach (var view in _views)
            view.Change(added, removed);
    }

    private void ShowAll()
    {
        var all = _entries.Of(Version);
        foreach (var view in _views)
            view.Show(all);
    }
}

/// <summary>What a rule could not do itself.</summary>
/// <param name="Pattern">The pattern.</param>
/// <param name="Value">Its value; null for none.</param>
/// <param name="Removes">Whether it is taken out.</param>
internal readonly record struct LeftChange(byte[] Pattern, byte[]? Value, bool Removes);

using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Lists;

namespace Steelyard.Tests.Expressions;

/// <summary>Lists of patterns that are changed while they are looked up.</summary>
public sealed class Lists
{
    private static readonly ListUse s_exact = new(TestKind.Is, false, ListValues.Text);
    private static readonly ListUse s_starts = new(TestKind.Starts, false, ListValues.Text);
    private static readonly ListUse s_network = new(TestKind.Network, false, null);

    private static PatternList Of(params PatternEntry[] entries) => new(new() { Name = "list", IsMap = true, Entries = [.. entries] });

    private static string? Find(PatternList list, ListUse use, string value) => list.ViewFor(use).Find(Encoding.UTF8.GetBytes(value)) is { } found ? found.Value ?? found.Pattern : null;

    [Fact]
    public void Of_patterns_that_are_alike_the_first_counts_until_it_is_taken_out()
    {
        var list = Of(new("a", "1"), new("a", "2"), new("b", "3"));

        Assert.Equal("1", Find(list, s_exact, "a"));
        Assert.True(list.Remove(list.Entries()[0].Number));
        Assert.Equal("2", Find(list, s_exact, "a"));
        Assert.True(list.Remove("a"));
        Assert.False(list.Remove("a"));
        Assert.Null(Find(list, s_exact, "a"));
        Assert.Equal("3", Find(list, s_exact, "b"));
    }

    [Fact]
    public void The_longest_beginning_and_the_smallest_network_count()
    {
        var list = Of(new("/a", "short"), new("/abc", "long"));
        var networks = Of(new PatternEntry("10.0.0.0/8"), new("10.1.2.3/16"), new("10.1.2.3"));

        Assert.Equal("long", Find(list, s_starts, "/abcd"));
        Assert.Equal("short", Find(list, s_starts, "/abd"));
        Assert.Null(list.Add([new("/ab", "between")]));
        Assert.Equal("between", Find(list, s_starts, "/abd"));
        Assert.Equal("10.1.2.3/16", Find(networks, s_network, "10.1.9.9"));
        Assert.Equal("10.1.2.3", Find(networks, s_network, "10.1.2.3"));
        Assert.Null(networks.Add([new("10.1.9.0/24")]));
        Assert.Equal("10.1.9.0/24", Find(networks, s_network, "10.1.9.9"));
    }

    [Fact]
    public void A_version_is_seen_once_it_is_committed_and_those_before_it_are_gone()
    {
        var list = Of(new PatternEntry("a", "1"));
        _ = list.ViewFor(s_exact);

        Assert.Equal(1u, list.Prepare());
        Assert.Equal(2u, list.Prepare());
        Assert.Null(list.Add([new("a", "2"), new("b", "2")], version: 2));
        Assert.Equal("1", Find(list, s_exact, "a"));
        Assert.Null(Find(list, s_exact, "b"));
        Assert.False(list.Commit(3));
        Assert.True(list.Commit(2));
        Assert.False(list.Commit(1));
        Assert.Equal("2", Find(list, s_exact, "a"));
        Assert.Equal(2, list.Count);
        list.Clear();
        Assert.Null(Find(list, s_exact, "a"));
    }

    [Fact]
    public void What_cannot_be_compared_with_is_not_taken_in()
    {
        var list = Of([]);
        _ = list.ViewFor(s_network);

        Assert.Equal((new PatternEntry("zork"), TestKind.Network), list.Add([new("10.0.0.0/8"), new("zork")]));
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_reload_with_the_same_patterns_keeps_what_was_changed()
    {
        var settings = new PatternListSettings { Name = "list", IsMap = true, Entries = [new("a", "1")] };
        var lists = PatternLists.From([settings])!;
        lists.Find("list")!.Set("a", "2");

        var kept = PatternLists.From([settings with { Description = "elsewhere" }], lists)!.Find("list")!;
        var other = PatternLists.From([settings with { Entries = [new("a", "3")] }], lists)!.Find("list")!;

        Assert.Equal("2", Find(kept, s_exact, "a"));
        Assert.Equal("elsewhere", kept.Settings.Description);
        Assert.Equal("3", Find(other, s_exact, "a"));
    }

    [Theory]
    [InlineData(TestKind.Network, "10.0.0.0/8", "10.1.1.1")]
    [InlineData(TestKind.Range, "5:7", "6")]
    [InlineData(TestKind.Matches, "a+", "xaax")]
    public void A_reload_that_compares_otherwise_passes_over_what_it_cannot_read(TestKind test, string pattern, string value)
    {
        var use = new ListUse(test, false, null);
        var settings = new PatternListSettings { Name = "list", Uses = [new(TestKind.Is, false, null)] };
        var list = new PatternList(settings);
        Assert.Null(list.Add([new("foo("), new(pattern)]));

        Assert.True(list.TryFollow(settings with { Uses = [use] }));

        Assert.Equal((pattern, null), (Find(list, use, value), Find(list, use, "foo(")));
        Assert.Equal(2, list.Count);
        Assert.True(list.Remove("foo("));
        Assert.Equal(pattern, Find(list, use, value));
    }

    [Fact]
    public void What_no_configuration_asks_for_any_more_refuses_nothing()
    {
        var settings = new PatternListSettings { Name = "list", Uses = [s_network] };
        var list = new PatternList(settings);
        Assert.NotNull(list.Add([new("foo")]));

        Assert.True(list.TryFollow(settings with { Uses = [s_exact] }));

        Assert.Null(list.Add([new("foo", ""), new("10.1.1.1", "")]));
        Assert.Equal(s_exact, Assert.Single(list.Find("foo")).Use);

        // Requests that began before go on looking up what they did.
        Assert.Equal("", Find(list, s_network, "10.1.1.1"));
    }

    [Fact]
    public void Addresses_that_rules_put_in_cost_the_same_however_many_there_are()
    {
        const int Many = 5_000;
        var list = new PatternList(new() { Name = "bad", Entries = [new("10.0.0.0/8"), new("10.9.0.0/16")], Uses = [s_network] });

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Many; i++)
            list.Put(Encoding.UTF8.GetBytes($"10.9.{i >> 8}.{i & 255}"), default, hasValue: false);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Many * 10_000L);
        Assert.Equal(("10.9.1.2", "10.9.255.1", "10.1.1.1"), (Find(list, s_network, "10.9.1.2"), Find(list, s_network, "10.9.255.1") is "10.9.0.0/16" ? "10.9.255.1" : null, Find(list, s_network, "10.1.1.1") is "10.0.0.0/8" ? "10.1.1.1" : null));
        list.Remove("10.9.1.2"u8);
        list.Remove("10.9.0.0/16"u8);
        Assert.Equal("10.0.0.0/8", Find(list, s_network, "10.9.1.2"));
    }

    [Fact]
    public void Addresses_that_are_written_in_several_ways_are_one()
    {
        var list = Of(new PatternEntry("::ffff:10.0.0.0/104"), new("1.2.3.4"), new("::ffff:1.2.3.4"), new("1.2.3.4/32"), new("fd00::1"), new("10.1.0.0/16"));

        Assert.Equal(("1.2.3.4", "fd00::1"), (Find(list, s_network, "::ffff:1.2.3.4"), Find(list, s_network, "fd00:0::1")));
        Assert.Equal(("10.1.0.0/16", "::ffff:10.0.0.0/104"), (Find(list, s_network, "10.1.1.1"), Find(list, s_network, "10.2.1.1")));
        list.Remove("1.2.3.4");
        Assert.Equal("::ffff:1.2.3.4", Find(list, s_network, "1.2.3.4"));
        list.Remove("1.2.3.4/32");
        Assert.Equal("::ffff:1.2.3.4", Find(list, s_network, "1.2.3.4"));
        list.Remove("::ffff:1.2.3.4");
        Assert.Null(Find(list, s_network, "1.2.3.4"));
    }

    [Fact]
    public void Taking_out_an_entry_of_a_version_to_come_leaves_what_is_looked_up()
    {
        var list = Of(new("k", "v"), new("10.0.0.1", "v"));
        _ = (list.ViewFor(s_exact), list.ViewFor(new(TestKind.Contains, false, null)));
        var version = list.Prepare();
        Assert.Null(list.Add([new("k", "next"), new("10.0.0.1", "next")], version));

        foreach (var entry in list.Entries(version))
            Assert.True(list.Remove(entry.Number));

        Assert.Equal(("v", "v"), (Find(list, s_exact, "k"), Find(list, new(TestKind.Contains, false, null), "k")));
        Assert.Empty(list.Entries(version));
    }

    [Fact]
    public void Patterns_of_any_bytes_are_found_again()
    {
        byte[] pattern = [.. "d"u8, 0xFF, 0xE9, .. "é\U0001F600"u8, 0xF0, 0x9F];
        var list = Of([]);
        var views = (list.ViewFor(s_exact), list.ViewFor(new(TestKind.Contains, false, ListValues.Text)));

        list.Put(pattern, [0xFE], hasValue: true);
        list.Put(pattern, [0xFD], hasValue: true);

        Assert.Equal([0xFD], views.Item1.Find(pattern)!.Bytes.ToArray());
        Assert.Equal([0xFD], views.Item2.Find(pattern)!.Bytes.ToArray());
        var entry = Assert.Single(list.Entries());
        Assert.Equal(pattern, BytesText.Encode(entry.Pattern));
        Assert.Equal([0xFD], BytesText.Encode(entry.Value!));
        Assert.Null(views.Item1.Find("d\uFFFD\uFFFDé\U0001F600\uFFFD"u8));
        list.Remove(pattern);
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void What_is_no_value_of_a_list_is_given_to_none()
    {
        var list = Of(new PatternEntry("a", "5"));
        _ = list.ViewFor(new(TestKind.Is, false, ListValues.Numbers));

        list.Put("a"u8, "zork"u8, hasValue: true);
        list.Put("b"u8, "zork"u8, hasValue: true);

        Assert.Equal((SetOutcome.NoValue, SetOutcome.NoValue, SetOutcome.NoEntry), (list.Set("a", "7zork"), list.Set(list.Entries()[0].Number, ""), list.Set("b", "1")));
        Assert.Equal("5", Assert.Single(list.Entries()).Value);
        list.Put("a"u8, "-6"u8, hasValue: true);
        Assert.Equal("-6", list.Entries()[0].Value);
        Assert.Equal(SetOutcome.Done, list.Set("a", "7"));
    }

    [Fact]
    public async Task Lookups_go_on_while_others_change_the_list()
    {
        var list = Of(new("/stays", "here"), new("stays", "here"));
        PatternView[] views = [list.ViewFor(s_exact), list.ViewFor(s_starts), list.ViewFor(new(TestKind.Contains, false, ListValues.Text))];
        var changing = Task.Run(
            () =>
            {
                for (var i = 0; i < 2_000; i++)
                {
                    var text = Encoding.UTF8.GetBytes($"/{i % 50}");
                    list.Put(text, "x"u8, hasValue: true);
                    list.Add([new($"/{i % 7}", "twice")]);
                    list.Remove(text);
                    if (i % 100 == 0)
                        _ = list.Commit(list.Prepare()) | (list.Add([new("/stays", "here"), new("stays", "here")]) is null);
                }
            },
            TestContext.Current.CancellationToken);

        do
        {
            foreach (var view in views)
                Assert.True(view.Find("/5"u8) is null or { Value: "x" or "twice" });
        }
        while (!changing.IsCompleted);

        await changing;
        foreach (var view in views)
            Assert.Equal("here", view.Find("/stays"u8)?.Value ?? view.Find("stays"u8)?.Value);
    }

    [Fact]
    public void Looking_up_and_putting_in_what_is_there_allocates_nothing()
    {
        var list = Of(new("a", "1"), new("/a", "2"));
        var (exact, starts, regular) = (list.ViewFor(s_exact), list.ViewFor(s_starts), list.ViewFor(new(TestKind.Contains, false, ListValues.Text)));
        Look();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Look();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Look()
        {
            _ = exact.Find("a"u8);
            _ = starts.Find("/abc"u8);
            _ = regular.Find("xax"u8);
            list.Put("a"u8, "1"u8, hasValue: true);
            list.Remove("none"u8);
        }
    }

    [Theory]
    [InlineData("lookup(path, '/etc/a.map', starts-with, else 'x')")]
    [InlineData("lookup(header('n'), 'a b', matches any-case, groups)")]
    [InlineData("lookup(client, 'n', in-network, numbers, else '7')")]
    public void Lookups_are_written_as_they_are_read(string text)
    {
        Assert.True(Condition.TryParse(text + " is 'a'", out var condition, out var mistake), mistake.Message);
        Assert.Equal(text + " is 'a'", condition.ToString());
    }

    [Fact]
    public void Conditions_on_lists_are_written_as_they_are_read()
    {
        const string Text = "path starts-with any-case list '/etc/paths' and not client in-network list 'bad'";

        Assert.True(Condition.TryParse(Text, out var condition, out var mistake), mistake.Message);
        Assert.Equal(Text, condition.ToString());
    }

    [Theory]
    [InlineData("path starts-with list ''", "the name of a list is missing")]
    [InlineData("lookup(path, 'a') is 'x'", "where ',' is missing")]
    [InlineData("lookup(path, 'a', is, groups) is 'x'", "'groups' of a comparison")]
    [InlineData("lookup(path, 'a', is, words) is 'x'", "'words' is nothing that values of a list are")]
    [InlineData("lookup(path, 'a', zork) is 'x'", "'zork' is not a comparison")]
    public void What_is_wrong_with_a_lookup_is_said(string text, string expected)
    {
        Assert.False(Condition.TryParse(text, out _, out var mistake));
        Assert.Contains(expected, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_survive_being_written_as_yaml()
    {
        const string Yaml = """
            lists:
              - { name: hosts, number: 3, description: "of a file", map: [ "a.com one", "b.com two three", c.com ] }
              - { name: bad, patterns: [ 10.0.0.0/8 ] }
              - { name: later, values: true }
            listen:
              - bind: "127.0.0.1:0"
                rules:
                  - { when: "client in-network list 'bad'", deny: 403 }
                  - { set-entry: { list: later, key: "{path}", value: "{host}" } }
                  - { remove-entry: { list: bad, key: "{client}" } }
                routes:
                  - { respond: { status: 200, text: "{lookup(host, 'hosts', is, else 'none')}" } }
            """;

        var read = ConfigurationFile.Parse(Yaml, "a.yaml");
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems));
        var again = ConfigurationFile.Parse(ConfigurationFile.Write(read.Snapshot), "b.yaml");

        Assert.Equal(read.Snapshot, again.Snapshot);
        Assert.Equal([new("a.com", "one"), new("b.com", "two three"), new("c.com", "")], read.Snapshot.Lists[0].Entries);
        Assert.Equal(new ListUse(TestKind.Network, false, null), Assert.Single(read.Snapshot.Lists[1].Uses.AsEnumerable()));
    }

    [Theory]
    [InlineData("lists: [ { name: a, patterns: [ x ] } ]", "client in-network list 'a'", "in the list 'a' 'x' is not a network")]
    [InlineData("lists: [ { name: a, patterns: [ x ] } ]", "path is list 'b'", "no list is called 'b'")]
    [InlineData("lists: [ { name: a, patterns: [ x ] } ]", "lookup(path, 'a', is) is 'x'", "the patterns of the list 'a' have no values")]
    [InlineData("lists: [ { name: a, map: [ x y ] } ]", "lookup(path, 'a', is, numbers) is 'x'", "in the list 'a' 'y' is not a whole number")]
    public void Lists_that_do_not_suit_are_refused(string lists, string condition, string expected)
    {
        var read = ConfigurationFile.Parse($"{lists}\nlisten: [ {{ bind: \"127.0.0.1:0\", rules: [ {{ when: \"{condition}\", deny: 403 }} ], routes: [ {{ respond: 200 }} ] }} ]\n", "a.yaml");

        Assert.Contains(read.Problems, problem => problem.Message.Contains(expected, StringComparison.Ordinal));
    }
}

using System.Globalization;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Haproxy;

namespace Steelyard.Haproxy;

/// <summary>Commands about tables of counters.</summary>
internal static class TableCommands
{
    private const string Needs = "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>\n";

    // HAProxy: as many conditions on what is stored.
    private const int MostFilters = 4;

    // As HAProxy lists what a table stores.
    private static readonly string[] s_order =
    [
        "gpt0", "gpc0", "gpc0_rate", "conn_cnt", "conn_rate", "conn_cur", "sess_cnt", "sess_rate", "http_req_cnt", "http_req_rate", "http_err_cnt", "http_err_rate",
        "bytes_in_cnt", "bytes_in_rate", "bytes_out_cnt", "bytes_out_rate", "gpc1", "gpc1_rate", "http_fail_cnt", "http_fail_rate",
    ];

    public static IReadOnlyList<Command> All { get; } =
    [
        new("show table", "<table> [<filter>]*", CommandLevel.User, "report table usage stats or dump this table's contents (filter: data/key)", Show),
        new("clear table", "<table> [<filter>]*", CommandLevel.Operator, "remove an entry from a table (filter: data/key)", Clear),
        new("set table", "<table> key <k> [data.* <v>]*", CommandLevel.Admin, "update or create a table entry's data", Set),
    ];

    private static Task<string> Show(CommandDesk desk, CommandTalk talk, string[] words)
    {
        var text = new StringBuilder();
        var now = desk.Desk.Balancer.Now;
        if (words.Length == 0)
        {
            // HAProxy has the last one first.
            foreach (var each in desk.Desk.Balancer.Tables.Reverse())
                text.Append(Heading(each, each.Entries(now).Count));
            return Task.FromResult(text.ToString());
        }

        var table = Find(desk, words[0]);
        var (key, filter) = ReadFilter(table, words, "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>\n");
        var entries = table.Entries(now);
        var shown = entries.FindAll(entry => (key is null || entry.Key == key) && filter(entry));
        if (key is not null && shown.Count == 0)
            return Task.FromResult("");
        text.Append(Heading(table, entries.Count));
        shown.Sort(ByKey);
        foreach (var entry in shown)
            text.Append(Line(table, entry));
        return Task.FromResult(text.ToString());
    }

    private static Task<string> Clear(CommandDesk desk, CommandTalk talk, string[] words)
    {
        if (words.Length == 0)
            throw new CommandException(Needs);
        var (table, now) = (Find(desk, words[0]), desk.Desk.Balancer.Now);
        var (key, filter) = ReadFilter(table, words, Needs);
        var isTracked = false;
        foreach (var entry in table.Entries(now))
        {
            if ((key is null || entry.Key == key) && filter(entry))
                isTracked |= !table.Remove(table.KeyOf(Encoding.UTF8.GetBytes(entry.Key)), now) && entry.Open > 0;
        }

        return key is not null && isTracked ? throw new CommandException("Entry currently in use, cannot remove\n") : Task.FromResult("");
    }

    private static Task<string> Set(CommandDesk desk, CommandTalk talk, string[] words)
    {
        const string NeedsKey = "Required arguments: <table> key <key> [data.<store_data_type> <value>]*\n";
        if (words.Length == 0)
            throw new CommandException(NeedsKey);
        var (table, now) = (Find(desk, words[0]), desk.Desk.Balancer.Now);
        if (words.Length == 1)
            return Task.FromResult("");
        if (words.Length < 3 || words[1] != "key")
            throw new CommandException(NeedsKey);
        List<AskedCounter> changes = [];
        for (var i = 3; i < words.Length; i += 2)
        {
            if (CounterOf(table, words[i]) is not { } stored)
                throw new CommandException("Data type not stored in this table\n");
            if (!long.TryParse(words.ElementAtOrDefault(i + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw new CommandException("Require a valid integer value to store\n");
            if (stored.Kind == CounterKind.Open)
                throw new CommandException("What is open now is not set here\n");
            changes.Add(new(stored.Kind, CounterOperation.Set, number));
        }

        var text = Encoding.UTF8.GetBytes(words[2]);
        foreach (var change in changes)
            _ = table.TryAsk(table.KeyOf(text), text, change, now, out _);
        return Task.FromResult("");
    }

    private static CounterTable Find(CommandDesk desk, string name) =>
        desk.Desk.Balancer.Tables.FirstOrDefault(table => table.Settings.Name == name) ?? throw new CommandException("No such table\n");

    private static (string? Key, Func<CounterEntry, bool> Filter) ReadFilter(CounterTable table, string[] words, string usage)
    {
        if (words.Length == 1)
            return (null, static _ => true);
        if (words is [_, "key", var key])
            return (key, static _ => true);
        List<Func<CounterEntry, bool>> all = [];
        for (var i = 1; i < words.Length; i += 3)
        {
            if (i + 2 >= words.Length || !words[i].StartsWith("data.", StringComparison.Ordinal) || all.Count == MostFilters)
                throw new CommandException(usage);
            all.Add(ReadOne(table, words.AsSpan(i, 3), all.Count + 1));
        }

        return (null, entry => all.TrueForAll(one => one(entry)));
    }

    private static Func<CounterEntry, bool> ReadOne(CounterTable table, ReadOnlySpan<string> words, int place)
    {
        if (CounterOf(table, words[0]) is not { } stored)
            throw new CommandException($"Filter entry #{place}: {(IsKnown(words[0]) ? "Data type not stored in this table" : "Unknown data type")}\n");
        if (!long.TryParse(words[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw new CommandException($"Filter entry #{place}: Require a valid integer value to compare against\n");
        Func<long, bool> holds = words[1] switch
        {
            "eq" => value => value == number,
            "ne" => value => value != number,
            "le" => value => value <= number,
            "ge" => value => value >= number,
            "lt" => value => value < number,
            "gt" => value => value > number,
            _ => throw new CommandException($"Filter entry #{place}: Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"\n"),
        };
        var index = table.Settings.Store.AsEnumerable().ToList().IndexOf(stored);
        return entry => holds(entry.Values[index]);
    }

    private static bool IsKnown(string data) => HaproxyCounters.Names.Any(row => "data." + row.Name == data);

    private static StoredCounter? CounterOf(CounterTable table, string data)
    {
        foreach (var (name, kind) in HaproxyCounters.Names)
        {
            if (data != "data." + name)
                continue;
            foreach (var stored in table.Settings.Store.AsEnumerable())
            {
                if (stored.Kind == kind)
                    return stored;
            }
        }

        return null;
    }

    // In the order of HAProxy's trees: addresses as numbers, IPv4 first, texts by their bytes.
    private static int ByKey(CounterEntry one, CounterEntry other)
    {
        var (first, second) = (Encoding.UTF8.GetBytes(one.Key), Encoding.UTF8.GetBytes(other.Key));
        if (System.Net.IPAddress.TryParse(one.Key, out var address) && System.Net.IPAddress.TryParse(other.Key, out var another) && address.AddressFamily == another.AddressFamily)
            (first, second) = (address.GetAddressBytes(), another.GetAddressBytes());
        return first.AsSpan().SequenceCompareTo(second);
    }

    // What kind of keys they are only the rules know: addresses have the length that tables have by default.
    private static string Heading(CounterTable table, int used) =>
        string.Create(CultureInfo.InvariantCulture, $"# table: {table.Settings.Name}, type: {(table.Settings.KeyLength == new CounterTableSettings { Name = "", Store = default }.KeyLength ? "ip" : "string")}, size:{table.Settings.Size}, used:{used}\n");

    private static string Line(CounterTable table, CounterEntry entry)
    {
        var id = table.KeyOf(Encoding.UTF8.GetBytes(entry.Key));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"0x{(ulong)id & 0xffffffffffff:x12}: key={entry.Key} use={entry.Open} exp={entry.Left ?? 0}");
        foreach (var name in s_order)
        {
            for (var i = 0; i < entry.Values.Length; i++)
            {
                var (kind, period) = table.Settings.Store[i];
                if (NameOf(kind) == name)
                    text.Append(CultureInfo.InvariantCulture, $" {name}{(CounterWords.IsRate(kind) ? $"({(long)period.TotalMilliseconds})" : "")}={entry.Values[i]}");
            }
        }

        return text.Append('\n').ToString();
    }

    private static string NameOf(CounterKind kind) => HaproxyCounters.Names.First(row => row.Kind == kind).Name;
}

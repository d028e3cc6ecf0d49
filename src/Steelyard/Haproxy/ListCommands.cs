using System.Globalization;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Config.Yaml.Tables;
using Steelyard.Engine.Lists;

namespace Steelyard.Haproxy;

/// <summary>
/// Commands about the patterns of ACLs and maps (HAProxy's management guide, 9.3); everybody on a socket may give them, as
/// there. What they change ends with the engine.
/// </summary>
internal static class ListCommands
{
    private const string UnknownMap = "Unknown map identifier. Please use #<id> or <file>.\n";
    private const string UnknownAcl = "Unknown ACL identifier. Please use #<id> or <file>.\n";

    public static IReadOnlyList<Command> All { get; } = [.. Both(isMap: false), .. Both(isMap: true), Of("set map", "<map> [<key>|#<ref>] <value>", "modify a map entry", static (desk, _, words) => Set(desk, words))];

    private static IEnumerable<Command> Both(bool isMap)
    {
        var kind = isMap ? "map" : "acl";
        yield return Of($"add {kind}", isMap ? "[@<ver>] <map> <key> <val>" : "[@<ver>] <acl> <pattern>", isMap ? "add a map entry (payload supported instead of key/val)" : "add an acl entry", (desk, talk, words) => Add(desk, words, isMap, talk.Payload));
        yield return Of($"clear {kind}", $"[@<ver>] <{kind}>", $"clear the contents of this {kind}", (desk, _, words) => Clear(desk, words, isMap));
        yield return Of($"commit {kind}", $"@<ver> <{kind}>", isMap ? "commit the map at this version" : "commit the ACL at this version", (desk, _, words) => Commit(desk, words, isMap));
        yield return Of($"del {kind}", $"<{kind}> [<key>|#<ref>]", $"delete {kind} entries matching <key>", (desk, _, words) => Remove(desk, words, isMap));
        yield return Of($"get {kind}", $"<{kind}> <value>", isMap ? "report the keys and values matching a sample for a map" : "report the patterns matching a sample for an ACL", (desk, _, words) => Get(desk, words, isMap));
        yield return Of($"prepare {kind}", $"<{kind}>", $"prepare a new version for atomic {(isMap ? "map" : "ACL")} replacement", (desk, _, words) => $"New version created: {Find(desk, words.FirstOrDefault(), isMap).Prepare()}\n");
        yield return Of($"show {kind}", $"[@<ver>] [<{kind}>]", isMap ? "report available maps or dump a map's contents" : "report available acls or dump an acl's contents", (desk, _, words) => Show(desk, words, isMap));
    }

    private static Command Of(string name, string arguments, string meaning, Func<CommandDesk, CommandTalk, string[], string> answer) =>
        new(name, arguments, CommandLevel.User, meaning, (desk, talk, words) => Task.FromResult(answer(desk, talk, words)));

    private static string Show(CommandDesk desk, string[] words, bool isMap)
    {
        var (version, rest) = TakeVersion(words);
        var text = new StringBuilder();
        if (rest.Length > 0)
        {
            foreach (var entry in Find(desk, rest[0], isMap).Entries(version))
                text.Append(CultureInfo.InvariantCulture, $"0x{entry.Number:x12} {entry.Pattern}{(isMap ? " " + entry.Value : "")}\n");
            return text.ToString();
        }

        text.Append("# id (file) description\n");
        foreach (var (number, list) in Lists(desk).OrderBy(one => one.Number))
        {
            if (list.Settings.IsMap == isMap || list.Settings.Uses.Any(use => use.Values is not null == isMap))
                text.Append(CultureInfo.InvariantCulture, $"{number} ({(list.Settings.Name == $"#{number}" ? "" : list.Settings.Name)}) {list.Settings.Description}. curr_ver={list.Version} next_ver={list.NewestVersion} entry_cnt={list.Count * list.Settings.Uses.Select(IndexOf).Distinct().Count()}\n");
        }

        return text.ToString();
    }

    private static string Get(CommandDesk desk, string[] words, bool isMap)
    {
        if (words.Length < 2)
            throw new CommandException($"Missing {(isMap ? "map" : "ACL")} identifier and/or key.\n");
        var text = new StringBuilder();
        foreach (var (use, found) in Find(desk, words[0], isMap).Find(words[1]).DistinctBy(one => IndexOf(one.Use)))
        {
            text.Append(CultureInfo.InvariantCulture, $"type={NameOf(use)}, case={(use.IgnoreCase ? "insensitive" : "sensitive")}, {(isMap ? "found" : "match")}={(found is null ? "no" : "yes")}");
            if (found is not null)
                text.Append(CultureInfo.InvariantCulture, $", idx={(use is { Test: TestKind.Network } or { Test: TestKind.Is or TestKind.Starts, IgnoreCase: false } ? "tree" : "list")}, {(isMap ? "key" : "pattern")}=\"{found.Pattern}\"");
            if (isMap && found is not null)
                text.Append(CultureInfo.InvariantCulture, $", value=\"{found.Value}\", type=\"{TypeOf(use, found.Value ?? "")}\"");
            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Add(CommandDesk desk, string[] words, bool isMap, string? payload)
    {
        var (version, rest) = TakeVersion(words);
        if (isMap ? rest.Length < (payload is null ? 3 : 1) : rest.Length < 2 || payload is not null)
        {
            throw new CommandException(isMap ? "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload\n"
                : "'add acl' expects two parameters: ACL identifier and pattern.\n");
        }

        var list = Find(desk, rest[0], isMap);
        if (version is { } asked && (int)(asked - list.NewestVersion) > 0)
            throw new CommandException($"Version number in the future, please use 'prepare {(isMap ? "map" : "acl")}' before.\n");
        if (list.Add(payload is null ? [new(rest[1], isMap ? rest[2] : null)] : ReadPayload(payload), version) is { } mistake)
            throw new CommandException(MistakeIn(mistake.Entry, mistake.Test));
        return "";
    }

    private static List<PatternEntry> ReadPayload(string payload)
    {
        List<PatternEntry> entries = [];
        foreach (var line in payload.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var entry = PatternLists.Split(line);
            entries.Add(entry.Value!.Length > 0 ? entry : throw new CommandException($"Missing value for key '{entry.Pattern}'.\n"));
        }

        return entries;
    }

    private static string Set(CommandDesk desk, string[] words)
    {
        if (words.Length < 3)
            throw new CommandException("'set map' expects three parameters: map identifier, key and value.\n");
        var list = Find(desk, words[0], isMap: true);
        if (NumberOf(words[1]) is { } number)
        {
            return list.Set(number, words[2]) switch
            {
                SetOutcome.Done => "",
                SetOutcome.NoValue => throw new CommandException($"unable to parse '{words[2]}'.\n"),
                _ => throw new CommandException("key or pattern not found.\n"),
            };
        }

        // HAProxy keeps silent about a value that is none where the entry is named by its key; nothing changes there either.
        return list.Set(words[1], words[2]) != SetOutcome.NoEntry ? "" : throw new CommandException("entry not found.\n");
    }

    private static string Remove(CommandDesk desk, string[] words, bool isMap)
    {
        if (words.Length < 2)
            throw new CommandException("This command expects two parameters: map identifier and key.\n");
        var list = FindOr(desk, words[0], isMap) ?? throw new CommandException(UnknownMap);
        return (NumberOf(words[1]) is { } number ? list.Remove(number) : list.Remove(words[1])) ? "" : throw new CommandException("Key not found.\n");
    }

    private static string Clear(CommandDesk desk, string[] words, bool isMap)
    {
        var (version, rest) = TakeVersion(words);
        if (rest.Length == 0)
            throw new CommandException($"Missing {(isMap ? "map" : "ACL")} identifier.\n");
        Find(desk, rest[0], isMap).Clear(version);
        return "";
    }

    private static string Commit(CommandDesk desk, string[] words, bool isMap)
    {
        var (version, rest) = TakeVersion(words);
        if (version is not { } asked)
            throw new CommandException("Missing version number.\n");
        return Find(desk, rest.FirstOrDefault(), isMap).Commit(asked) ? "" : throw new CommandException("Version number out of range.\n");
    }

    private static (uint? Version, string[] Words) TakeVersion(string[] words) =>
        words is [['@', .. var number], .. var rest] ? (uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0, rest) : (null, words);

    private static IEnumerable<(int Number, PatternList List)> Lists(CommandDesk desk) => desk.Desk.Balancer.Lists.Select((list, place) => (list.Settings.Number ?? place, list));

    private static PatternList Find(CommandDesk desk, string? name, bool isMap) => FindOr(desk, name, isMap) ?? throw new CommandException(isMap ? UnknownMap : UnknownAcl);

    private static PatternList? FindOr(CommandDesk desk, string? name, bool isMap)
    {
        foreach (var (number, list) in Lists(desk))
        {
            if ((list.Settings.Name == name || (name is ['#', .. var digits] && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked == number))
                && (list.Settings.IsMap == isMap || list.Settings.Uses.Any(use => use.Values is not null == isMap)))
                return list;
        }

        return null;
    }

    // An entry by the number that is shown before it.
    private static long? NumberOf(string word)
    {
        if (word is not ['#', .. var digits])
            return null;
        return long.TryParse(digits.StartsWith("0x", StringComparison.Ordinal) ? digits[2..] : digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private static string MistakeIn(PatternEntry entry, TestKind? test) => test switch
    {
        null => $"unable to parse '{entry.Value}'.\n",
        TestKind.Network => $"'{entry.Pattern}' is not a valid IPv4 or IPv6 address.\n",
        TestKind.Matches => $"regex '{entry.Pattern}' is invalid.\n",
        _ when entry.Pattern.Contains(':', StringComparison.Ordinal) => $"'{entry.Pattern}' is not a valid number range.\n",
        _ => $"'{entry.Pattern}' is not a number.\n",
    };

    private static string NameOf(ListUse use) => use.Test switch
    {
        TestKind.Is => "str",
        TestKind.Starts => "beg",
        TestKind.Ends => "end",
        TestKind.Contains => "sub",
        TestKind.Directory => "dir",
        TestKind.Domain => "dom",
        TestKind.Matches => use.Values == ListValues.Groups ? "regm" : "reg",
        TestKind.Network => "ip",
        TestKind.Range => "int",
        TestKind.Length => "len",
        _ => "found",
    };

    // Patterns that HAProxy keeps in the same way it keeps once.
    private static (string, bool, ListValues) IndexOf(ListUse use) => (
        use.Test is TestKind.Ends or TestKind.Contains or TestKind.Directory or TestKind.Domain ? "list" : NameOf(use),
        use.IgnoreCase,
        use.Values is ListValues.Numbers or ListValues.Addresses ? use.Values.Value : ListValues.Text);

    private static string TypeOf(ListUse use, string value) => use.Values switch
    {
        ListValues.Numbers => "sint",
        ListValues.Addresses => value.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4",
        _ => "str",
    };
}

using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads a haproxy.cfg: lines into sections, sections into a draft, the draft through its checks.</summary>
internal static class HaproxyReader
{
    private static readonly System.Buffers.SearchValues<char> s_nameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    private static readonly string[] s_sections = ["global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "resolvers", "mailers", "cache", "program", "ring", "http-errors", "log-forward", "fcgi-app"];

    /// <summary>Whether a file is one, by its name, or by the first word in it.</summary>
    public static bool Recognizes(string name, string text)
    {
        if (name.EndsWith(".cfg", StringComparison.OrdinalIgnoreCase))
            return true;
        if (name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
            return false;
        var line = FirstLine.Of(text);
        var blank = line.IndexOfAny(' ', '\t');
        var word = blank < 0 ? line : line[..blank];

        // A section's name is a word, a brace or a colon behind it is another language's.
        return word is "global" or "defaults" or "frontend" or "backend" or "listen" && (blank < 0 || line[blank..].IndexOfAny("{:;") < 0 || word is "frontend" or "backend");
    }

    /// <summary>Reads a text into a snapshot; null when anything was reported as an error.</summary>
    public static Snapshot? Read(DialectSource source, ProblemList problems)
    {
        var global = new HaproxySection { Kind = 'G', Name = new("global", new(source.Text, 0, 0)) };
        var file = new HaproxyFile(source, problems) { Global = global };
        var branches = new HaproxyBranches(file, problems);
        ReadAhead(source, file);
        ReadText(new HaproxyText(source.Text, file.Environment, problems), file, global, branches);
        foreach (var name in source.Options.Overrides)
        {
            if (source.ReadFile(name, new(source.Text, 0, 0), problems) is { } more)
                ReadText(new HaproxyText(more, file.Environment, problems), file, global, branches);
        }
        return HaproxyDraft.Of(file, problems) is { } draft ? SnapshotChecks.Check(draft, problems) : null;
    }

    /// <summary>Lists of users and sections http-errors may stand behind the lines that name them. What is wrong in them is reported once they are read.</summary>
    private static void ReadAhead(DialectSource source, HaproxyFile file)
    {
        var unheard = new ProblemList();
        var global = new HaproxySection { Kind = 'G', Name = file.Global.Name };
        var ahead = new HaproxyFile(source, unheard) { Global = global };
        var branches = new HaproxyBranches(ahead, unheard);
        var text = new HaproxyText(source.Text, ahead.Environment, unheard);
        HaproxySection? section = null;
        HaproxyUserList? users = null;
        while (text.Next() is { } words)
        {
            if (branches.Take(words) || !branches.Counts)
                continue;
            var (kind, name) = (words[0].Text, words.Count > 1 ? words[1] : default);
            if (Array.IndexOf(s_sections, kind) < 0)
            {
                users?.Read(words, unheard);
                if (section is { Kind: 'E' } || (section is { Kind: 'G' } && kind is "setenv" or "presetenv" or "unsetenv" or "default-path"))
                    ReadDirective(ahead, section, words);
                continue;
            }

            (section, users) = (kind == "global" ? global : null, null);
            if (kind == "userlist" && words.Count > 1)
                file.Users[name.Text] = users = new();
            if (kind != "http-errors" || words.Count < 2)
                continue;
            section = new() { Kind = 'E', Name = new(name.Text, name.Place) };
            file.ErrorSections[name.Text] = section.ErrorPages;
        }
    }

    private static void ReadText(HaproxyText text, HaproxyFile file, HaproxySection global, HaproxyBranches branches)
    {
        HaproxySection? section = null;
        HaproxyUserList? users = null;
        var skips = false;
        while (text.Next() is { } words)
        {
            if (branches.Take(words) || !branches.Counts)
                continue;
            var first = words[0].Text;
            if (Array.IndexOf(s_sections, first) >= 0)
                (section, users, skips) = Begin(file, global, words);
            else if (users is not null)
                users.Read(words, file.Problems);
            else if (section is not null)
                ReadDirective(file, section, words);
            else if (!skips)
                file.Problems.Error(words[0].Place, $"{Shown.Quote(first)} stands before every section", "global, defaults, frontend, backend or listen", file.Problems.Names.Nearest(first, s_sections));
        }

        branches.End();
    }

    private static (HaproxySection? Section, HaproxyUserList? Users, bool Skips) Begin(HaproxyFile file, HaproxySection global, IReadOnlyList<Word> words)
    {
        var kind = words[0].Text;
        var name = words.Count > 1 ? words[1] : words[0] with { Text = "" };
        switch (kind)
        {
            case "global":
                return (global, null, false);
            case "defaults":
                return (BeginDefaults(file, words, name), null, false);
            case "frontend" or "backend" or "listen":
                return (BeginProxy(file, words, name), null, false);
            case "userlist":
                HaproxyUserList users = new();
                file.Users[name.Text] = users;
                return (null, users, false);
            case "http-errors":
                var errors = new HaproxySection { Kind = 'E', Name = new(name.Text, name.Place) };
                file.ErrorSections[name.Text] = errors.ErrorPages;
                return (errors, null, false);
            case "resolvers":
                var resolvers = new HaproxySection { Kind = 'R', Name = new(name.Text, name.Place) };
                file.Resolvers[name.Text] = resolvers;
                return (resolvers, null, false);
            case "cache":
                file.Problems.Note(words[0].Place, $"the section 'cache' has no effect here: {Continued(HaproxyRules.NoCache)}");
                return (null, null, true);
            case "peers" or "mailers" or "ring" or "log-forward":
                file.Problems.Note(words[0].Place, $"the section '{kind}' has no effect here: what it is for is not done here");
                return (null, null, true);
            default:
                file.Problems.Error(words[0].Place, $"the section '{kind}' is not done here", "the file without it");
                return (null, null, true);
        }
    }

    private static HaproxySection? DefaultsOf(HaproxyFile file, IReadOnlyList<Word> words, int from)
    {
        if (words.Count <= from)
            return file.Defaults;
        if (words[from].Text != "from" || words.Count != from + 2)
        {
            file.Problems.Error(words[from].Place, $"{Shown.Quote(words[from].Text)} is left over behind the name of a section", "the end of the line, or 'from' with the name of a section of defaults");
            return file.Defaults;
        }

        if (file.NamedDefaults.TryGetValue(words[from + 1].Text, out var named))
            return named;
        file.Problems.Error(words[from + 1].Place, $"no section of defaults is called {Shown.Quote(words[from + 1].Text)}", file.NamedDefaults.Count == 0 ? "'defaults' with a name" : Shown.OneOf(file.NamedDefaults.Keys), file.Problems.Names.Nearest(words[from + 1].Text, file.NamedDefaults.Keys));
        return file.Defaults;
    }

    private static HaproxySection BeginDefaults(HaproxyFile file, IReadOnlyList<Word> words, Word name)
    {
        var named = words.Count > 1 && words[1].Text != "from";
        var parent = words.Count > (named ? 2 : 1) ? DefaultsOf(file, words, named ? 2 : 1) : null;
        var section = HaproxySection.From('D', new(named ? name.Text : "", words[0].Place), parent);
        if (named)
            file.NamedDefaults[name.Text] = section;
        file.Defaults = section;
        return section;
    }

    private static HaproxySection BeginProxy(HaproxyFile file, IReadOnlyList<Word> words, Word name)
    {
        var kind = words[0].Text switch { "frontend" => 'F', "backend" => 'B', _ => 'L' };
        if (words.Count < 2)
            file.Problems.Error(words[0].Place, $"'{words[0].Text}' without a name", $"'{words[0].Text}' with a name");
        else if (name.Text.Length > 64 || name.Text.AsSpan().ContainsAnyExcept(s_nameCharacters))
            file.Problems.Error(name.Place, $"{Shown.Quote(name.Text)} cannot be the name of a section", "1 to 64 letters, digits and - _ . :");
        var section = HaproxySection.From(kind, new(name.Text, name.Place), DefaultsOf(file, words, 2));
        foreach (var other in file.Proxies)
        {
            if (other.Name.Value == name.Text && ((other.IsFrontend && section.IsFrontend) || (other.IsBackend && section.IsBackend)))
                file.Problems.Error(name.Place, $"the name {Shown.Quote(name.Text)} is given again; it stands in line {other.Name.Place.Line} already", "another name");
        }

        file.Proxies.Add(section);
        return section;
    }

    private static void ReadDirective(HaproxyFile file, HaproxySection section, IReadOnlyList<Word> words)
    {
        var table = HaproxyDirectives.Table;

        // "http-request set-var(txn.a)" is a word and, in round brackets, its first argument.
        if (words is [{ Text: "http-request" or "http-response" or "http-after-response" or "http-check" }, { } action, ..] && action.Text.IndexOf('(', StringComparison.Ordinal) is var bracket and > 0)
            words = [words[0], action with { Text = action.Text[..bracket] }, action with { Text = action.Text[bracket..] }, .. words.Skip(2)];
        if (words is [{ Text: "tcp-request" or "tcp-response" }, _, { } third, ..] && third.Text.IndexOf('(', StringComparison.Ordinal) is var opening and > 0)
            words = [words[0], words[1], third with { Text = third.Text[..opening] }, third with { Text = third.Text[opening..] }, .. words.Skip(3)];
        if (!table.TryFind(words, out var row, out var count))
        {
            var two = words.Count > 1 && words[0].Text is "option" or "timeout" or "http-request" or "http-response" or "http-check" or "tcp-request";
            var shown = two ? $"{words[0].Text} {words[1].Text}" : words[0].Text;
            file.Problems.Error(words[0].Place with { End = words[two ? 1 : 0].Place.End }, $"{Shown.Quote(shown)} is not known here", "one of the directives that docs/haproxy.md lists", table.Nearest(words, file.Problems));
            return;
        }

        var use = new HaproxyUse(file, section, words, count);
        if (!row.Contexts.Contains(section.Kind, StringComparison.Ordinal))
        {
            // As in HAProxy: what keeps clients out, servers and addresses are not passed over.
            if (section.Kind is 'F' or 'B' && row.Contexts.Contains('L', StringComparison.Ordinal) && row.Name is not ("server" or "server-template" or "bind") && !row.Name.StartsWith("tcp-", StringComparison.Ordinal))
            {
                file.Problems.Warn(use.Place, $"'{row.Name}' does nothing in {KindOf(section.Kind)}", Shown.OneOf([.. row.Contexts.Select(KindOf)]));
                return;
            }

            file.Problems.Error(use.Place, $"'{row.Name}' has no place in {KindOf(section.Kind)}", Shown.OneOf([.. row.Contexts.Select(KindOf)]));
            return;
        }

        switch (row.Support)
        {
            case DirectiveSupport.Harmless:
                file.Problems.Note(use.Place, $"'{row.Name}' has no effect here: {Continued(row.Meaning)}");
                break;
            case DirectiveSupport.Refused:
                file.Problems.Error(use.Place, $"'{row.Name}' is not done here", row.Meaning);
                break;
            default:
                var errors = file.Problems.ErrorCount;
                row.Read!(use);
                if (file.Problems.ErrorCount == errors)
                    use.End();
                break;
        }
    }

    /// <summary>A sentence behind a colon.</summary>
    public static string Continued(string sentence) =>
        (sentence.Length > 1 && char.IsUpper(sentence[1]) ? sentence : char.ToLowerInvariant(sentence[0]) + sentence[1..]).TrimEnd('.');

    private static string KindOf(char kind) => kind switch { 'G' => "global", 'D' => "defaults", 'F' => "a frontend", 'B' => "a backend", 'E' => "http-errors", 'R' => "resolvers", _ => "a listen section" };
}

using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>Reads an nginx.conf: words into directives, directives into levels, levels into a draft, the draft through its checks.</summary>
internal sealed class NginxReader
{
    private const int MostIncludes = 1000;

    private static readonly string[] s_first = ["http", "events", "stream", "user", "worker_processes", "pid", "error_log", "include", "load_module", "daemon", "worker_rlimit_nofile", "master_process", "pcre_jit", "env", "thread_pool", "mail"];

    private readonly NginxFile _file;
    private int _includes;

    private NginxReader(NginxFile file) => _file = file;

    private ProblemList Problems => _file.Problems;

    /// <summary>Whether a file is one, by its name, or by its first word.</summary>
    public static bool Recognizes(string name, string text)
    {
        if (name.EndsWith(".conf", StringComparison.OrdinalIgnoreCase) || name.Contains("nginx", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".cfg", StringComparison.OrdinalIgnoreCase))
            return true;
        if (name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
            return false;
        var line = FirstLine.Of(text);
        var end = line.IndexOfAnyExcept(s_wordCharacters);
        var word = (end < 0 ? line : line[..end]).ToString();
        var rest = end < 0 ? "" : line[end..].TrimStart();
        return Array.IndexOf(s_first, word) >= 0 && (rest.EndsWith(";") || rest.EndsWith("{") || rest.IndexOfAny(";{") >= 0);
    }

    private static readonly System.Buffers.SearchValues<char> s_wordCharacters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    /// <summary>Reads a text into a snapshot; null when anything was reported as an error.</summary>
    public static Snapshot? Read(DialectSource source, ProblemList problems)
    {
        var file = new NginxFile(source, problems);
        var reader = new NginxReader(file);
        reader.ReadLevel(file.Main, NginxText.Read(source.Text, problems));
        if (problems.HasErrors)
            return null;
        if (!file.HasEvents)
            problems.Note(new(source.Text, 0, 0), "there is no \"events\" section, without which nginx does not start; here nothing depends on it");
        return NginxDraft.Of(file) is { } draft ? SnapshotChecks.Check(draft, problems) : null;
    }

    private void ReadLevel(NginxLevel level, IReadOnlyList<NginxDirective> directives)
    {
        foreach (var directive in directives)
        {
            if (directive.Name == "include")
                Include(level, directive);
            else
                ReadDirective(level, directive);
        }
    }

    private void Include(NginxLevel level, NginxDirective directive)
    {
        if (directive.Count != 1)
        {
            Problems.Error(directive.Place, "invalid number of arguments in \"include\" directive");
            return;
        }

        foreach (var source in _file.Source.ReadFiles(directive[1], directive.Words[1].Place, Problems))
        {
            if (++_includes > MostIncludes)
            {
                Problems.Error(directive.Place, $"more than {MostIncludes} files are included", "files that do not include each other");
                return;
            }

            _file.Texts.Add(source);
            ReadLevel(level, NginxText.Read(source, Problems));
        }
    }

    private void ReadDirective(NginxLevel level, NginxDirective directive)
    {
        var table = NginxDirectives.Table;
        var inUpstream = level.Context is 'U' or 'P' && directive.Name == "server";
        IReadOnlyList<Word> name = [inUpstream ? directive.Words[0] with { Text = NginxDirectives.ServerOfUpstream } : directive.Words[0]];
        if (!table.TryFind(name, out var row, out _) && !NginxDirectives.TryFindFamily(directive.Name, out row))
        {
            Problems.Error(directive.Words[0].Place, $"unknown directive \"{SafeText.Of(directive.Name)}\"", "one of the directives that docs/nginx.md lists", table.Nearest(name, Problems));
            return;
        }

        if (!row.Contexts.Contains(level.Context, StringComparison.Ordinal))
        {
            Problems.Error(directive.Words[0].Place, $"\"{directive.Name}\" directive is not allowed here", $"it in {string.Join(", ", row.Contexts.Select(NginxDirectives.ContextOf))}");
            return;
        }

        var isBlock = !inUpstream && NginxDirectives.IsBlock(directive.Name);
        if (isBlock != directive.Block is not null && row.Support == DirectiveSupport.Done)
        {
            Problems.Error(directive.Place, isBlock ? $"directive \"{directive.Name}\" has no opening \"{{\"" : $"directive \"{directive.Name}\" is not terminated by \";\"");
            return;
        }

        switch (row.Support)
        {
            case DirectiveSupport.Harmless:
                NginxHarmless.Check(new(_file, level, directive));
                Problems.Note(directive.Words[0].Place, $"\"{directive.Name}\" has no effect here: {Haproxy.HaproxyReader.Continued(row.Meaning)}");
                break;
            case DirectiveSupport.Refused:
                Problems.Error(directive.Place, $"\"{directive.Name}\" is not done here", row.Meaning);
                break;
            default:
                var errors = Problems.ErrorCount;
                row.Read!(new(_file, level, directive));
                if (directive.Block is not null && Problems.ErrorCount == errors)
                    ReadBlock(level, directive);
                break;
        }
    }

    private void ReadBlock(NginxLevel level, NginxDirective directive)
    {
        var context = (directive.Name, level.Context) switch
        {
            ("events", _) => 'E',
            ("http", _) => 'H',
            ("stream", _) => 'T',
            ("upstream", 'T') => 'P',
            ("upstream", _) => 'U',
            ("server", 'T') => 'V',
            ("server", _) => 'S',
            ("location", _) => 'L',
            ("if", 'S') => 'J',
            ("if", _) => 'I',
            ("limit_except", _) => 'X',

            // What is read as it stands: map, geo, split_clients, types, match.
            _ => ' ',
        };
        if (context == ' ')
        {
            if (directive.Name == "types")
                ReadTypes(level, directive);
            return;
        }

        var block = new NginxLevel(context, level, directive);
        if (context == 'H')
            _file.Http = block;
        else if (context == 'T')
            _file.Stream = block;
        else if (context == 'E')
            _file.HasEvents = true;
        if (context is 'I' or 'J')
            level.Steps.Add((directive, block));
        else
            level.Blocks.Add(block);
        ReadLevel(block, directive.Block!);
    }

    // What stands in a file of types counts as if it stood here.
    private void ReadTypes(NginxLevel level, NginxDirective directive)
    {
        foreach (var line in directive.Block!)
        {
            if (line.Name == "include" || line.Block is not null || line.Count < 1)
                Problems.Error(line.Place, "invalid number of arguments in \"types\" block", "a type and the endings of names it is for");
        }

        level.Add(directive);
    }
}

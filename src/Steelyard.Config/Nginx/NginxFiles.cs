using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>Files that are served without a server: root, alias, index, try_files.</summary>
internal static class NginxFiles
{
    /// <summary>Checks a line of index.</summary>
    public static void CheckIndex(NginxUse use)
    {
        if (use.Directive.Words.Skip(1).Any(word => word.Text.Contains('$', StringComparison.Ordinal)))
            use.Problems.Error(use.Directive.Place, "variables in \"index\" are not done here", "names of files");
    }

    /// <summary>The files of a block; null where it has none, as it answers everything by return.</summary>
    public static Located<FilesSettings>? Of(NginxLevel level, NginxServer server, NginxScope scope, NginxFile file)
    {
        var problems = file.Problems;
        var (folder, aliased) = FolderOf(level);

        // Of no block around.
        var tries = (level.Context == 'I' ? level.Parent! : level).Own("try_files") is [var line, ..] ? line : null;
        if (folder is null && tries is null)
            return null;
        var (strip, whole) = ("", false);
        if (aliased is not null)
        {
            var (modifier, uri) = NginxServer.Name(aliased);
            if (uri.StartsWith('@'))
            {
                problems.Error(folder!.Place, "the \"alias\" directive cannot be used inside the named location", "\"root\", or a location by a path");
                return null;
            }

            whole = modifier is "~" or "~*";
            strip = whole ? "" : uri;
        }

        TextTemplate? made = null;
        if (folder is not null && (whole || folder[1].Contains('$', StringComparison.Ordinal)))
        {
            if (!NginxVariables.TryRead(file.PathOf(folder[1]), scope, folder.Words[1].Place, out var its))
                return null;
            made = its;
        }

        var index = level.Find("index")?.Words.Skip(1).Select(word => word.Text) ?? ["index.html"];
        var files = new FilesSettings
        {
            Root = made is null ? file.PathOf(folder?[1] ?? "html") : "",
            MadeRoot = made,
            Whole = whole,
            Strip = strip,
            Index = index.ToValueList(),
            Types = NginxTypes.Of(level).Select(each => new FileType(each.Ending, each.Type)).ToValueList(),
            DefaultType = NginxTypes.Otherwise(level),
            Slash = NginxSteps.Absolute("/", TextTemplate.Of([new(null, default, NginxPaths.Encoded(new FetchExpression(FetchKind.CleanPath))), new("/"), NginxSteps.Behind("?")]), level, scope),
            ByLot = level.IsOn("random_index"),
            Tagged = level.IsOn("etag", otherwise: true),
            Since = level.Find("if_modified_since")?[1] switch { "before" => ModifiedSince.Before, "off" => ModifiedSince.Off, _ => ModifiedSince.Exact },
            MostRanges = level.Number("max_ranges"),
            Packed = level.Find("gzip_static")?[1] is not ("on" or "always") ? null
                : new() { Always = level.Find("gzip_static")![1] == "always", Vary = level.IsOn("gzip_vary"), Proxied = level.Find("gzip_proxied")?.Words.Any(word => word.Text == "any") is true },
            Listing = !level.IsOn("autoindex") ? null
                : new() { Json = level.Find("autoindex_format")?[1] == "json", Xml = level.Find("autoindex_format")?[1] == "xml", ExactSize = level.IsOn("autoindex_exact_size", otherwise: true), LocalTime = level.IsOn("autoindex_localtime"), Charset = NginxTypes.CharsetOf(level)?[1] ?? "" },
        };
        return new(tries is null ? files : WithTries(files, tries, server, scope, problems), (folder ?? tries)!.Place);
    }

    /// <summary>The folder of a block, and what of a path it takes the place of; null for all of it.</summary>
    public static (string Folder, string? Strip) RootOf(NginxLevel level, NginxFile file)
    {
        var (folder, aliased) = FolderOf(level);
        return aliased is null ? (file.PathOf(folder?[1] ?? "html"), "")
            : (file.PathOf(folder![1]), NginxServer.Name(aliased) is ("~" or "~*", _) ? null : NginxServer.Name(aliased).Uri);
    }

    /// <summary>The line root or alias that counts in a block, and of alias the location whose path it takes the place of.</summary>
    private static (NginxDirective? Line, NginxLevel? Aliased) FolderOf(NginxLevel level)
    {
        for (var at = level; at is not null; at = at.Parent)
        {
            if (at.Own("alias") is [var alias, ..])
                return (alias, at);
            if (at.Own("root") is [var root, ..])
                return (root, null);
        }

        return (null, null);
    }

    /// <summary>Checks that a block says one of root and alias.</summary>
    public static void CheckFolder(NginxUse use)
    {
        if (use.Level.Has(use.Directive.Name == "root" ? "alias" : "root"))
            use.Problems.Error(use.Directive.Place, "\"root\" beside \"alias\"", "one of them");
    }

    private static FilesSettings WithTries(FilesSettings files, NginxDirective line, NginxServer server, NginxScope scope, ProblemList problems)
    {
        List<TextTemplate> tries = [];
        foreach (var word in line.Words.Skip(1).SkipLast(1))
        {
            if (NginxVariables.TryRead(word.Text, scope, word.Place, out var path))
                tries.Add(path);
        }

        files = files with { Try = tries.ToValueList() };
        var last = line.Words[^1];
        if (last.Text.StartsWith('@'))
            return files with { ElseRoute = server.InternalName(last.Text) };
        if (last.Text.StartsWith('='))
        {
            if (int.TryParse(last.Text.AsSpan(1), out var status) && status is >= 200 and <= 599)
                return files with { ElseStatus = status };
            problems.Error(last.Place, $"invalid code \"{last.Text}\"", "=404, or another status");
            return files;
        }

        return NginxVariables.TryRead(last.Text, scope, last.Place, out var target) ? files with { ElsePath = NginxPaths.WithQuery(target) } : files;
    }
}

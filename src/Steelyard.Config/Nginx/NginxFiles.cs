using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>Files that are served without a server: root, alias, index, try_files.</summary>
internal static class NginxFiles
{
    /// <summary>The files of a block; null where it has none, as it answers everything by return.</summary>
    public static Located<FilesSettings>? Of(NginxLevel level, NginxServer server, NginxScope scope, NginxFile file)
    {
        var problems = file.Problems;
        var alias = level.Context == 'L' ? level.Own("alias") is [var own, ..] ? own : null : null;
        var root = level.Find("root");

        // Of no block around.
        var tries = (level.Context == 'I' ? level.Parent! : level).Own("try_files") is [var line, ..] ? line : null;
        if (alias is null && root is null && tries is null)
            return null;
        var folder = alias ?? root;
        if (folder?[1].Contains('$', StringComparison.Ordinal) is true)
        {
            problems.Error(folder.Words[1].Place, $"variables in \"{folder.Name}\" are not done here", "a folder");
            return null;
        }

        var strip = "";
        if (alias is not null)
        {
            var (modifier, uri) = NginxServer.Name(level);
            if (modifier is "~" or "~*" || uri.StartsWith('@'))
            {
                problems.Error(alias.Place, "\"alias\" in a location by an expression or a name is not done here", "\"root\", or a location by a path");
                return null;
            }

            strip = NginxContent.Encode(uri);
        }

        var index = level.Find("index")?.Words.Skip(1).Select(word => word.Text).ToArray() ?? ["index.html"];
        var files = new FilesSettings
        {
            Root = file.PathOf(folder?[1] ?? "html"),
            Strip = strip,
            Index = index.ToValueList(),
            Types = NginxTypes.Of(level).Select(each => new FileType(each.Ending, each.Type)).ToValueList(),
            DefaultType = NginxTypes.Otherwise(level),
            Slash = NginxSteps.Absolute("/", TextTemplate.Of([new(null, default, new FetchExpression(FetchKind.CleanPath)), new("/"), NginxSteps.Behind("?")]), level, scope),
        };
        return new(tries is null ? files : WithTries(files, tries, server, scope, problems), (folder ?? tries)!.Place);
    }

    /// <summary>The folder of a block, and what of a path it takes the place of.</summary>
    public static (string Folder, string Strip) RootOf(NginxLevel level, NginxFile file) =>
        level.Context == 'L' && level.Own("alias") is [var alias, ..] && NginxServer.Name(level) is var (modifier, uri) && modifier is not ("~" or "~*")
            ? (file.PathOf(alias[1]), NginxContent.Encode(uri)) : (file.PathOf(level.Find("root")?[1] ?? "html"), "");

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

        return NginxVariables.TryRead(last.Text, scope, last.Place, out var target) ? files with { ElsePath = target } : files;
    }
}

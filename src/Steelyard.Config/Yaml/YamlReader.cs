using Steelyard.Config.Drafts;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config.Yaml;

/// <summary>Reads Steelyard's own dialect: a text into a tree, the tree into a draft, the draft through its checks.</summary>
internal static class YamlReader
{
    public static Snapshot? Read(SourceText source, ProblemList problems)
    {
        if (!CharacterCheck.Passes(source, problems))
            return null;

        var root = YamlTree.Read(source, problems);
        switch (root)
        {
            case null or YamlText { IsAbsent: true }:
                // What is not YAML has been reported; what remains is a file of blanks and comments.
                if (!problems.HasErrors)
                    problems.Error(new(source, 0, 0), "the file is empty", FileTable.Skeleton);
                return null;
            case YamlMapping mapping:
                var draft = FileTable.Table.Read(problems, mapping, new(mapping.Place));
                if (mapping.ValueOf("listen") is null && !(draft.Pools ?? []).Any(AppChecks.TakesNoRequests))
                    problems.Error(mapping.Place, "the file without 'listen'", FileTable.Table.Accepts);
                problems.Expectations.AddRange(draft.Expectations);
                problems.Connections = (mapping.ValueOf("limits") as YamlMapping)?.ValueOf("connections")?.Place;
                return SnapshotChecks.Check(draft, problems);
            default:
                Form.RefuseKind(problems, root, FileTable.Table.Accepts);
                return null;
        }
    }
}

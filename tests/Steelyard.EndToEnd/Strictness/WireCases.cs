namespace Steelyard.EndToEnd.Strictness;

/// <summary>All cases, in the order of the table in docs/http.md.</summary>
internal static class WireCases
{
    public static readonly WireGroup[] Groups =
    [
        RequestLineCases.Lines,
        RequestLineCases.Versions,
        RequestLineCases.Targets,
        RequestLineCases.Paths,
        FieldCases.Syntax,
        FieldCases.Hops,
        FramingCases.Lengths,
        FramingCases.Codings,
        FramingCases.Chunks,
        FramingCases.Pipelines,
        AnswerCases.Heads,
        AnswerCases.Bodies,
        AnswerCases.Interim,
    ];

    /// <summary>Their names, with the group's.</summary>
    public static TheoryData<string, string> Names
    {
        get
        {
            var names = new TheoryData<string, string>();
            foreach (var group in Groups)
            {
                foreach (var wireCase in group.Cases)
                    names.Add(group.Title, wireCase.Name);
            }

            return names;
        }
    }

    public static WireCase Find(string group, string name) => Groups.Single(one => one.Title == group).Cases.Single(one => one.Name == name);
}

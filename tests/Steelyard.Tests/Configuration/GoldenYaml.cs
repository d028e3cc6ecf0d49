using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Golden/yaml: adding a test is adding a file. Good files show what was read, bad ones what is printed.</summary>
public sealed class GoldenYaml
{
    public static TheoryData<string> Good => Names("good");

    public static TheoryData<string> Bad => Names("bad");

    internal static string Folder(string kind) => Path.Combine(GoldenFile.TestsFolder, "Golden/yaml", kind);

    [Theory, MemberData(nameof(Good))]
    public void A_good_file_is_read_as_its_dump_says_and_reads_the_same_once_written(string name)
    {
        var result = Read("good", name);

        var problems = Print(result);
        Assert.True(result.Snapshot is not null, problems);
        GoldenFile.Compare(Expected("good", name), SnapshotDump.Of(result.Snapshot) + problems);
        var again = ConfigurationFile.Parse(ConfigurationFile.Write(result.Snapshot), "again.yaml");
        Assert.True(result.Snapshot.Equals(again.Snapshot), Print(again));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_file_prints_every_problem_in_its_place(string name)
    {
        var result = Read("bad", name);

        Assert.Null(result.Snapshot);
        GoldenFile.Compare(Expected("bad", name), Print(result));
    }

    [Fact]
    public void No_expectation_has_lost_its_file()
    {
        var expectations = Directory.EnumerateFiles(Folder("."), "*.expected", SearchOption.AllDirectories);

        Assert.DoesNotContain(expectations, path => !File.Exists(Path.ChangeExtension(path, ".yaml")));
    }

    internal static string Print(ConfigurationResult result)
    {
        using var output = new StringWriter { NewLine = "\n" };
        ProblemPrinter.Print(output, result);
        return output.ToString();
    }

    // The name in the messages must not depend on where the source tree is.
    private static ConfigurationResult Read(string kind, string name)
    {
        var path = Path.Combine(Folder(kind), name + ".yaml");
        var result = ConfigurationFile.Read(path);
        var file = name + ".yaml";
        return result with
        {
            Problems = result.Problems.Select(problem => problem with { File = file }).ToValueList(),
            Sources = [new SourceText(file, result.Sources[0].Text)],
        };
    }

    private static string Expected(string kind, string name) => Path.Combine(Folder(kind), name + ".expected");

    private static TheoryData<string> Names(string kind) =>
        new(Directory.EnumerateFiles(Folder(kind), "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)).Order());
}

using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Golden/nginx: adding a test is adding a file. Good files show what was read, bad ones what is printed.</summary>
public sealed class GoldenNginx
{
    public static TheoryData<string> Good => Names("good");

    public static TheoryData<string> Bad => Names("bad");

    private static string Folder(string kind) => Path.Combine(GoldenFile.TestsFolder, "Golden/nginx", kind);

    [Theory, MemberData(nameof(Good))]
    public void A_good_file_is_read_as_its_dump_says_and_reads_the_same_once_converted(string name)
    {
        var result = Read("good", name);

        var problems = GoldenYaml.Print(result);
        Assert.True(result.Snapshot is not null, problems);
        GoldenFile.Compare(Expected("good", name), SnapshotDump.Of(result.Snapshot) + problems);
        var converted = ConfigurationFile.Parse(ConfigurationFile.Write(result.Snapshot), "converted.yaml");
        Assert.True(result.Snapshot.Equals(converted.Snapshot), GoldenYaml.Print(converted));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_file_prints_every_problem_in_its_place(string name)
    {
        var result = Read("bad", name);

        Assert.Null(result.Snapshot);
        GoldenFile.Compare(Expected("bad", name), GoldenYaml.Print(result));
    }

    [Fact]
    public void No_expectation_has_lost_its_file()
    {
        var expectations = Directory.EnumerateFiles(Folder("."), "*.expected", SearchOption.AllDirectories);

        Assert.DoesNotContain(expectations, path => !File.Exists(Path.ChangeExtension(path, ".conf")));
    }

    // The name in the messages must not depend on where the source tree is.
    private static ConfigurationResult Read(string kind, string name)
    {
        var path = Path.Combine(Folder(kind), name + ".conf");
        var result = ConfigurationFile.Read(path);
        var file = name + ".conf";
        return result with
        {
            Problems = result.Problems.Select(problem => problem.File == path ? problem with { File = file } : problem).ToValueList(),
            Sources = result.Sources.Select(source => source.FileName == path ? new SourceText(file, source.Text) : source).ToValueList(),
        };
    }

    private static string Expected(string kind, string name) => Path.Combine(Folder(kind), name + ".expected");

    private static TheoryData<string> Names(string kind) =>
        new(Directory.EnumerateFiles(Folder(kind), "*.conf").Select(path => Path.GetFileNameWithoutExtension(path)).Order());
}

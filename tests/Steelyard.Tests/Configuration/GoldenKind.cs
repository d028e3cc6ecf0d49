using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>The golden files of a dialect whose files have one extension: adding a test is adding a file. Good files show what was read, bad ones what is printed.</summary>
internal sealed class GoldenKind(string dialect, string extension)
{
    public TheoryData<string> Names(string kind) =>
        new(Directory.EnumerateFiles(GoldenFolder.Of(dialect, kind), "*" + extension).Select(path => Path.GetFileNameWithoutExtension(path)).Order());

    /// <summary>What was read, its notices and warnings, and that it reads the same once converted.</summary>
    public void CheckGood(string name)
    {
        var result = GoldenFolder.Read(dialect, "good", name + extension);

        var problems = GoldenYaml.Print(result);
        Assert.True(result.Snapshot is not null, problems);
        GoldenFile.Compare(Expected("good", name), SnapshotDump.Of(result.Snapshot) + problems);
        var converted = ConfigurationFile.Parse(ConfigurationFile.Write(result.Snapshot, explains: true), "converted.yaml");
        Assert.True(result.Snapshot.Equals(converted.Snapshot), GoldenYaml.Print(converted));
    }

    /// <summary>Every problem in its place.</summary>
    public void CheckBad(string name)
    {
        var result = GoldenFolder.Read(dialect, "bad", name + extension);

        Assert.Null(result.Snapshot);
        GoldenFile.Compare(Expected("bad", name), GoldenYaml.Print(result));
    }

    public void CheckExpectations()
    {
        var expectations = Directory.EnumerateFiles(GoldenFolder.Of(dialect, "."), "*.expected", SearchOption.AllDirectories);

        Assert.DoesNotContain(expectations, path => !File.Exists(Path.ChangeExtension(path, extension)));
    }

    private string Expected(string kind, string name) => Path.Combine(GoldenFolder.Of(dialect, kind), name + ".expected");
}

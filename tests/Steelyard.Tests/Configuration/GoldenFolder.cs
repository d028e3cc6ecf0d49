using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>The golden files of a dialect whose files have various extensions: adding a test is adding a file.</summary>
internal static class GoldenFolder
{
    public static string Of(string dialect, string kind) => Path.Combine(GoldenFile.TestsFolder, "Golden", dialect, kind);

    public static TheoryData<string> Names(string dialect, string kind, Func<string, bool>? isMain = null) =>
        new(Directory.EnumerateFiles(Of(dialect, kind)).Select(path => Path.GetFileName(path)).Where(name => Path.GetExtension(name) is not (".expected" or ".actual") && (isMain?.Invoke(name) ?? true)).Order(StringComparer.Ordinal));

    /// <summary>A good file: what was read, its notices and warnings, and that it reads the same once converted.</summary>
    public static void CheckGood(string dialect, string name, ReadOptions? options = null)
    {
        var result = Read(dialect, "good", name, options);

        var problems = GoldenYaml.Print(result);
        Assert.True(result.Snapshot is not null, problems);
        GoldenFile.Compare(Path.Combine(Of(dialect, "good"), name + ".expected"), $"{ConfigurationFile.Write(result.Snapshot)}\n{problems}");
        var converted = ConfigurationFile.Parse(ConfigurationFile.Write(result.Snapshot, explains: true), "converted.yaml");
        Assert.True(result.Snapshot.Equals(converted.Snapshot), GoldenYaml.Print(converted));
    }

    /// <summary>A bad file: every problem in its place.</summary>
    public static void CheckBad(string dialect, string name, ReadOptions? options = null)
    {
        var result = Read(dialect, "bad", name, options);

        Assert.Null(result.Snapshot);
        GoldenFile.Compare(Path.Combine(Of(dialect, "bad"), name + ".expected"), GoldenYaml.Print(result));
    }

    public static void CheckExpectations(string dialect)
    {
        foreach (var kind in new[] { "good", "bad" })
            Assert.DoesNotContain(Directory.EnumerateFiles(Of(dialect, kind), "*.expected"), path => !File.Exists(path[..^".expected".Length]));
    }

    // The name in the messages must not depend on where the source tree is.
    public static ConfigurationResult Read(string dialect, string kind, string name, ReadOptions? options = null)
    {
        var folder = Of(dialect, kind);
        var result = ConfigurationFile.Read(Path.Combine(folder, name), options);
        return result with
        {
            Problems = result.Problems.Select(problem => problem with { File = Short(problem.File), Message = problem.Message.Replace(folder + "/", "", StringComparison.Ordinal) }).ToValueList(),
            Sources = result.Sources.Select(source => new SourceText(Short(source.FileName), source.Text)).ToValueList(),
        };

        string Short(string file) => file.StartsWith(folder + "/", StringComparison.Ordinal) ? file[(folder.Length + 1)..] : file;
    }
}

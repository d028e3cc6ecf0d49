using Steelyard.Apps.Upkeep;

namespace Steelyard.Tests.Apps;

/// <summary>Which changes count. A change has to stay for two looks.</summary>
public sealed class WatchedFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("app.js", true)]
    [InlineData("lib/deep/other.js", true)]
    [InlineData("catalog", true)]
    [InlineData("web.log.js", true)]
    [InlineData("public/kept/x.html", true)]
    [InlineData("out.log", false)]
    [InlineData("lib/web.log.12", false)]
    [InlineData(".git/HEAD", false)]
    [InlineData("lib/node_modules/a/index.js", false)]
    [InlineData("lib/logs/deep/out.txt", false)]
    [InlineData("lib/upload.tmp", false)]
    [InlineData("public/generated/x.html", false)]
    public void A_change_counts_unless_nobody_wrote_it_by_hand(string file, bool counts)
    {
        Write(file, "one");
        var watched = new WatchedFiles([_folder], "logs", "*.tmp", Path.Combine(_folder, "public/generated"));
        Assert.False(watched.Look());

        Write(file, "other");

        Assert.False(watched.Look());
        Assert.Equal(counts, watched.Look());
        Assert.False(watched.Look());
    }

    [Fact]
    public void What_is_not_there_is_told_and_counts_when_it_comes()
    {
        var path = Path.Combine(_folder, "src");
        var watched = new WatchedFiles([path]);
        Assert.Equal([path], watched.Missing);

        Write("src/app.js", "one");

        Assert.False(watched.Look());
        Assert.True(watched.Look());
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}

using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

public sealed class ReadingFiles
{
    [Theory]
    [InlineData("/no/such/file.yaml", "there is no such file")]
    [InlineData("/proc", "this is a directory")]
    [InlineData("", "the file cannot be read")]
    [InlineData("a\0b", "the file cannot be read")]
    [InlineData("/dev/zero", "the file is larger than 32MiB")]
    public void A_file_that_cannot_be_read_is_a_problem_like_any_other(string path, string expected)
    {
        var result = ConfigurationFile.Read(path);

        Assert.Null(result.Snapshot);
        var problem = Assert.Single(result.Problems.AsEnumerable());
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.Equal((path, 1, 1, 1), (problem.File, problem.Line, problem.Column, problem.Length));
        Assert.StartsWith(path.Replace('\0', '␀') + ":1:1: error: ", GoldenYaml.Print(result), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_named_as_the_caller_named_it()
    {
        var path = Path.Combine(GoldenYaml.Folder("bad"), "loops.yaml");

        var result = ConfigurationFile.Read(path);

        Assert.Equal(path, result.Problems[0].File);
        Assert.Equal(path, result.Sources[0].FileName);
    }
}

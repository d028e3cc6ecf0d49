using Steelyard.Apps;

namespace Steelyard.Tests.Apps;

public sealed class ProgramPathTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_word_without_slash_is_found_in_PATH_and_never_in_the_folder()
    {
        Touch("tool", executable: true);

        Assert.Null(ProgramPath.Find("tool", _folder, "/nowhere"));
        Assert.Equal(Path.Combine(_folder, "tool"), ProgramPath.Find("tool", "/", $"/nowhere:{_folder}"));
    }

    [Fact]
    public void A_word_with_a_slash_is_seen_from_the_folder_of_the_configuration()
    {
        Touch("tool", executable: true);

        Assert.Equal(Path.Combine(_folder, "tool"), ProgramPath.Find("./tool", _folder, searchPath: null));
        Assert.Null(ProgramPath.Find("./other", _folder, searchPath: null));
    }

    [Fact]
    public void A_file_that_may_not_be_run_is_passed_over()
    {
        Touch("tool", executable: false);

        Assert.Null(ProgramPath.Find("tool", "/", _folder));
    }

    private void Touch(string name, bool executable)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | (executable ? UnixFileMode.UserExecute : UnixFileMode.None));
    }
}

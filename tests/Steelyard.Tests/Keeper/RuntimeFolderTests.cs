using Steelyard.Keeper;

namespace Steelyard.Tests.Keeper;

/// <summary>The sockets of keepers are where nobody else can have put something in their place.</summary>
public sealed class RuntimeFolderTests : IDisposable
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _parent = Directory.CreateTempSubdirectory("steelyard-").FullName;

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void A_folder_of_ours_that_nobody_else_may_enter_will_do() =>
        Assert.True(RuntimeFolder.IsOursAlone(Make("mine", Mine)));

    [Theory]
    [InlineData(Mine | UnixFileMode.OtherRead)]
    [InlineData(Mine | UnixFileMode.GroupWrite)]
    [InlineData(Mine | UnixFileMode.StickyBit)]
    public void One_that_others_have_a_part_in_will_not(UnixFileMode mode) =>
        Assert.False(RuntimeFolder.IsOursAlone(Make("open", mode)));

    [Fact]
    public void A_link_a_file_and_nothing_at_all_will_not()
    {
        var link = Path.Combine(_parent, "link");
        Directory.CreateSymbolicLink(link, Make("mine", Mine));
        var file = Path.Combine(_parent, "file");
        File.WriteAllText(file, "");
        File.SetUnixFileMode(file, Mine);

        Assert.False(RuntimeFolder.IsOursAlone(link));
        Assert.False(RuntimeFolder.IsOursAlone(file));
        Assert.False(RuntimeFolder.IsOursAlone(Path.Combine(_parent, "nothing")));
    }

    [Fact]
    public void Another_users_will_not()
    {
        Assert.SkipUnless(Posix.geteuid() == 0, "only root can give a folder away");
        var folder = Make("theirs", Mine);
        Assert.Equal(0, Posix.chown(folder, 65534, 65534));

        Assert.False(RuntimeFolder.IsOursAlone(folder));
    }

    private string Make(string name, UnixFileMode mode)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_parent, name)).FullName;
        File.SetUnixFileMode(folder, mode);
        return folder;
    }
}

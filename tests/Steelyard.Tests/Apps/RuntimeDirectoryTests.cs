using System.Text;
using Steelyard.Apps.Reach;

namespace Steelyard.Tests.Apps;

public sealed class RuntimeDirectoryTests
{
    [Fact]
    public void Only_its_user_may_enter_and_nothing_is_left_behind()
    {
        string path;
        using (var directory = new RuntimeDirectory())
        {
            path = directory.FullName;
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            File.WriteAllText(directory.SocketPath("web", 1, 1), "");
        }
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public void The_longest_pool_name_still_gives_a_path_the_kernel_takes()
    {
        using var directory = new RuntimeDirectory();

        var paths = Enumerable.Range(1022, 3).Select(instance => directory.SocketPath(new string('x', 64), instance, 100_000 + instance)).ToList();

        Assert.All(paths, path => Assert.InRange(Encoding.UTF8.GetByteCount(path), 1, 107));
        Assert.Equal(paths.Count, paths.Distinct().Count());
    }
}

using System.Diagnostics;
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
    public void What_a_killed_one_has_left_is_removed_and_nothing_else()
    {
        var parent = Directory.CreateTempSubdirectory("stale-").FullName;
        string Make(string name, UnixFileMode more = UnixFileMode.None)
        {
            var path = Path.Combine(parent, name);
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | more);
            File.WriteAllText(Path.Combine(path, "web-1-1.sock"), "");
            return path;
        }

        // No process has a number that large.
        var stale = Make("steelyard-999999999-abcdef");

        // In a container that begins again everybody has the number of before.
        var before = Make($"steelyard-{Environment.ProcessId}-abcdef");
        string[] others =
        [
            Make("steelyard-999999998-open", UnixFileMode.GroupRead | UnixFileMode.OtherRead),
            Make("steelyard-0"),
            Make("steelyard-x-abcdef"),
            Make("other-999999999-abcdef"),
        ];
        var held = Make("steelyard-999999997-abcdef");
        using var holder = new Process { StartInfo = new("flock", [held, "sh", "-c", "echo held; read end"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true } };
        holder.Start();
        Assert.Equal("held", holder.StandardOutput.ReadLine());

        RuntimeDirectory.RemoveStale(parent);

        Assert.False(Path.Exists(stale) || Path.Exists(before));
        Assert.All([.. others, held], path => Assert.True(Path.Exists(path), path));
        holder.StandardInput.WriteLine();
        holder.WaitForExit();
        RuntimeDirectory.RemoveStale(parent);
        Assert.False(Path.Exists(held));
        Directory.Delete(parent, recursive: true);
    }

    [Fact]
    public void None_of_its_own_is_taken_for_one_that_was_left()
    {
        using var first = new RuntimeDirectory();
        using var second = new RuntimeDirectory();
        RuntimeDirectory.RemoveStale(Path.GetDirectoryName(first.FullName)!);
        Assert.True(Path.Exists(first.FullName) && Path.Exists(second.FullName));
    }

    [Fact]
    public void Where_nothing_is_yet_nothing_is_removed() => RuntimeDirectory.RemoveStale("/nowhere/at/all");

    [Fact]
    public void The_longest_pool_name_still_gives_a_path_the_kernel_takes()
    {
        using var directory = new RuntimeDirectory();

        var paths = Enumerable.Range(1022, 3).Select(instance => directory.SocketPath(new string('x', 64), instance, 100_000 + instance)).ToList();

        Assert.All(paths, path => Assert.InRange(Encoding.UTF8.GetByteCount(path), 1, 107));
        Assert.Equal(paths.Count, paths.Distinct().Count());
    }
}

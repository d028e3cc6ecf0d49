using Steelyard.Keeper;

namespace Steelyard.Tests.Keeper;

public sealed class MemoryFileTests
{
    [Fact]
    public void It_is_known_for_one_and_says_what_was_written()
    {
        using var file = MemoryFile.Create("clients");
        Assert.True(MemoryFile.Is(file));
        Assert.Equal("clients"u8, MemoryFile.ReadBytes(file).Span);
    }

    [Fact]
    public void Nobody_can_change_it()
    {
        using var file = MemoryFile.Create("clients");
        Assert.Throws<UnauthorizedAccessException>(() => RandomAccess.Write(file, "others!"u8, 0));
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/proc/self/status")]
    [InlineData("/etc/hostname")]
    public void Another_file_is_not_taken_for_one(string path)
    {
        using var file = File.OpenHandle(path);
        Assert.False(MemoryFile.Is(file));
    }

    [Fact]
    public void One_that_can_still_change_is_none()
    {
        using var file = MemoryFile.CreateOpen();
        RandomAccess.Write(file, "others"u8, 0);
        Assert.False(MemoryFile.Is(file));
    }
}

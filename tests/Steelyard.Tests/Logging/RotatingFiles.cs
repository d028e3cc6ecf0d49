using System.Text;
using Steelyard.Engine.Logging;

namespace Steelyard.Tests.Logging;

/// <summary>Log files that are moved away, by us and by others.</summary>
public sealed class RotatingFiles : IDisposable
{
    private static readonly DateTimeOffset s_noon = new(2026, 11, 28, 12, 0, 0, default);

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string Name => Path.Combine(_folder, "logs", "access.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Lines(params string[] lines) => Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line + "\n")));

    private string[] Files => [.. Directory.GetFiles(Path.Combine(_folder, "logs")).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)}: {File.ReadAllText(file).Replace('\n', ' ').TrimEnd()}")];

    [Fact]
    public void A_batch_is_spread_over_files_of_whole_lines()
    {
        using var file = new RotatingFile(Name, new(8, null, 2));

        file.Write(Lines("one", "two", "three", "four"), s_noon);
        file.Write(Lines("five", "much-longer-than-a-file"), s_noon);

        Assert.Equal(["access.log: much-longer-than-a-file", "access.log.1: five", "access.log.2: four"], Files);
    }

    [Fact]
    public void A_file_that_was_moved_away_is_begun_anew()
    {
        using var file = new RotatingFile(Name, new(null, null, 5));
        file.Write(Lines("one"), s_noon);
        File.Move(Name, Name + ".old");
        file.Write(Lines("two"), s_noon.AddMilliseconds(10));
        file.Write(Lines("three"), s_noon.AddSeconds(2));
        file.Close();
        File.Move(Name, Name + ".older");
        file.Write(Lines("four"), s_noon.AddSeconds(2));

        Assert.Equal(["access.log: four", "access.log.old: one two", "access.log.older: three"], Files);
    }

    /// <summary>A disk was full, or an engine was killed, in the middle of a line.</summary>
    [Fact]
    public void What_follows_a_line_that_was_cut_begins_on_its_own()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Name)!);
        File.WriteAllText(Name, "one\ntw");
        using var file = new RotatingFile(Name, new(null, null, 5));

        // To look whether it can be opened writes nothing: a program has to start where the disk is full.
        file.Open(s_noon);
        Assert.Equal("one\ntw", File.ReadAllText(Name));
        file.Write(Lines("three"), s_noon);
        file.Close();
        file.Write(Lines("four"), s_noon);

        Assert.Equal("one\ntw\nthree\nfour\n", File.ReadAllText(Name));
    }

    [Fact]
    public void Two_engines_write_to_one_file_and_rotate_it_once()
    {
        using var one = new RotatingFile(Name, new(12, null, 5));
        using var other = new RotatingFile(Name, new(12, null, 5));
        one.Write(Lines("one"), s_noon);
        other.Write(Lines("two"), s_noon);
        one.Write(Lines("six"), s_noon.AddSeconds(2));
        other.Write(Lines("ten"), s_noon.AddSeconds(4));
        one.Write(Lines("12"), s_noon.AddSeconds(6));

        Assert.Equal(["access.log: ten 12", "access.log.1: one two six"], Files);
    }

    [Fact]
    public void A_new_day_begins_a_new_file()
    {
        using var file = new RotatingFile(Name, new(null, TimeSpan.FromHours(24), 1));
        file.Write(Lines("evening"), s_noon.AddHours(11.9));
        file.Write(Lines("night"), s_noon.AddHours(12.1));

        Assert.Equal(["access.log: night", "access.log.1: evening"], Files);
    }

    [Fact]
    public void What_cannot_be_opened_says_why()
    {
        Directory.CreateDirectory(Name);
        using var file = new RotatingFile(Name, new(null, null, 5));

        Assert.Equal("it is a folder", Assert.Throws<IOException>(() => file.Open(s_noon)).Message);
    }
}

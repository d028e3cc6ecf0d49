using System.Text;

namespace Steelyard.Commands;

/// <summary>By which name the program was started: a link to it may have that of another.</summary>
internal static class CalledAs
{
    /// <summary>The first word of the command line, as it was given.</summary>
    public static string Word { get; } = FindWord();

    /// <summary>Whether the program was started under a name, and not by itself for what only Steelyard has.</summary>
    /// <param name="name">The name of the other program, which has no commands.</param>
    /// <param name="args">The arguments.</param>
    public static bool Is(string name, string[] args) => Path.GetFileName(Word) == name && !(args is [[not '-', ..] first, ..] && CommandLine.Has(first));

    private static string FindWord()
    {
        try
        {
            var line = File.ReadAllBytes("/proc/self/cmdline");
            var end = Array.IndexOf(line, (byte)0);
            return Encoding.UTF8.GetString(line, 0, end < 0 ? line.Length : end);
        }
        catch (IOException)
        {
            return "";
        }
    }
}

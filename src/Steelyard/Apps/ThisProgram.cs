namespace Steelyard.Apps;

/// <summary>How to start this very program again.</summary>
internal static class ThisProgram
{
    /// <summary>The words before its arguments, as it was started: a program that has taken its place is started by them.</summary>
    public static IReadOnlyList<string> Words { get; } = WordsFor(Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]);

    /// <summary>The program file under the name it was started by, links not followed: what stands there now may be another.</summary>
    public static string Name { get; } = FindName();

    private static string FindName()
    {
        var word = File.ReadAllText("/proc/self/cmdline").Split('\0')[0];
        var path = word.Contains('/') ? Path.GetFullPath(word) : ProgramPath.Find(word, Environment.CurrentDirectory, Environment.GetEnvironmentVariable("PATH"));
        return Words.Count == 1 && File.Exists(path) ? path : Words[0];
    }

    /// <summary>The program file that runs now, even where another has taken its name.</summary>
    public static string Itself => Words.Count == 1 ? "/proc/self/exe" : Words[0];

    /// <summary>The words before its arguments: the native program and the development host stand alone; <c>dotnet</c> needs the assembly.</summary>
    /// <param name="processPath">The program the kernel runs.</param>
    /// <param name="assembly">What stands first on the command line: the assembly where <paramref name="processPath"/> is <c>dotnet</c>.</param>
    public static IReadOnlyList<string> WordsFor(string processPath, string assembly) =>
        Path.GetFileName(processPath) == "dotnet" ? [processPath, Path.GetFullPath(assembly)] : [processPath];
}

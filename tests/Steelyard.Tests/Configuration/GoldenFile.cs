using System.Runtime.CompilerServices;

namespace Steelyard.Tests.Configuration;

/// <summary>
/// Compares a text with a file of the source tree. On a difference the text is written beside it as NAME.actual;
/// STEELYARD_ACCEPT=1 makes the text the expected one instead.
/// </summary>
internal static class GoldenFile
{
    public static string TestsFolder { get; } = Path.GetFullPath(Path.Combine(ThisFolder(), ".."));

    public static string Repository { get; } = Path.GetFullPath(Path.Combine(ThisFolder(), "../../.."));

    public static void Compare(string expectedPath, string actual)
    {
        var actualPath = Path.ChangeExtension(expectedPath, ".actual");
        File.Delete(actualPath);
        if (Environment.GetEnvironmentVariable("STEELYARD_ACCEPT") == "1")
        {
            File.WriteAllText(expectedPath, actual);
            return;
        }

        var expected = File.Exists(expectedPath) ? File.ReadAllText(expectedPath) : "";
        if (expected == actual)
            return;
        File.WriteAllText(actualPath, actual);
        Assert.Fail($"{Path.GetFileName(expectedPath)} differs; compare it with the .actual beside it, or accept with STEELYARD_ACCEPT=1.\n{actual}");
    }

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

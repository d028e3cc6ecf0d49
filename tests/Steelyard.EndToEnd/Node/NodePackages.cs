using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Steelyard.EndToEnd.Node;

/// <summary>The apps of tests/node with what they need, installed once by npm ci.</summary>
internal static class NodePackages
{
    private static readonly Lazy<Task<string>> s_folder = new(() => InstallAsync("node"));

    /// <summary>The path of an app.</summary>
    public static async Task<string> AppAsync(string name) => Path.Combine(await s_folder.Value, "apps", name);

    /// <summary>
    /// A program of the guide, its text as it stands there. What it leaves to the reader, such as to listen, is put around it
    /// from <c>tests/node/around</c>; one that lacks nothing is run where it is.
    /// </summary>
    /// <param name="name">The name of its file without the ending.</param>
    /// <param name="folder">Where the whole is written.</param>
    /// <returns>The path of the whole.</returns>
    public static async Task<string> GuideAsync(string name, TemporaryFolder folder)
    {
        var node = await s_folder.Value;
        var (text, before, after) = (Path.Combine(node, "guide", $"{name}.js"), Path.Combine(node, "around", $"{name}.before.js"), Path.Combine(node, "around", $"{name}.after.js"));
        if (!File.Exists(after))
            return text;
        Directory.CreateSymbolicLink(folder.At("node_modules"), Path.Combine(node, "node_modules"));
        return folder.Write($"{name}.js", (File.Exists(before) ? await File.ReadAllTextAsync(before) : "") + await File.ReadAllTextAsync(text) + "\n" + await File.ReadAllTextAsync(after));
    }

    /// <summary>Installs what a folder beside the tests needs, where that is not there yet.</summary>
    /// <param name="name">The folder.</param>
    /// <returns>Its path.</returns>
    public static async Task<string> InstallAsync(string name)
    {
        var folder = Path.Combine(Source(), name);

        // Two runs at once would remove each other's files.
        await using var one = new FileStream(Path.Combine(folder, ".installing"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        var (stamp, locked) = (Path.Combine(folder, "node_modules", ".package-lock.json"), Path.Combine(folder, "package-lock.json"));
        if (File.Exists(stamp) && File.GetLastWriteTimeUtc(stamp) >= File.GetLastWriteTimeUtc(locked))
            return folder;
        var start = new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]) { UseShellExecute = false, WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        using var npm = Process.Start(start)!;
        var (output, error) = (npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
        await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        Assert.True(npm.ExitCode == 0, await output + await error);
        return folder;
    }

    private static string Source([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}

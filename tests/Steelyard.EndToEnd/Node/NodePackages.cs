using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Steelyard.EndToEnd.Node;

/// <summary>The apps of tests/node with what they need, installed once by npm ci.</summary>
internal static class NodePackages
{
    private static readonly Lazy<Task<string>> s_folder = new(() => InstallAsync("node"));

    /// <summary>The path of an app.</summary>
    public static async Task<string> AppAsync(string name) => Path.Combine(await s_folder.Value, "apps", name);

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

using System.ComponentModel;
using Steelyard.Apps;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>Lets node compute what a file of JavaScript exports: its code is the user's, and is run as the user.</summary>
internal static class NodeEvaluation
{
    private const int Lowest = 16;

    // As much as a file that is read as data may hold.
    private const int MostBytes = 32 * 1024 * 1024;
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(10);

    // What the file prints goes to standard error: on standard output there may be a configuration.
    private const string Script = """
        const fs = require('fs'), file = require('url').pathToFileURL(process.argv[1]).href;
        import(file).then(module => {
          const text = JSON.stringify(module.default ?? module, (key, value) => value instanceof RegExp ? String(value) : value);
          fs.writeFileSync(3, text ?? '');
          process.exit(0);
        }).catch(error => {
          console.error(error?.stack ?? String(error));
          process.exit(1);
        });
        """;

    /// <summary>Runs a file.</summary>
    /// <returns>What it exports, as JSON; or why not, as the end of a sentence.</returns>
    public static (string? Json, string? Failure) Run(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (ProgramPath.Find("node", folder, Environment.GetEnvironmentVariable("PATH")) is not { } node)
            return (null, "there is no node in PATH");
        try
        {
            using var written = MemoryFile.CreateOpen();
            var theirs = Posix.fcntl((int)written.DangerousGetHandle(), Posix.F_DUPFD_CLOEXEC, Lowest);
            ChildProcess process;
            try
            {
                process = ChildProcess.Start(new() { Program = node, Words = ["node", "-e", Script, "--", Path.GetFullPath(path)], Folder = folder, Without = WorkerStart.NotTheirs, Output = 2, Handles = [theirs] });
            }
            finally
            {
                _ = Posix.close(theirs);
            }

            if (!process.Exited.Wait(s_within))
            {
                process.Kill();
                return (null, $"node has not ended within {s_within.TotalSeconds:0} s and is killed");
            }

            if (process.Exited.Result != 0)
                return (null, $"node {ExitText.Ended(process.Exited.Result)}");
            if (RandomAccess.GetLength(written) is var length && length > MostBytes)
                return (null, $"it exports {length} bytes, more than {MostBytes}");
            var bytes = new byte[length];
            return (System.Text.Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(written, bytes, 0)), null);
        }
        catch (Exception error) when (error is Win32Exception or EngineException)
        {
            return (null, $"node cannot be started: {error.Message}");
        }
    }
}

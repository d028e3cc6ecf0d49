using System.ComponentModel;
using System.Globalization;
using Steelyard.Apps;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>
/// Starts the program again without a terminal, in a session of its own, and waits until it serves: what a script goes on
/// with can rely on that.
/// </summary>
internal static class Daemon
{
    private const string Mark = "STEELYARD_DAEMON";
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether this is the one that was started.</summary>
    public static bool IsOne { get; } = TakeMark();

    /// <summary>Starts it.</summary>
    /// <param name="args">The arguments, the same for it.</param>
    /// <param name="pidFile">The file it writes its number to once it serves.</param>
    /// <param name="errorLog">The file for what it says; null for none.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> StartAsync(string[] args, string pidFile, string? errorLog)
    {
        var kept = Path.GetTempFileName();
        try
        {
            return await StartAsync(args, pidFile, errorLog ?? kept, kept);
        }
        finally
        {
            File.Delete(kept);
        }
    }

    private static async Task<int> StartAsync(string[] args, string pidFile, string errorLog, string otherwise)
    {
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var log = Open(errorLog);
        if (log < 0)
        {
            await Console.Error.WriteLineAsync($"{Path.GetFileName(CalledAs.Word)}: [alert] could not open error log file: open() \"{errorLog}\" failed");
            log = Open(errorLog = otherwise);
        }

        var before = new FileInfo(errorLog).Length;
        ChildProcess daemon;
        try
        {
            daemon = ChildProcess.Start(new()
            {
                Program = ThisProgram.Itself,
                Words = [CalledAs.Word, .. args],
                Environment = [new(Mark, "1")],
                Output = (int)nothing.DangerousGetHandle(),
                Error = log,
                Session = true,
            });
        }
        catch (Win32Exception error)
        {
            await Console.Error.WriteLineAsync($"{Path.GetFileName(CalledAs.Word)}: {error.Message}");
            return CommandLine.Failure;
        }
        finally
        {
            _ = Posix.close(log);
        }

        var number = daemon.Id.ToString(CultureInfo.InvariantCulture);
        while (!daemon.Exited.IsCompleted)
        {
            if (TryRead(pidFile) == number)
                return CommandLine.Success;
            await Task.WhenAny(daemon.Exited, Task.Delay(s_look));
        }

        await TellAsync(errorLog, before);
        return await daemon.Exited is var status and not 0 ? status : CommandLine.Failure;
    }

    // Nobody whom it starts is one.
    private static bool TakeMark()
    {
        var isOne = Environment.GetEnvironmentVariable(Mark) == "1";
        Environment.SetEnvironmentVariable(Mark, null);
        return isOne;
    }

    private static string? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // To be written to by several at once, and read here by its name.
    private static int Open(string file) => Posix.open(file, Posix.O_WRONLY | Posix.O_CREAT | Posix.O_APPEND | Posix.O_CLOEXEC, 0x1A4);

    private static async Task TellAsync(string file, long from)
    {
        await using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        log.Position = from;
        using var said = new StreamReader(log);
        await Console.Error.WriteAsync(await said.ReadToEndAsync());
    }
}

using System.ComponentModel;
using System.Globalization;
using Steelyard.Apps.Output;
using Steelyard.Apps.Reach;
using Steelyard.Apps.Readiness;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>Starts workers of one app.</summary>
/// <param name="pool">The pool's name.</param>
/// <param name="folder">The folder of the configuration.</param>
/// <param name="places">Gives each its way to be reached.</param>
/// <param name="log">Takes what they print.</param>
internal sealed class WorkerStart(string pool, string folder, WorkerPlaces places, AppLog log)
{
    // What a worker can print while the keeper has no turn on a busy machine; memory only while it is there.
    private const int RoomInPipe = 1024 * 1024;

    /// <summary>Variables that were meant for us, or for the program that started us.</summary>
    public static IReadOnlyList<string> NotTheirs { get; } =
    [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
        "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE", "NODE_UNIQUE_ID", "STEELYARD_INSTANCE", "STEELYARD_POOL", "STEELYARD_TOKEN", "OLDPWD",
    ];

    /// <exception cref="AppStartException">It cannot be started.</exception>
    public Worker Start(AppSettings app, int number)
    {
        var name = $"{pool}/{number}";
        var reach = places.For(app, number);
        NotifySocket? notify = null;
        try
        {
            if (app.Ready.On == ReadySign.Notify || app.Ready.Watchdog is not null)
                notify = new(places.NotifyPath(app, number));
            var home = app.Folder is null ? folder : Path.GetFullPath(app.Folder, folder);
            if (!Directory.Exists(home))
                throw new AppStartException($"{name} cannot be started: there is no folder {home}");
            var words = new CommandTemplate(app.Command).Fill(number, reach.Socket, reach.Port, ThisProgram.Words);
            var program = ProgramPath.Find(words[0], home, System.Environment.GetEnvironmentVariable("PATH"))
                ?? throw new AppStartException($"{name} cannot be started: {NoProgram(words[0], home)}");
            var start = new ChildStart
            {
                Program = program,
                Words = words,
                Folder = home,
                Environment = EnvironmentOf(app, number, home, reach, notify),
                Without = app.WithoutVariables.Count == 0 ? NotTheirs : [.. NotTheirs, .. System.Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(app.Withholds)],
                Handles = reach.Handles,
                Session = true,
            };
            return Start(name, app, number, Launcher.Around(start, app, reach.NamesItsProcess), reach, notify);
        }
        catch
        {
            notify?.Dispose();
            reach.Dispose();
            throw;
        }
    }

    private static string NoProgram(string word, string home)
    {
        var file = Path.GetFullPath(word, home);
        if (!word.Contains('/'))
            return $"there is no program '{word}' in PATH{(File.Exists(file) ? $"; the file in {home} is './{word}'" : "")}";
        return File.Exists(file) ? $"'{word}' may not be executed (chmod +x {file})" : $"there is no program '{word}' (seen from {home})";
    }

    private Worker Start(string name, AppSettings app, int number, ChildStart start, WorkerReach reach, NotifySocket? notify)
    {
        if (!Posix.TryPipe(out var output, out var theirOutput))
            throw new AppStartException($"{name} cannot be started: too many open files (ulimit -n)");
        if (!Posix.TryPipe(out var error, out var theirError))
        {
            _ = Posix.close(output);
            _ = Posix.close(theirOutput);
            throw new AppStartException($"{name} cannot be started: too many open files (ulimit -n)");
        }

        // Where the kernel refuses, for a user has only so much of it, they are as small as ever.
        _ = Posix.fcntl(output, Posix.F_SETPIPE_SZ, RoomInPipe);
        _ = Posix.fcntl(error, Posix.F_SETPIPE_SZ, RoomInPipe);
        try
        {
            reach.Starting();
            var process = ChildProcess.Start(start with { Output = theirOutput, Error = theirError });
            Guard.Add(process);
            reach.Started(process.Id);
            return new(pool, number, app, process, reach, notify, log, output, error);
        }
        catch (Win32Exception problem)
        {
            _ = Posix.close(output);
            _ = Posix.close(error);
            throw new AppStartException($"{name} cannot be started: {start.Program}: {problem.Message}");
        }
        finally
        {
            _ = Posix.close(theirOutput);
            _ = Posix.close(theirError);
        }
    }

    private IEnumerable<KeyValuePair<string, string>> EnvironmentOf(AppSettings app, int number, string home, WorkerReach reach, NotifySocket? notify)
    {
        // A shell would set it; some programs believe it.
        yield return new("PWD", home);
        foreach (var variable in reach.Environment)
            yield return variable;
        yield return new("STEELYARD_INSTANCE", number.ToString(CultureInfo.InvariantCulture));
        yield return new("STEELYARD_POOL", pool);
        yield return new("NODE_APP_INSTANCE", (number - 1).ToString(CultureInfo.InvariantCulture));
        if (notify is not null)
            yield return new("NOTIFY_SOCKET", notify.Path);
        if (app.Ready.Watchdog is { } watchdog)
            yield return new("WATCHDOG_USEC", ((long)watchdog.TotalMicroseconds).ToString(CultureInfo.InvariantCulture));
        foreach (var variable in app.Environment.AsEnumerable())
            yield return new(variable.Name, CommandTemplate.Fill(variable.Value, number, reach.Socket, reach.Port));
    }
}

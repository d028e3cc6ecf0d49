using System.ComponentModel;
using System.Globalization;
using System.Text;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>
/// A small process beside the keeper that knows the workers: where the keeper ends without having ended them, it does.
/// PR_SET_PDEATHSIG would reach a worker only, and not what it has started.
/// </summary>
internal static class Guard
{
    public const string Word = "guard";

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly Lock s_lock = new();
    private static readonly HashSet<int> s_groups = [];
    private static ChildProcess? s_process;
    private static int s_pipe = -1;

    /// <summary>A worker has been started.</summary>
    public static void Add(ChildProcess worker)
    {
        lock (s_lock)
        {
            s_groups.Add(worker.Id);
            if (s_process is null)
                Start();
            else
                Tell('+', worker.Id);
        }
    }

    /// <summary>A worker has ended with all that it started.</summary>
    public static void Remove(ChildProcess worker)
    {
        lock (s_lock)
        {
            s_groups.Remove(worker.Id);
            Tell('-', worker.Id);
        }
    }

    // The lock is held. As process 1 nobody outlives us.
    private static void Start()
    {
        if (Environment.ProcessId == 1 || !Posix.TryPipe(out var theirs, out var ours))
            return;
        var high = Posix.fcntl(theirs, Posix.F_DUPFD_CLOEXEC, 16);
        try
        {
            _ = Posix.fcntl(high, Posix.F_SETFL, 0);
            s_process = ChildProcess.Start(new() { Program = ThisProgram.Itself, Words = [.. ThisProgram.Words, Word], Handles = [high], Session = true });
            s_pipe = ours;
            foreach (var group in s_groups)
                Tell('+', group);
            _ = StartAgainAsync(s_process);
        }
        catch (Win32Exception error)
        {
            _ = Posix.close(ours);
            Console.Error.WriteLine($"steelyard: workers will outlive a sudden death of this process: {error.Message}");
        }
        finally
        {
            _ = Posix.close(theirs);
            _ = Posix.close(high);
        }
    }

    private static async Task StartAgainAsync(ChildProcess process)
    {
        await process.Exited;
        await Task.Delay(s_pause);
        lock (s_lock)
        {
            _ = Posix.close(s_pipe);
            (s_process, s_pipe) = (null, -1);
            if (s_groups.Count > 0)
                Start();
        }
    }

    private static unsafe void Tell(char word, int group)
    {
        if (s_pipe < 0)
            return;
        var line = Encoding.ASCII.GetBytes($"{word}{group.ToString(CultureInfo.InvariantCulture)}\n");
        fixed (byte* start = line)
            _ = Posix.write(s_pipe, start, (nuint)line.Length);
    }

    /// <summary>What the process does: it listens to the keeper, and when the keeper has gone it ends the groups that are left.</summary>
    public static async Task<int> RunAsync()
    {
        // A service manager that stops us sends its signals to all; we leave when the keeper has.
        using var signals = new StopSignals(static () => { });
        var groups = new HashSet<int>();
        Footprint.Shrink();
        using (var lines = new StreamReader(new FileStream(new(3, ownsHandle: true), FileAccess.Read, bufferSize: 1)))
        {
            while (lines.ReadLine() is { Length: > 1 } line)
            {
                var group = int.Parse(line.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);
                if (line[0] == '+')
                    groups.Add(group);
                else
                    groups.Remove(group);
            }
        }

        foreach (var group in groups)
            _ = Posix.kill(-group, Posix.SIGTERM);
        for (var due = Environment.TickCount64 + (long)s_grace.TotalMilliseconds; Environment.TickCount64 < due && groups.Any(IsThere);)
            await Task.Delay(20);
        foreach (var group in groups.Where(IsThere))
            _ = Posix.kill(-group, Posix.SIGKILL);
        return 0;
    }

    private static bool IsThere(int group) => Posix.kill(-group, 0) == 0;
}

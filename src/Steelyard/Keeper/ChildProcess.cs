using System.Collections;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Steelyard.Apps.Upkeep;

namespace Steelyard.Keeper;

/// <summary>What to start, and what it finds.</summary>
internal sealed record ChildStart
{
    /// <summary>The program, as a path.</summary>
    public required string Program { get; init; }

    /// <summary>All words of its command line, its name first.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>The folder it starts in; null for ours.</summary>
    public string? Folder { get; init; }

    /// <summary>Variables of its environment beside ours.</summary>
    public IEnumerable<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Variables of ours that it does not get.</summary>
    public IEnumerable<string> Without { get; init; } = [];

    /// <summary>The descriptor that becomes its standard output; null for ours.</summary>
    public int? Output { get; init; }

    /// <summary>The descriptor that becomes its standard error; null for ours.</summary>
    public int? Error { get; init; }

    /// <summary>The descriptors that become its numbers from 3 on; from 16 up, or one would take the place of the next.</summary>
    public IReadOnlyList<int> Handles { get; init; } = [];

    /// <summary>Whether it leads a session of its own and not only a group.</summary>
    public bool Session { get; init; }

    /// <summary>Neither it nor what it starts can gain privileges by a program file (PR_SET_NO_NEW_PRIVS).</summary>
    public bool NoNewPrivileges { get; init; }
}

/// <summary>
/// A process we started, the leader of a group of its own: what a terminal sends its foreground reaches us alone. It
/// inherits nothing but what <see cref="ChildStart"/> names, starts with all signals as by default, and is reaped.
/// </summary>
internal sealed class ChildProcess
{
    // posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t are 80, 336 and 128 bytes in glibc.
    private const int OpaqueSize = 512;
    private const int WaiterStack = 128 * 1024;

    private static readonly ConcurrentDictionary<int, bool> s_ours = new();

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _reaped;

    private ChildProcess(int id)
    {
        Id = id;
        s_ours[id] = true;
        new Thread(Wait, WaiterStack) { IsBackground = true, Name = $"wait {id}" }.Start();
    }

    public int Id { get; }

    /// <summary>Its exit code once it has ended; 128 and the number of the signal that ended it, as shells say.</summary>
    public Task<int> Exited => _exited.Task;

    /// <exception cref="Win32Exception">It could not be started.</exception>
    public static ChildProcess Start(ChildStart start) => start.NoNewPrivileges ? StartWithoutPrivileges(start) : StartHere(start);

    // It is a thread's own, for good, and goes to what the thread starts: to all threads of the child then.
    private static ChildProcess StartWithoutPrivileges(ChildStart start)
    {
        var started = new TaskCompletionSource<ChildProcess>();
        var starter = new Thread(() =>
        {
            try
            {
                _ = Posix.prctl(Posix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                started.SetResult(StartHere(start));
            }
            catch (Win32Exception error)
            {
                started.SetException(error);
            }
        });
        starter.Start();
        return started.Task.GetAwaiter().GetResult();
    }

    private static unsafe ChildProcess StartHere(ChildStart start)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        _ = Posix.posix_spawn_file_actions_init(actions);
        _ = Posix.posix_spawnattr_init(attributes);
        try
        {
            Describe(start, actions, attributes);
            return new(Spawn(start, actions, attributes));
        }
        finally
        {
            _ = Posix.posix_spawn_file_actions_destroy(actions);
            _ = Posix.posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>Whether a process is one that we started, and whose end has not been taken yet.</summary>
    public static bool IsOurs(int id) => s_ours.ContainsKey(id);

    /// <summary>Sends a signal to the process, or to all in its group; nothing when it has ended.</summary>
    public void Signal(int number, bool toAll = false) => SignalTo(toAll ? -Id : Id, number);

    /// <summary>Ends the process and all that it started in its group.</summary>
    public void Kill() => SignalTo(-Id, Posix.SIGKILL);

    private void SignalTo(int whom, int number)
    {
        // Once its end is taken the number may be another's.
        lock (_exited)
        {
            if (!_reaped)
                _ = Posix.kill(whom, number);
        }
    }

    /// <summary>Ends what is left of the group of a process that has ended: a signal, and SIGKILL after a grace.</summary>
    public async Task EndGroupAsync(TimeSpan grace)
    {
        // A dead member that nobody has taken the end of is still there for kill(2). As process 1 that is up to us; where
        // another is and does not do it, as npm in a container, such members stay for ever.
        var begun = Stopwatch.GetTimestamp();
        for (var signal = Posix.SIGTERM; Posix.kill(-Id, signal) == 0 && ProcessGroups.HasLiving(Id); signal = Stopwatch.GetElapsedTime(begun) < grace ? 0 : Posix.SIGKILL)
        {
            Orphans.Reap();
            await Task.Delay(20);
        }
    }

    private static unsafe void Describe(ChildStart start, byte* actions, byte* attributes)
    {
        var signals = stackalloc byte[OpaqueSize];
        _ = Posix.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Posix.O_RDONLY, 0);
        if (start.Output is { } output)
            _ = Posix.posix_spawn_file_actions_adddup2(actions, output, 1);
        if (start.Error is { } error)
            _ = Posix.posix_spawn_file_actions_adddup2(actions, error, 2);
        for (var i = 0; i < start.Handles.Count; i++)
            _ = Posix.posix_spawn_file_actions_adddup2(actions, start.Handles[i], 3 + i);
        _ = Posix.posix_spawn_file_actions_addclosefrom_np(actions, 3 + start.Handles.Count);
        if (start.Folder is { } folder)
            _ = Posix.posix_spawn_file_actions_addchdir_np(actions, folder);

        // .NET ignores SIGPIPE, which a child would inherit.
        _ = Posix.sigfillset(signals);
        _ = Posix.posix_spawnattr_setsigdefault(attributes, signals);
        _ = Posix.sigemptyset(signals);
        _ = Posix.posix_spawnattr_setsigmask(attributes, signals);
        var own = start.Session ? Posix.POSIX_SPAWN_SETSID : Posix.POSIX_SPAWN_SETPGROUP;
        _ = Posix.posix_spawnattr_setflags(attributes, (short)(own | Posix.POSIX_SPAWN_SETSIGDEF | Posix.POSIX_SPAWN_SETSIGMASK));
    }

    private static unsafe int Spawn(ChildStart start, byte* actions, byte* attributes)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string)variable.Value!;
        foreach (var name in start.Without)
            variables.Remove(name);
        foreach (var (name, value) in start.Environment)
            variables[name] = value;

        var program = Marshal.StringToCoTaskMemUTF8(start.Program);
        var words = TextList(start.Words);
        var environment = TextList([.. variables.Select(variable => $"{variable.Key}={variable.Value}")]);
        try
        {
            int pid;
            var error = Posix.posix_spawn(&pid, (byte*)program, actions, attributes, words, environment);
            return error == 0 ? pid : throw new Win32Exception(error);
        }
        finally
        {
            Marshal.FreeCoTaskMem(program);
            NativeMemory.Free(words);
            NativeMemory.Free(environment);
        }
    }

    /// <summary>Texts as exec(3) takes them, in one piece of memory: first the pointers, then what they point to.</summary>
    internal static unsafe byte** TextList(IReadOnlyList<string> texts)
    {
        var pointers = (nuint)(texts.Count + 1) * (nuint)sizeof(byte*);
        var memory = (byte*)NativeMemory.AllocZeroed(pointers + (nuint)texts.Sum(text => Encoding.UTF8.GetByteCount(text) + 1));
        var next = memory + pointers;
        for (var i = 0; i < texts.Count; i++)
        {
            ((byte**)memory)[i] = next;
            var length = Encoding.UTF8.GetByteCount(texts[i]);
            next += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(next, length)) + 1;
        }

        return (byte**)memory;
    }

    private unsafe void Wait()
    {
        var information = stackalloc byte[128];
        while (Posix.waitid(Posix.P_PID, Id, information, Posix.WEXITED | Posix.WNOWAIT) < 0 && Marshal.GetLastPInvokeError() == Posix.EINTR)
        {
        }

        int status, waited;
        lock (_exited)
        {
            waited = Posix.waitpid(Id, &status, 0);
            _reaped = true;
        }

        s_ours.TryRemove(Id, out _);

        // Whoever ignored SIGCHLD for us has taken the status away.
        _exited.SetResult(waited < 0 ? 0 : (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f));
    }
}

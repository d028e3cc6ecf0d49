using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>
/// What posix_spawn(3) cannot do for a child: this program, started in its place, takes on the limits and the user and
/// then becomes the child's own program, with the same process number.
/// </summary>
internal static unsafe class Launcher
{
    public const string Word = "launch";

    private const int NotStarted = 127;
    private const string ListenProcess = "listen-pid";
    private const string AddressSpace = "address-space";

    private static readonly (string Name, int Resource, Func<ResourceLimits, long?> Value)[] s_limits =
    [
        ("open-files", Posix.RLIMIT_NOFILE, limits => limits.OpenFiles),
        ("processes", Posix.RLIMIT_NPROC, limits => limits.Processes),
        (AddressSpace, Posix.RLIMIT_AS, limits => limits.AddressSpace?.Bytes),
        ("core", Posix.RLIMIT_CORE, limits => limits.Core?.Bytes),
        ("file-size", Posix.RLIMIT_FSIZE, limits => limits.FileSize?.Bytes),
    ];

    /// <summary>The same start by way of a launcher, where it needs one.</summary>
    /// <param name="start">The start.</param>
    /// <param name="app">The app.</param>
    /// <param name="namesItsProcess">Whether LISTEN_PID is to be its number.</param>
    public static ChildStart Around(ChildStart start, AppSettings app, bool namesItsProcess)
    {
        var tasks = new List<string>();
        foreach (var (name, _, value) in s_limits)
        {
            if (value(app.Limits) is { } limit)
                tasks.Add($"{name}={limit.ToString(CultureInfo.InvariantCulture)}");
        }

        if (app.User is not null)
            tasks.Add($"user={app.User}");
        if (app.Group is not null)
            tasks.Add($"group={app.Group}");
        if (namesItsProcess)
            tasks.Add(ListenProcess);
        return tasks.Count == 0 ? start : start with
        {
            Program = ThisProgram.Itself,
            Words = [.. ThisProgram.Words, Word, string.Join(';', tasks), "--", start.Program, .. start.Words],
        };
    }

    /// <summary>Does what <see cref="Around"/> has asked for and becomes the program.</summary>
    /// <returns>An exit status, where that is not possible.</returns>
    public static int Run(string tasks, string[] words)
    {
        try
        {
            var variables = OwnVariables();
            string? user = null, group = null;
            ulong? addressSpace = null;
            foreach (var pair in tasks.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(task => task.Split('=', 2)))
            {
                if (pair[0] == "user")
                    user = pair[1];
                else if (pair[0] == "group")
                    group = pair[1];
                else if (pair[0] == ListenProcess)
                    variables["LISTEN_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
                else if (pair[0] == AddressSpace)
                    addressSpace = ulong.Parse(pair[1], CultureInfo.InvariantCulture);
                else
                    Limit(pair[0], ulong.Parse(pair[1], CultureInfo.InvariantCulture));
            }

            if (user is not null)
            {
                foreach (var (name, value) in Privileges.EnvironmentOf(user))
                    variables[name] = value;
                Privileges.DropTo(user, group, "the worker");
            }

            Become(words[0], words[1..], variables, addressSpace);
        }
        catch (EngineException error)
        {
            Console.Error.WriteLine($"steelyard: {error.Message}");
        }

        return NotStarted;
    }

    /// <summary>Becomes this program once more, with SIGQUIT as it is by itself. Returns only where that fails.</summary>
    /// <param name="name">By which name it was called.</param>
    /// <param name="args">Its arguments.</param>
    public static int StartAfresh(string name, string[] args)
    {
        _ = Posix.signal(Posix.SIGQUIT, 0);
        Become("/proc/self/exe", [name, .. args], OwnVariables(), null);
        return NotStarted;
    }

    private static Dictionary<string, string> OwnVariables()
    {
        var variables = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string)variable.Value!;
        return variables;
    }

    private static void Limit(string name, ulong value)
    {
        var limit = new Posix.ResourceLimit { Soft = value, Hard = value };
        if (Posix.setrlimit(s_limits.First(one => one.Name == name).Resource, &limit) < 0)
            throw new EngineException($"the worker cannot have the limit {name} of {value}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    private static void Become(string program, string[] words, Dictionary<string, string> variables, ulong? addressSpace)
    {
        // .NET ignores SIGPIPE, which the program would inherit.
        _ = Posix.signal(Posix.SIGPIPE, 0);
        ulong* none = stackalloc ulong[16];
        _ = Posix.sigprocmask(Posix.SIG_SETMASK, none, null);
        var path = (byte*)Marshal.StringToCoTaskMemUTF8(program);
        var (arguments, environment) = ((nint)ChildProcess.TextList(words), (nint)ChildProcess.TextList([.. variables.Select(variable => $"{variable.Key}={variable.Value}")]));

        // .NET has more than most programs may have: nothing can be allocated between the two, and nothing said afterwards.
        if (Posix.access(path, Posix.X_OK) < 0)
            throw new EngineException($"{program}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        if (addressSpace is { } limit)
            Limit(AddressSpace, limit);
        _ = Posix.execve(path, (byte**)arguments, (byte**)environment);
        throw new EngineException($"{program}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }
}

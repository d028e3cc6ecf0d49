using System.Globalization;
using System.Runtime.InteropServices;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Config.Haproxy;
using Steelyard.Engine;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>
/// What the program is under the name <c>haproxy</c>, as a link to it: the flags, messages, signals and exit statuses that
/// unit files and scripts use.
/// </summary>
internal static class HaproxyCommand
{
    private const int SigTerm = 15, SigUsr1 = 10;

    private const string Usage = """
        Usage : haproxy [-f <cfgfile|cfgdir>]* [ -vdV ] [ -D ] [ -n <maxconn> ] [ -N <maxpconn> ]
                [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
                -v displays version ; -vv says what there is of HAProxy's features
                -d and -db stay in the foreground ; -D goes into the background
                -q quiet mode : say nothing of what can be used
                -c check mode : only check config files and exit
                -cc <condition> : exit with 0 if it holds, with 1 if it does not, with 2 if it is none
                -dW treats warnings as errors
                -W reloads at SIGUSR2 and SIGHUP ; -Ws also tells systemd, and stays in the foreground
                -sf/-st [pid ]* let these finish or stop once this one serves
        This is Steelyard: 'steelyard --help' has its own commands.
        """;

    private static string ProcessId => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether the program was started under that name, and not by itself for what only Steelyard has.</summary>
    public static bool IsMeant(string[] args) => CalledAs.Is("haproxy", args);

    /// <summary>Does what the flags say.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var flags = new HaproxyFlags();
        for (var i = 0; i < args.Length; i++)
        {
            if (!flags.Take(args, ref i, out var mistake))
                return Refuse(mistake);
        }

        if (flags.Version)
            return WriteVersion(flags.Details);
        if (flags.Condition is { } condition)
            return Judge(condition);
        if (flags.Folder is { } folder && !TryEnter(folder))
            return Refuse($"Could not change to directory {folder} : No such file or directory");
        return flags.FindFiles(out var missing) is { } files ? await ServeOrCheckAsync(files, flags, args) : Refuse(missing);
    }

    private static async Task<int> ServeOrCheckAsync(List<string> files, HaproxyFlags flags, string[] args)
    {
        var options = new ReadOptions { Overrides = files.Skip(1).Select(Path.GetFullPath).ToValueList(), OverridesAreNamed = true, Folder = Directory.GetCurrentDirectory() };
        var configuration = ConfigurationArgument.TryRead("up", files[0], options)!.With(flags.Connections is not { } most ? null : snapshot => snapshot with { Limits = snapshot.Limits with { Connections = most } });
        var result = configuration.Result;
        var warned = result.Problems.Any(problem => problem.Severity == Severity.Warning);
        if (!Daemon.IsOne && !flags.Quiet)
            Print(result);
        if (result.Snapshot is null || (warned && flags.NoWarnings))
        {
            if (flags.Quiet)
                return CommandLine.Failure;
            await Console.Error.WriteLineAsync(result.Snapshot is null
                ? $"[ALERT]    ({ProcessId}) : config : Fatal errors found in configuration."
                : $"[ALERT]    ({ProcessId}) : Some warnings were found and 'zero-warning' is set. Aborting.");
            return CommandLine.Failure;
        }

        if (!flags.Check)
            return await ServeAsync(configuration, result.Snapshot, flags, args);
        if (flags.Quiet)
            return CommandLine.Success;
        if (warned)
            Console.WriteLine("Warnings were found.");
        Console.WriteLine("Configuration file is valid");
        return CommandLine.Success;
    }

    private static async Task<int> ServeAsync(ConfigurationArgument configuration, Snapshot snapshot, HaproxyFlags flags, string[] args)
    {
        var pidFile = flags.PidFile ?? configuration.Result.Daemon.PidFile;
        if (!Daemon.IsOne && (flags.Detach || (configuration.Result.Daemon.Detach && !flags.Foreground)))
            return await DetachAsync(args, pidFile);

        ListeningSockets.SharePlaces = true;
        using var ending = new EndingSignal();
        var status = await KeeperRun.RunAsync(configuration, snapshot, new(Watch: false, Single: false)
        {
            PidFile = pidFile,
            SaysBefore = $"[ALERT]    ({ProcessId}) : ",
            AsHaproxy = true,
            IsMaster = flags.Master,
            WhenReady = () =>
            {
                foreach (var process in flags.Before)
                    _ = Posix.kill(process, flags.BeforeEndAtOnce ? SigTerm : SigUsr1);
            },
        });
        return status == CommandLine.Success ? ending.Follow(flags.Master) : status;
    }

    /// <summary>
    /// The signal that has ended the process at once. HAProxy dies of it, as service managers and scripts see; its master has
    /// status 0 behind SIGTERM, and 130 behind SIGINT.
    /// </summary>
    private sealed class EndingSignal : IDisposable
    {
        private const int Interrupt = 2;
        private const int SignalStatus = 128;

        private readonly PosixSignalRegistration[] _registrations;
        private volatile int _signal;

        public EndingSignal() =>
            _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => _signal = SigTerm), PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => _signal = Interrupt)];

        /// <summary>Ends as HAProxy does.</summary>
        public int Follow(bool isMaster)
        {
            if (_signal == 0 || (isMaster && _signal == SigTerm))
                return CommandLine.Success;
            if (isMaster)
                return SignalStatus + _signal;
            _ = Posix.signal(_signal, 0);
            _ = Posix.kill(Environment.ProcessId, _signal);
            return SignalStatus + _signal;
        }

        public void Dispose()
        {
            foreach (var registration in _registrations)
                registration.Dispose();
        }
    }

    /// <summary>Starts a daemon; one without a pid file says by a file of its own that it serves.</summary>
    private static async Task<int> DetachAsync(string[] args, string? pidFile)
    {
        if (pidFile is not null)
            return await Daemon.StartAsync(args, pidFile, errorLog: null);
        var own = Path.GetTempFileName();
        try
        {
            return await Daemon.StartAsync([.. args.TakeWhile(word => word != "--"), "-p", own, .. args.SkipWhile(word => word != "--")], own, errorLog: null);
        }
        finally
        {
            File.Delete(own);
        }
    }

    /// <summary>What was found, in HAProxy's manner.</summary>
    private static void Print(ConfigurationResult result)
    {
        foreach (var problem in result.Problems)
        {
            var level = problem.Severity switch { Severity.Error => "[ALERT]   ", Severity.Warning => "[WARNING] ", _ => "[NOTICE]  " };
            var line = $"{level} ({ProcessId}) : config : parsing [{problem.File}:{problem.Line}] : {problem.Message}";
            if (problem.Suggestion is { } suggestion)
                line += $"; did you mean '{suggestion}'?";
            else if (problem.Expected is { } expected)
                line += $"; expected {expected}";
            Console.Error.WriteLine(line);
        }

        foreach (var file in result.Problems.AsEnumerable().Where(problem => problem.Severity == Severity.Error).Select(problem => problem.File).Distinct())
            Console.Error.WriteLine($"[ALERT]    ({ProcessId}) : config : Error(s) found in configuration file : {file}");
    }

    private static int WriteVersion(bool details)
    {
        Console.WriteLine($"HAProxy version {HaproxyCondition.Version}-steelyard-{AdminLook.ProgramVersion} - as Steelyard reads its files");
        if (details)
        {
            Console.WriteLine($"""
                Running on: {RuntimeInformation.OSDescription}

                Feature list : {HaproxyCondition.Features}

                Available services : prometheus-exporter
                Available filters :
                	[COMP] compression
                """);
        }

        return CommandLine.Success;
    }

    /// <summary>Whether a condition holds, as scripts ask before they write a file.</summary>
    private static int Judge(string condition)
    {
        if (HaproxyCondition.TryEvaluate(condition, name => Environment.GetEnvironmentVariable(name) is not null, out var holds, out var found))
            return holds ? CommandLine.Success : CommandLine.Failure;
        Console.Error.WriteLine($"[ALERT]    ({ProcessId}) : config : Failed to evaluate condition: '{found}' is not understood");
        return CommandLine.Misuse;
    }

    private static int Refuse(string mistake)
    {
        Console.Error.WriteLine($"[ALERT]    ({ProcessId}) : {mistake}");
        Console.Error.WriteLine(Usage);
        return CommandLine.Failure;
    }

    private static bool TryEnter(string folder)
    {
        if (!Directory.Exists(folder))
            return false;
        Directory.SetCurrentDirectory(folder);
        return true;
    }
}

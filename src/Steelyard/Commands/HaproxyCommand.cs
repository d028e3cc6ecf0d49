using System.Globalization;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>
/// What the program is under the name <c>haproxy</c>, as a link to it: the flags, messages and exit statuses that unit
/// files and scripts use. What it cannot do it says, and does not start.
/// </summary>
internal static class HaproxyCommand
{
    private const string Usage = """
        Usage : haproxy -f <cfgfile> [ -c ] [ -db ] [ -W | -Ws ] [ -V ] [ -d ] [ -q ] [ -C <dir> ] [ -p <pidfile> ]
                -v displays version ; -vv says more
                -c check mode : only check the configuration file, and exit
                -db and -W and -Ws all serve in the foreground, which a service manager wants
        This is Steelyard: 'steelyard --help' has its own commands.
        """;

    /// <summary>Whether the program was started under that name, and not by itself for what only Steelyard has.</summary>
    public static bool IsMeant(string[] args) => CalledAs.Is("haproxy", args);

    /// <summary>Does what the flags say.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var wanted = new Wanted();
        for (var i = 0; i < args.Length; i++)
        {
            if (!wanted.Take(args, ref i, out var mistake))
                return Refuse(mistake);
        }

        if (wanted.Version)
            return WriteVersion();
        if (wanted.Folder is { } folder && !TryEnter(folder))
            return Refuse($"could not change to {folder}");
        if (wanted.Files.Count != 1)
            return Refuse(wanted.Files.Count == 0 ? "no configuration file: -f names one" : "one configuration file is read here: put several into one");
        if (!File.Exists(wanted.Files[0]))
            return Refuse($"Could not open configuration file {wanted.Files[0]} : No such file or directory");
        return await ServeOrCheckAsync(ConfigurationArgument.TryRead("up", wanted.Files[0])!, wanted);
    }

    private static async Task<int> ServeOrCheckAsync(ConfigurationArgument configuration, Wanted wanted)
    {
        var hasErrors = configuration.Result.Snapshot is null;
        if (!wanted.Quiet || hasErrors)
            configuration.PrintProblems(Console.Error, toTerminal: !Console.IsErrorRedirected);
        if (configuration.Result.Snapshot is not { } snapshot)
        {
            await Console.Error.WriteLineAsync($"[ALERT]    ({ProcessId}) : config : Fatal errors found in configuration.");
            return CommandLine.Failure;
        }

        if (!wanted.Check)
            return await KeeperRun.RunAsync(configuration, snapshot, new(Watch: false, Single: false) { PidFile = wanted.PidFile });
        if (wanted.Quiet)
            return CommandLine.Success;
        if (configuration.Result.Problems.Any(problem => problem.Severity == Severity.Warning))
            Console.WriteLine("Warnings were found.");
        Console.WriteLine("Configuration file is valid");
        return CommandLine.Success;
    }

    private static string ProcessId => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private static int WriteVersion()
    {
        var version = typeof(HaproxyCommand).Assembly.GetName().Version;
        Console.WriteLine($"HAProxy version 2.6, as Steelyard {version?.ToString(3)} reads its files");
        return CommandLine.Success;
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

    /// <summary>What the flags have said so far.</summary>
    private sealed class Wanted
    {
        public List<string> Files { get; } = [];

        public bool Check { get; private set; }

        public bool Quiet { get; private set; }

        public bool Version { get; private set; }

        public string? Folder { get; private set; }

        public string? PidFile { get; private set; }

        public bool Take(string[] args, ref int i, out string mistake)
        {
            mistake = "";
            var flag = args[i];
            switch (flag)
            {
                case "-c":
                    Check = true;
                    return true;
                case "-q":
                    Quiet = true;
                    return true;
                case "-v" or "-vv":
                    Version = true;
                    return true;

                // All the same here: the keeper is the master, and stays in the foreground.
                case "-db" or "-W" or "-Ws" or "-V" or "-d":
                    return true;
                case "-f" or "-C" or "-p" when i + 1 < args.Length:
                    i++;
                    (Folder, PidFile) = (flag == "-C" ? args[i] : Folder, flag == "-p" ? args[i] : PidFile);
                    if (flag == "-f")
                        Files.Add(args[i]);
                    return true;
                case "--":
                    Files.AddRange(args[(i + 1)..]);
                    i = args.Length;
                    return true;
                case "-D":
                    mistake = "-D: this program does not leave its terminal; a service manager runs it in the foreground with -Ws";
                    return false;
                case "-sf" or "-st":
                    mistake = $"{flag}: a running one takes up its file when it gets SIGHUP, on the same sockets, without a second process";
                    return false;
                case "-n":
                    mistake = "-n: 'maxconn' in the file's global section says how many connections may be open";
                    return false;
                default:
                    mistake = flag is "-f" or "-C" or "-p" ? $"{flag} without its argument" : $"unknown option {flag}";
                    return false;
            }
        }
    }
}

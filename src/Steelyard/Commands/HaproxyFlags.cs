using System.Globalization;

namespace Steelyard.Commands;

/// <summary>What the flags of a command line for HAProxy say (its management guide, 3).</summary>
internal sealed class HaproxyFlags
{
    // Of these one word follows, and nothing comes of it: peers, limits of memory, the sockets of a master and of a process before.
    private static readonly string[] s_ignoredWithWord = ["-L", "-m", "-S", "-x"];

    // All the same here: switches of HAProxy's pollers and of its debugging.
    private static readonly string[] s_ignored = ["-V", "-de", "-dp", "-ds", "-dS", "-dG", "-dr", "-dR", "-dv", "-dF", "-dK", "-dL", "-dt"];

    /// <summary>The files and folders.</summary>
    public List<string> Files { get; } = [];

    /// <summary>Whether the file is only checked.</summary>
    public bool Check { get; private set; }

    /// <summary>Whether little is said.</summary>
    public bool Quiet { get; private set; }

    /// <summary>Whether warnings are as bad as errors.</summary>
    public bool NoWarnings { get; private set; }

    /// <summary>Whether the version is asked for.</summary>
    public bool Version { get; private set; }

    /// <summary>Whether more is asked for than the version.</summary>
    public bool Details { get; private set; }

    /// <summary>The condition that is asked about; null for none.</summary>
    public string? Condition { get; private set; }

    /// <summary>Whether the program leaves its terminal.</summary>
    public bool Detach { get; private set; }

    /// <summary>Whether it stays there, whatever the file says.</summary>
    public bool Foreground { get; private set; }

    /// <summary>Whether there is a master, which reloads.</summary>
    public bool Master { get; private set; }

    /// <summary>Where to go first; null for nowhere.</summary>
    public string? Folder { get; private set; }

    /// <summary>Where the number of the process is written; null for what the file says.</summary>
    public string? PidFile { get; private set; }

    /// <summary>Connections open at once; null for what the file says.</summary>
    public int? Connections { get; private set; }

    /// <summary>Processes that are told to leave once this one serves.</summary>
    public List<int> Before { get; } = [];

    /// <summary>Whether those end at once.</summary>
    public bool BeforeEndAtOnce { get; private set; }

    /// <summary>Reads a flag and what belongs to it.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="i">Where the flag is; where its last word is afterwards.</param>
    /// <param name="mistake">What is wrong with it.</param>
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
                (Version, Details) = (true, flag == "-vv");
                return true;
            case "-D":
                (Detach, Foreground) = (true, false);
                return true;
            case "-db" or "-d":
                (Foreground, Detach) = (true, false);
                return true;
            case "-W":
                Master = true;
                return true;
            case "-Ws":
                (Master, Foreground) = (true, true);
                return true;
            case "-dW":
                NoWarnings = true;
                return true;
            case "-sf" or "-st":
                BeforeEndAtOnce = flag == "-st";
                while (i + 1 < args.Length && int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var process) && process > 0)
                {
                    Before.Add(process);
                    i++;
                }

                return true;
            case "--":
                Files.AddRange(args[(i + 1)..]);
                i = args.Length;
                return true;
            case "-f" or "-C" or "-p" or "-n" or "-N" or "-cc":
                if (i + 1 < args.Length)
                    return TakeWord(flag, args[++i], out mistake);
                mistake = $"{flag} without its argument";
                return false;
            case var ignored when Array.IndexOf(s_ignoredWithWord, ignored) >= 0 && i + 1 < args.Length:
                i++;
                return true;
            case var ignored when Array.IndexOf(s_ignored, ignored) >= 0 || ignored.StartsWith("-dM", StringComparison.Ordinal):
                return true;
            default:
                mistake = $"unknown option {flag}";
                return false;
        }
    }

    private bool TakeWord(string flag, string word, out string mistake)
    {
        mistake = "";
        switch (flag)
        {
            case "-f":
                Files.Add(word);
                return true;
            case "-cc":
                Condition = word;
                return true;
            case "-C":
                Folder = word;
                return true;
            case "-p":
                PidFile = word;
                return true;
            default:
                if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var most) && most is > 0 and <= 10_000_000)
                {
                    // -N is of each frontend, of which the whole process has no more either.
                    Connections = flag == "-n" ? most : Connections;
                    return true;
                }

                mistake = $"{flag} {word}: a number of connections is expected";
                return false;
        }
    }

    /// <summary>The files, those of folders in their order; null, and a mistake, where one is not there.</summary>
    public List<string>? FindFiles(out string mistake)
    {
        mistake = Files.Count == 0 ? "no configuration file: -f names one" : "";
        List<string> found = [];
        foreach (var name in Files)
        {
            if (Directory.Exists(name))
                found.AddRange(Directory.EnumerateFiles(name, "*.cfg").Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal));
            else if (File.Exists(name))
                found.Add(name);
            else
                mistake = $"Could not open configuration file {name} : No such file or directory";
        }

        if (mistake.Length == 0 && found.Count == 0)
            mistake = $"no configuration file in {Files[0]}: their names end in .cfg";
        return mistake.Length == 0 ? found : null;
    }
}

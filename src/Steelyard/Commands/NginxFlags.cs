namespace Steelyard.Commands;

/// <summary>What the flags of nginx have said.</summary>
internal sealed class NginxFlags
{
    private static readonly string[] s_signals = ["stop", "quit", "reopen", "reload"];

    /// <summary>-t or -T: the file is read, and nothing served.</summary>
    public bool Test { get; private set; }

    /// <summary>-T: the files are printed.</summary>
    public bool Dump { get; private set; }

    /// <summary>-q: only errors are told of.</summary>
    public bool Quiet { get; private set; }

    /// <summary>-h or -?.</summary>
    public bool Help { get; private set; }

    /// <summary>-v, -V or -h.</summary>
    public bool Version { get; private set; }

    /// <summary>-V: how it was built.</summary>
    public bool Build { get; private set; }

    /// <summary>-c.</summary>
    public string? File { get; private set; }

    /// <summary>-p.</summary>
    public string? Prefix { get; private set; }

    /// <summary>-g.</summary>
    public string Directives { get; private set; } = "";

    /// <summary>-e.</summary>
    public string? ErrorLog { get; private set; }

    /// <summary>-s: what a running one is told; null for nothing.</summary>
    public string? Signal { get; private set; }

    /// <summary>Reads them: several may stand together, as in -tq, and an argument behind its flag at once.</summary>
    /// <returns>What is wrong, in nginx's words; null for nothing.</returns>
    public string? Read(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] is not ['-', .. var letters])
                return $"invalid option: \"{args[i]}\"";
            for (var at = 0; at < letters.Length; at++)
            {
                var flag = letters[at];
                if (Take(flag))
                    continue;
                if (flag is not ('c' or 'p' or 'g' or 'e' or 's'))
                    return $"invalid option: \"{flag}\"";
                var value = at + 1 < letters.Length ? letters[(at + 1)..] : ++i < args.Length ? args[i] : null;
                if (string.IsNullOrEmpty(value))
                    return $"option \"-{flag}\" requires {(flag switch { 'c' => "file name", 'p' => "directory name", 'g' => "parameter", 'e' => "file name", _ => "parameter" })}";
                if (flag == 's' && Array.IndexOf(s_signals, value) < 0)
                    return $"invalid option: \"-s {value}\"";
                Take(flag, value);
                break;
            }
        }

        return null;
    }

    private bool Take(char flag)
    {
        switch (flag)
        {
            case '?' or 'h':
                Help = Version = true;
                return true;
            case 'v':
                Version = true;
                return true;
            case 'V':
                Version = Build = true;
                return true;
            case 't':
                Test = true;
                return true;
            case 'T':
                Test = Dump = true;
                return true;
            case 'q':
                Quiet = true;
                return true;
            default:
                return false;
        }
    }

    private void Take(char flag, string value)
    {
        switch (flag)
        {
            case 'c':
                File = value;
                break;
            case 'p':
                Prefix = value;
                break;
            case 'g':
                Directives = value;
                break;
            case 'e':
                ErrorLog = value;
                break;
            default:
                Signal = value;
                break;
        }
    }
}

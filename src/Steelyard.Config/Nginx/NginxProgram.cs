using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>What an nginx.conf says of the program that reads it, and what a command line says before it.</summary>
public sealed record NginxProgram
{
    /// <summary>Where the number of the process is written; null where nothing is said.</summary>
    public string? PidFile { get; private init; }

    /// <summary>Whether it leaves its terminal, as nginx does where nothing is said.</summary>
    public bool Daemon { get; private init; } = true;

    /// <summary>Where errors are written: a file, or <c>stderr</c>; null where nothing is said.</summary>
    public string? ErrorLog { get; private init; }

    /// <summary>What is wrong with the directives of the command line, in nginx's words; null for nothing.</summary>
    public string? Mistake { get; private init; }

    /// <summary>Reads the directives outside of all blocks. What of the file cannot be read says nothing: whoever serves it reports that.</summary>
    /// <param name="directives">Those of the command line, which go before the file's.</param>
    /// <param name="file">The text of the file; files that it includes are not read.</param>
    public static NginxProgram Read(string directives, string file)
    {
        var program = new NginxProgram();
        var problems = new ProblemList();
        var given = NginxText.Read(new SourceText("command line", directives), problems);
        if (problems.HasErrors)
            return program with { Mistake = $"{problems.InOrder()[0].Message.Replace("unexpected end of file, expecting \";\" or \"}\"", "unexpected end of parameter, expecting \";\"", StringComparison.Ordinal)} in command line" };
        foreach (var directive in given)
        {
            if (MistakeIn(directive) is { } mistake)
                return program with { Mistake = $"{mistake} in command line" };
        }

        foreach (var directive in NginxText.Read(new SourceText("the file", file), new ProblemList()).Concat(given))
        {
            program = directive.Name switch
            {
                "pid" => program with { PidFile = directive[1] },
                "daemon" => program with { Daemon = directive[1] != "off" },
                "error_log" => program with { ErrorLog = directive[1] },
                _ => program,
            };
        }

        return program;
    }

    private static string? MistakeIn(NginxDirective directive)
    {
        if (directive.Block is not null)
            return "block directives are not supported in -g option";
        if (!NginxDirectives.Table.TryFind([directive.Words[0]], out var row, out _))
            return $"unknown directive \"{directive.Name}\"";
        if (!row.Contexts.Contains('M', StringComparison.Ordinal))
            return $"\"{directive.Name}\" directive is not allowed here";
        if (directive.Count == 0)
            return $"invalid number of arguments in \"{directive.Name}\" directive";
        return directive.Name == "daemon" && directive[1] is not ("on" or "off") ? $"invalid value \"{directive[1]}\" in \"daemon\" directive, it must be \"on\" or \"off\"" : null;
    }
}

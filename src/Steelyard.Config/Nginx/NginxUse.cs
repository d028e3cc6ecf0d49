using System.Globalization;
using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>A directive where it stands.</summary>
/// <param name="file">What the whole file says.</param>
/// <param name="level">What its block says.</param>
/// <param name="directive">The directive.</param>
internal sealed class NginxUse(NginxFile file, NginxLevel level, NginxDirective directive)
{
    public NginxFile File { get; } = file;

    public NginxLevel Level { get; } = level;

    public NginxDirective Directive { get; } = directive;

    public ProblemList Problems => File.Problems;

    /// <summary>Reports a wrong argument in nginx's words.</summary>
    public void Invalid(int index, string? expected = null) =>
        Problems.Error(Directive.Words[index].Place, $"invalid value \"{Directive[index]}\" in \"{Directive.Name}\" directive", expected);

    /// <summary>Reports a wrong argument.</summary>
    public void Error(int index, string message, string? expected = null) => Problems.Error(Directive.Words[index].Place, message, expected);
}

/// <summary>What arguments of directives have to be.</summary>
internal static class NginxArguments
{
    public static void Flag(NginxUse use)
    {
        if (use.Directive[1] is not ("on" or "off"))
            use.Error(1, $"invalid value \"{use.Directive[1]}\" in \"{use.Directive.Name}\" directive, it must be \"on\" or \"off\"");
    }

    public static void Time(NginxUse use)
    {
        if (!NginxValues.TryReadTime(use.Directive[1], out _))
            use.Error(1, $"\"{use.Directive.Name}\" directive invalid value", "a time, such as 30s, 5m or 500ms");
    }

    public static void Size(NginxUse use)
    {
        if (!NginxValues.TryReadSize(use.Directive[1], out _))
            use.Error(1, $"\"{use.Directive.Name}\" directive invalid value", "a size, such as 8k or 1m");
    }

    public static Action<NginxUse> Number(int least, int most) => use =>
    {
        if (!int.TryParse(use.Directive[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            use.Error(1, $"\"{use.Directive.Name}\" directive invalid number", $"a whole number from {least} to {most}");
        else if (number < least || number > most)
            use.Invalid(1, $"a whole number from {least} to {most}");
    };

    public static Action<NginxUse> OneOf(params string[] words) => use =>
    {
        for (var i = 1; i <= use.Directive.Count; i++)
        {
            if (Array.IndexOf(words, use.Directive[i]) < 0)
                use.Invalid(i, Text.Shown.OneOf(words));
        }
    };

    /// <summary>One of some words for each argument.</summary>
    public static Action<NginxUse> Words(params string[][] words) => use =>
    {
        for (var i = 1; i <= use.Directive.Count; i++)
        {
            if (Array.IndexOf(words[i - 1], use.Directive[i]) < 0)
                use.Invalid(i, Text.Shown.OneOf(words[i - 1]));
        }
    };

    public static void Anything(NginxUse use)
    {
        // Its words are read where they are used.
    }
}

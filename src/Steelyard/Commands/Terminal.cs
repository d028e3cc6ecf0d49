using Spectre.Console;

namespace Steelyard.Commands;

/// <summary>Where tables are written: with colours on a terminal, unless NO_COLOR is set; plain and unbroken elsewhere.</summary>
internal static class Terminal
{
    // Wider than any line that is cut or grepped.
    private const int Unbroken = 1000;

    /// <summary>Standard output.</summary>
    public static IAnsiConsole Output() => Console.IsOutputRedirected ? To(Console.Out) : AnsiConsole.Create(new()
    {
        ColorSystem = Environment.GetEnvironmentVariable("NO_COLOR") is null or "" ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    /// <summary>A file or a pipe.</summary>
    public static IAnsiConsole To(TextWriter writer)
    {
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = Unbroken;
        return console;
    }
}

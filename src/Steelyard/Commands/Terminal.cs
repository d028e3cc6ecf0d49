using System.Text;
using Spectre.Console;

namespace Steelyard.Commands;

/// <summary>Where tables are written: with colours on a terminal, unless NO_COLOR is set; plain and unbroken elsewhere.</summary>
internal static class Terminal
{
    // Wider than any line that is cut or grepped.
    private const int Unbroken = 1000;

    /// <summary>Lets nothing reach a terminal but what is written: see <see cref="TerminalStream"/>.</summary>
    public static void WritePlainly()
    {
        if (!Console.IsOutputRedirected)
            Console.SetOut(WriterTo(TerminalStream.StandardOutput));
        if (!Console.IsErrorRedirected)
            Console.SetError(WriterTo(TerminalStream.StandardError));
    }

    private static StreamWriter WriterTo(int descriptor) => new(new TerminalStream(descriptor), Console.OutputEncoding) { AutoFlush = true };

    /// <summary>Columns of the terminal.</summary>
    public static int Width => TerminalStream.Size().Width;

    /// <summary>Standard output.</summary>
    public static IAnsiConsole Output() => Console.IsOutputRedirected ? To(Console.Out) : AnsiConsole.Create(new()
    {
        ColorSystem = Environment.GetEnvironmentVariable("NO_COLOR") is null or "" ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Out = new Screen(Console.Out),
    });

    /// <summary>A file or a pipe.</summary>
    public static IAnsiConsole To(TextWriter writer, int width = Unbroken)
    {
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = width;
        return console;
    }

    /// <summary>A terminal, which may be of another size at any time.</summary>
    public sealed class Screen(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => TerminalStream.Size().Width;

        public int Height => TerminalStream.Size().Height;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}

using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;
using Steelyard.Admin;
using Steelyard.Config.Text;
using Steelyard.Engine.Causes;

namespace Steelyard.Commands;

/// <summary><c>steelyard why</c>: what a cause that an error page, a log or the API names means, how to see it, what to do.</summary>
internal static class WhyCommand
{
    private const int WidestText = 100;

    public static Command Create()
    {
        var code = new Argument<string?>("CODE") { HelpName = "CODE", Description = "A cause, such as 503.connect-refused, the word behind its status, or a status; all of them when left out.", Arity = ArgumentArity.ZeroOrOne };
        code.CompletionSources.Add(_ => CauseTable.All.Select(cause => new CompletionItem(cause.Code)));
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("why", "Explains the cause that an error page, a log or 'steelyard errors' names.") { code, json };
        command.SetAction(parsed => Run(parsed.GetValue(code), parsed.GetValue(json)));
        CommandLine.WithExamples(command,
            "steelyard why 503.connect-refused",
            "steelyard why 502                    those with a status",
            "steelyard why                        all causes, each with what the client is told",
            "steelyard errors --json | jq -r '.[0].cause // empty' | xargs -r steelyard why");
        return command;
    }

    private static int Run(string? code, bool json)
    {
        KnownCause[] several = [.. CauseTable.All.Where(known => code is null || known.Code.StartsWith($"{code}.", StringComparison.Ordinal))];
        if (several.Length > 0)
        {
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(several, AdminJson.Readable.KnownCauseArray));
            else
                WriteAll(several);
            return CommandLine.Success;
        }

        if (CauseTable.Find(code!) is not { } known)
            return CommandLine.Fail("why", $"nothing is called '{code}'{Nearest(code!)}. 'steelyard why' shows all causes.", json);

        if (json)
            Console.WriteLine(JsonSerializer.Serialize(known, AdminJson.Readable.KnownCause));
        else
            Write(known);
        return CommandLine.Success;
    }

    private static string Nearest(string code)
    {
        var names = CauseTable.All.SelectMany(known => new[] { known.Code, known.Code[(known.Code.IndexOf('.') + 1)..] });
        return new NameSuggestions().Nearest(code, names) is { } nearest ? $", but '{nearest}' is" : "";
    }

    private static void WriteAll(IReadOnlyList<KnownCause> causes)
    {
        var widest = causes.Max(known => known.Code.Length);
        foreach (var known in causes)
            Console.WriteLine($"{known.Code.PadRight(widest)}  {known.Sentence}");
    }

    private static void Write(KnownCause known)
    {
        var width = Console.IsOutputRedirected ? int.MaxValue : Math.Clamp(Terminal.Width - 2, 40, WidestText);
        Console.WriteLine(known.Code);
        Console.WriteLine();
        WriteWrapped(known.Sentence, width);
        foreach (var (title, text) in new[] { ("What it means", known.Means), ("How to see it", known.Look), ("What to do", known.Remedy) })
        {
            Console.WriteLine();
            Console.WriteLine(title);
            WriteWrapped(text, width);
        }
    }

    private static void WriteWrapped(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + word.Length + 3 > width)
            {
                Console.WriteLine($"  {line}");
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        Console.WriteLine($"  {line}");
    }
}

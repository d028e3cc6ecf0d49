using System.Text;
using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>One client of a command socket: what it may do, and whether it stays.</summary>
/// <param name="desk">Who does it.</param>
/// <param name="level">What the socket lets everybody do.</param>
internal sealed class CommandTalk(CommandDesk desk, CommandLevel level)
{
    private bool _prompts;

    /// <summary>What it may do now.</summary>
    public CommandLevel Level { get; set; } = level;

    /// <summary>How long it may say nothing.</summary>
    public TimeSpan Patience { get; set; } = desk.Patience;

    /// <summary>Whether nothing more is answered.</summary>
    public bool Over { get; private set; }

    /// <summary>Does what a line says.</summary>
    public async Task<string> AnswerAsync(string line)
    {
        var answer = new StringBuilder();
        foreach (var command in Split(line))
        {
            if (command is ["prompt"])
                _prompts = !_prompts;
            else if (command is ["quit"])
                Over = true;
            else if (command.Length > 0)
                answer.Append(await desk.AnswerAsync(command, this)).Append('\n');
            if (Over)
                return answer.ToString();
        }

        // One line is all that is answered, unless more is asked for.
        Over = !_prompts;
        if (_prompts)
            answer.Append("\n> ");
        return answer.ToString();
    }

    /// <summary>The commands of a line, in words: a semicolon ends one, a backslash keeps what follows it, a number sign ends the line's sense.</summary>
    private static List<string[]> Split(string line)
    {
        List<string[]> commands = [];
        List<string> words = [];
        var word = new StringBuilder();
        var begun = false;
        for (var i = 0; i < line.Length; i++)
        {
            var letter = line[i];
            if (letter == '\\' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                begun = true;
            }
            else if (letter is ' ' or '\t' or ';')
            {
                EndWord();
                if (letter == ';')
                    EndCommand();
            }
            else if (letter == '#' && !begun)
            {
                break;
            }
            else
            {
                word.Append(letter);
                begun = true;
            }
        }

        EndWord();
        EndCommand();
        return commands;

        void EndWord()
        {
            if (begun)
                words.Add(word.ToString());
            word.Clear();
            begun = false;
        }

        void EndCommand()
        {
            commands.Add([.. words]);
            words.Clear();
        }
    }
}

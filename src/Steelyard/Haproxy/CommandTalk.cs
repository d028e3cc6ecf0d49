using System.Text;
using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>One client of a command socket: what it may do, and whether it stays.</summary>
/// <param name="desk">Who does it.</param>
/// <param name="level">What the socket lets everybody do.</param>
internal sealed class CommandTalk(CommandDesk desk, CommandLevel level)
{
    /// <summary>How many bytes may follow a command.</summary>
    public const int LongestPayload = 16 * 1024 * 1024;

    private const string PayloadFollows = "<<";

    private readonly StringBuilder _payload = new();
    private long _payloadLength;
    private string? _waiting;
    private bool _prompts;

    /// <summary>What it may do now.</summary>
    public CommandLevel Level { get; set; } = level;

    /// <summary>How long it may say nothing.</summary>
    public TimeSpan Patience { get; set; } = desk.Patience;

    /// <summary>Whether nothing more is answered.</summary>
    public bool Over { get; private set; }

    /// <summary>What stands behind the command that is done now, in lines; null for nothing.</summary>
    public string? Payload { get; private set; }

    /// <summary>Does what a line says. Behind one that ends in <c>&lt;&lt;</c> lines follow that belong to it, up to an empty one; more of them than <see cref="LongestPayload"/> are passed over, and the command is not done.</summary>
    public async Task<string> AnswerAsync(string line)
    {
        if (_waiting is { } waiting)
        {
            if (line.Length > 0)
            {
                Keep(line);
                return _prompts ? "+ " : "";
            }

            _waiting = null;
            if (_payloadLength > LongestPayload)
                return End(new("The payload is longer than 16 MiB, nothing was done: send it in parts.\n\n"));
            var payload = _payload.ToString();
            _payload.Clear();
            return await DoAsync(waiting, payload);
        }

        var end = line.AsSpan().TrimEnd();
        if (!end.EndsWith(PayloadFollows) || (end.Length > PayloadFollows.Length && end[^(PayloadFollows.Length + 1)] != ' '))
            return await DoAsync(line, payload: null);
        _waiting = end[..^PayloadFollows.Length].ToString();
        _payloadLength = 0;
        return _prompts ? "+ " : "";
    }

    private void Keep(string line)
    {
        _payloadLength += Encoding.UTF8.GetByteCount(line) + 1;
        if (_payloadLength > LongestPayload)
            _payload.Clear();
        else
            _payload.Append(line).Append('\n');
    }

    private async Task<string> DoAsync(string line, string? payload)
    {
        var answer = new StringBuilder();
        var commands = Split(line);
        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
            Payload = i == commands.Count - 1 ? payload : null;
            if (command is ["prompt"])
                _prompts = !_prompts;
            else if (command is ["quit"])
                Over = true;
            else if (command.Length > 0)
                answer.Append(await desk.AnswerAsync(command, this)).Append('\n');
            if (Over)
                return answer.ToString();
        }

        return End(answer);
    }

    // One line is all that is answered, unless more is asked for.
    private string End(StringBuilder answer)
    {
        Over = !_prompts;
        if (_prompts)
            answer.Append("\n> ");
        return answer.ToString();
    }

    /// <summary>The commands of a line, in words: a semicolon ends one, a backslash keeps what follows it.</summary>
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

using System.CommandLine;

namespace Steelyard.Commands;

/// <summary><c>steelyard completion</c>: what a shell needs to complete commands, options, pools and servers.</summary>
internal static class CompletionCommand
{
    // Each asks the program itself what could stand where the cursor is, by System.CommandLine's [suggest] directive.
    private const string Bash = """
        # steelyard completion bash >/etc/bash_completion.d/steelyard
        _steelyard() {
          local line=${COMP_LINE#*[[:space:]]} word
          local at=$((COMP_POINT - ${#COMP_LINE} + ${#line}))
          line=${line:0:at}
          word=${line##*[[:space:]]}
          # Readline sees words end at colons and equals signs too; what it has before its own is not to be written again.
          local before=${word%"${COMP_WORDS[COMP_CWORD]}"} found
          COMPREPLY=()
          while IFS= read -r found; do
            [[ $found == "$word"* ]] && COMPREPLY+=("${found#"$before"}")
          done < <("${COMP_WORDS[0]}" "[suggest:$at]" "$line" 2>/dev/null)
        }
        complete -o bashdefault -o default -F _steelyard steelyard
        """;

    private const string Zsh = """
        #compdef steelyard
        # steelyard completion zsh >"${fpath[1]}/_steelyard"
        _steelyard() {
          local line="${BUFFER[1,CURSOR]}"
          line="${line#*[[:space:]]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
          compadd -- "${(@)found:#}" || _files
        }
        if [ "$funcstack[1]" = _steelyard ]; then _steelyard "$@"; else compdef _steelyard steelyard; fi
        """;

    private const string Fish = """
        # steelyard completion fish >~/.config/fish/completions/steelyard.fish
        function __steelyard_complete
            set -l line (string replace -r '^\\S+\\s' '' -- (commandline -cp))
            steelyard "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c steelyard -a '(__steelyard_complete)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints what a shell needs to complete commands, options, pools and servers of steelyard.") { shell };
        command.SetAction(parsed =>
        {
            Console.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return CommandLine.Success;
        });
        CommandLine.WithExamples(command,
            "source <(steelyard completion bash)                                       for this shell",
            "steelyard completion bash >/etc/bash_completion.d/steelyard",
            "steelyard completion fish >~/.config/fish/completions/steelyard.fish");
        return command;
    }
}

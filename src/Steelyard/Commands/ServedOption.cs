using System.CommandLine;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>Whose keeper a command asks: it is named as those commands name it that ask the admin API, FILE or <c>-c FILE</c>.</summary>
internal sealed class ServedOption
{
    private const string WhenLeftOut = "When left out, the one of this folder; where there is none, the only one that this user runs.";

    private readonly Option<string?> _config = new("--config", "-c") { HelpName = "FILE|FOLDER" };
    private readonly Argument<string?>? _source;

    /// <param name="kind">What is asked for: nobody who forgot where he is means to stop another.</param>
    /// <param name="asArgument">Whether it may stand by itself; else words that stand so are something else.</param>
    public ServedOption(KeeperRequestKind kind, bool asArgument)
    {
        var otherwise = kind == KeeperRequestKind.Stop ? "When left out, the one of this folder." : WhenLeftOut;
        _config.Description = asArgument ? "The same as FILE." : $"The configuration that is served, or its folder. {otherwise}";
        if (asArgument)
        {
            _source = new("FILE|FOLDER")
            {
                Description = $"The configuration it serves, or the folder of a steelyard.yaml. {otherwise}",
                Arity = ArgumentArity.ZeroOrOne,
                Validators = { ConfigurationArgument.RefuseOptions },
            };
        }
    }

    /// <summary>Adds it to a command.</summary>
    public void AddTo(Command command)
    {
        if (_source is not null)
            command.Arguments.Add(_source);
        command.Options.Add(_config);
    }

    /// <summary>What was named; null for nothing.</summary>
    public string? Source(ParseResult parsed) => (_source is null ? null : parsed.GetValue(_source)) ?? parsed.GetValue(_config);
}

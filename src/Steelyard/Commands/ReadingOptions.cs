using System.CommandLine;
using Steelyard.Config;

namespace Steelyard.Commands;

/// <summary>The options of a command that say how a configuration is read.</summary>
internal sealed class ReadingOptions
{
    private readonly Option<string[]> _files = new("--file", "-f") { Description = "A file that is laid over the one before, for Compose files; several may be given, and the first is the configuration where none is named.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _environment = new("--env") { Description = "Which 'env_NAME' of PM2's ecosystem file counts.", HelpName = "NAME" };
    private readonly Argument<string> _source;

    public ReadingOptions(Command command, Argument<string> source)
    {
        _source = source;
        _files.Validators.Add(static result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
                result.AddError("--file names no file");
        });
        command.Add(_files);
        command.Add(_environment);
    }

    /// <summary>Reads what a command line names; null, and a line on standard error, when there is none.</summary>
    public ConfigurationArgument? TryRead(string command, ParseResult parsed)
    {
        var files = parsed.GetValue(_files) ?? [];
        var named = parsed.GetResult(_source) is { Implicit: false };
        var first = named || files.Length == 0 ? parsed.GetRequiredValue(_source) : files[0];
        return ConfigurationArgument.TryRead(command, first, new()
        {
            Overrides = (named ? files : files.Skip(1)).Select(Path.GetFullPath).ToValueList(),
            OverridesAreNamed = files.Length > 0,
            EnvironmentName = parsed.GetValue(_environment),
        });
    }
}

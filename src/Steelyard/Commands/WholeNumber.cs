using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Steelyard.Commands;

/// <summary>Options whose value is a whole number.</summary>
internal static class WholeNumber
{
    /// <summary>An option; what is no number from the least to the most is an error that says so.</summary>
    /// <typeparam name="T">What holds it.</typeparam>
    /// <param name="name">Its name, with dashes.</param>
    /// <param name="alias">Its letter; null for none.</param>
    /// <param name="least">The smallest that is taken.</param>
    /// <param name="most">The largest.</param>
    /// <param name="otherwise">What it is when it is left out; null for 0, which nobody is told.</param>
    public static Option<T> Option<T>(string name, string? alias, T least, T most, T? otherwise)
        where T : struct, INumber<T>
    {
        var option = new Option<T>(name, alias is null ? [] : [alias]) { HelpName = "N", CustomParser = result => Read(result, name, least, most) };
        if (otherwise is { } value)
            option.DefaultValueFactory = _ => value;
        return option;
    }

    private static T Read<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        result.AddError($"'{text}' is no number for {name}; expected {least} to {most}");
        return default;
    }
}

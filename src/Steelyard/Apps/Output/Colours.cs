namespace Steelyard.Apps.Output;

/// <summary>A colour for each worker of an app, where standard output is a terminal and nobody has said NO_COLOR.</summary>
internal static class Colours
{
    private static readonly string[] s_colours = ["36", "32", "35", "33", "34", "96", "92", "95", "93", "94"];

    public const string End = "\u001B[0m";

    public static bool Wanted { get; } = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    public static string Of(int number) => $"\u001B[{s_colours[(number - 1) % s_colours.Length]}m";
}

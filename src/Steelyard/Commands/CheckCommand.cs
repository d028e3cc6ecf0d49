using System.CommandLine;

namespace Steelyard.Commands;

internal static class CheckCommand
{
    public static Command Create() => new("check", "Finds what is wrong with a configuration.");
}

using System.CommandLine;

namespace Steelyard.Commands;

internal static class UpCommand
{
    public static Command Create() => new("up", "Starts the load balancer.");
}

using System.Globalization;
using Steelyard.Config;
using Steelyard.Config.Text;

namespace Steelyard.Discovery;

/// <summary>What containers and services say of themselves as servers.</summary>
internal static class ServerLabels
{
    public const string PortLabel = "steelyard.port";
    public const string NetworkLabel = "steelyard.network";
    private const string WeightLabel = "steelyard.weight";
    private const int MostWeight = 256;

    /// <summary>The port that is said; null for none that is one.</summary>
    /// <param name="labels">What is said.</param>
    /// <param name="who">Who says it.</param>
    /// <param name="why">Gets what is wrong with it, unless something else is.</param>
    public static int? Port(Dictionary<string, string> labels, string who, ref string? why)
    {
        if (labels.GetValueOrDefault(PortLabel) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535)
            return port;
        why ??= Wrong(PortLabel, who, text, "a port from 1 to 65535");
        return null;
    }

    /// <summary>A server with the weight that is said.</summary>
    /// <param name="like">What it is but for that.</param>
    /// <param name="labels">What is said.</param>
    /// <param name="who">Who says it.</param>
    /// <param name="why">What is wrong with it; null for nothing.</param>
    public static ServerSettings Apply(ServerSettings like, Dictionary<string, string> labels, string who, out string? why)
    {
        why = null;
        if (labels.GetValueOrDefault(WeightLabel) is not { } text)
            return like;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && weight <= MostWeight)
            return like with { Weight = weight };
        why = Wrong(WeightLabel, who, text, $"a number from 0 to {MostWeight}");
        return like;
    }

    private static string Wrong(string label, string who, string text, string expected) => $"the label {label} of {who} is {Shown.Quote(text)}: expected {expected}";
}

namespace Steelyard.Balancing;
internal static class Placeholder;

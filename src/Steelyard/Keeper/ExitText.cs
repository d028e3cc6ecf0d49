namespace Steelyard.Keeper;

/// <summary>How a process ended, in words.</summary>
internal static class ExitText
{
    /// <param name="code">The exit code; as shells say it, 128 and the number of the signal.</param>
    public static string Of(int code) => code > 128 ? $"exit code {code}, signal {code - 128}" : $"exit code {code}";

    /// <summary>The same as what somebody did.</summary>
    public static string Ended(int code) => code > 128 ? $"ended with exit code {code} (signal {code - 128})" : $"ended with exit code {code}";
}

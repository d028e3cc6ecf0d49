using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Apps.Output;

/// <summary>When a log file is full, and what becomes of it.</summary>
internal static class LogRotation
{
    /// <summary>Whether another file has to be begun before something is written.</summary>
    /// <param name="settings">What the configuration says.</param>
    /// <param name="length">Bytes that the file has.</param>
    /// <param name="added">Bytes that would be added.</param>
    /// <param name="begun">When it was begun, or written last by another process.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(LogSettings settings, long length, int added, DateTimeOffset begun, DateTimeOffset now) =>
        length > 0
        && ((settings.Size is { } size && length + added > size.Bytes)
            || (settings.Every is { } every && now.UtcTicks / every.Ticks > begun.UtcTicks / every.Ticks));

    /// <summary>Makes a file the first of the older ones, those one older each; the oldest goes.</summary>
    public static void Rotate(string name, int keep)
    {
        if (keep == 0)
        {
            File.Delete(name);
            return;
        }

        for (var i = keep - 1; i > 0; i--)
        {
            if (File.Exists(Older(i)))
                File.Move(Older(i), Older(i + 1), overwrite: true);
        }

        File.Move(name, Older(1), overwrite: true);

        string Older(int number) => $"{name}.{number.ToString(CultureInfo.InvariantCulture)}";
    }
}

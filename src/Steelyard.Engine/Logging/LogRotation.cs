using System.Globalization;

namespace Steelyard.Engine.Logging;

/// <summary>When a log file is full, and what becomes of it.</summary>
/// <param name="Size">At which size another one is begun, in bytes; null for none.</param>
/// <param name="Every">After which time, counted from midnight UTC; null for none.</param>
/// <param name="Keep">How many older ones are kept.</param>
public sealed record LogRotation(long? Size, TimeSpan? Every, int Keep)
{
    /// <summary>No other file is begun.</summary>
    public static LogRotation Never { get; } = new(null, null, 0);

    /// <summary>Whether another file has to be begun before something is written.</summary>
    /// <param name="length">Bytes that the file has.</param>
    /// <param name="added">Bytes that would be added.</param>
    /// <param name="begun">When it was begun, or written last by another process.</param>
    /// <param name="now">The time.</param>
    public bool IsDue(long length, int added, DateTimeOffset begun, DateTimeOffset now) =>
        length > 0
        && ((Size is { } size && length + added > size)
            || (Every is { } every && now.UtcTicks / every.Ticks > begun.UtcTicks / every.Ticks));

    /// <summary>Makes a file the first of the older ones, those one older each; the oldest goes.</summary>
    public void Rotate(string name)
    {
        if (Keep == 0)
        {
            File.Delete(name);
            return;
        }

        for (var i = Keep - 1; i > 0; i--)
        {
            if (File.Exists(Older(i)))
                File.Move(Older(i), Older(i + 1), overwrite: true);
        }

        File.Move(name, Older(1), overwrite: true);

        string Older(int number) => $"{name}.{number.ToString(CultureInfo.InvariantCulture)}";
    }
}

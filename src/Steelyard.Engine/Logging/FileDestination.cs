namespace Steelyard.Engine.Logging;

/// <summary>Lines in a file. What cannot be written is lost, and said once until it can.</summary>
/// <param name="name">The full path.</param>
/// <param name="rotation">When another file is begun.</param>
/// <param name="clock">The wall clock.</param>
/// <param name="report">Takes a line for standard error.</param>
internal sealed class FileDestination(string name, LogRotation rotation, Func<DateTimeOffset> clock, Action<string> report) : LogDestination
{
    private readonly RotatingFile _file = new(name, rotation);
    private bool _failed;

    /// <summary>When another file is begun.</summary>
    public LogRotation Rotation
    {
        set => _file.Rotation = value;
    }

    /// <summary>Opens the file now, to see that it can be.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot.</exception>
    public void Open() => _file.Open(clock());

    public override int Write(ReadOnlySpan<byte> lines)
    {
        try
        {
            _file.Write(lines, clock());
            if (_failed)
                report($"{name} is written again");
            _failed = false;
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!_failed)
                report($"lines are missing in {name}: {error.Message}");
            _failed = true;
            return lines.Count((byte)'\n');
        }
    }

    public override void Reopen() => _file.Close();

    public override void Dispose() => _file.Dispose();
}

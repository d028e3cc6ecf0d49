using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Logging;

namespace Steelyard.Simulation.Machinery;

/// <summary>Access logs of a simulation, which are kept in memory.</summary>
internal sealed class MemoryLog : LogDestination
{
    private readonly StringBuilder _text = new();

    public MemoryLog() => Book = new LogBook("/", loops: 1) { Destinations = _ => this };

    public LogBook Book { get; }

    /// <summary>The lines so far.</summary>
    public string[] Lines(AccessLogSettings settings)
    {
        Drain(settings);
        return _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Takes the lines so far out of their buffer.</summary>
    public void Drain(AccessLogSettings settings)
    {
        while (Book.SinkFor(settings).Drain())
        {
        }
    }

    public override int Write(ReadOnlySpan<byte> lines)
    {
        _text.Append(Encoding.Latin1.GetString(lines));
        return 0;
    }

    public override void Dispose()
    {
    }
}

namespace Steelyard.Engine.Logging;

/// <summary>What lines are written to, by a thread that may wait for it. Used by that thread alone, but for what says otherwise.</summary>
internal abstract class LogDestination : IDisposable
{
    /// <summary>Writes whole lines.</summary>
    /// <param name="lines">The lines, each with its end.</param>
    /// <returns>How many of them are lost.</returns>
    public abstract int Write(ReadOnlySpan<byte> lines);

    /// <summary>Lets go of what is open; the next line opens what stands under its name then.</summary>
    public virtual void Reopen()
    {
    }

    public abstract void Dispose();
}

namespace Steelyard.AspNetCore;

/// <summary>How the app ends.</summary>
public sealed class ShutdownOptions
{
    internal List<(string Name, Func<CancellationToken, Task> Close)> Resources { get; } = [];

    /// <summary>How long everything may take before the process ends with 1; more than 0. Default 10 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the app says that it is not ready, and goes on to take connections, before it stops to: the time a balancer needs to see it. Less than <see cref="Timeout"/>. Default 0, for a supervisor that drains first.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Closes something after the last request has ended and the hosted services of the app have stopped, one after the other in the order of these calls.</summary>
    /// <param name="name">What it is, for the log.</param>
    /// <param name="close">Closes it.</param>
    public ShutdownOptions Close(string name, Func<CancellationToken, Task> close)
    {
        Resources.Add((name, close));
        return this;
    }
}

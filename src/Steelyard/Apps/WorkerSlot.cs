using Steelyard.Apps.Restarts;

namespace Steelyard.Apps;

/// <summary>A place for a worker under a number, and how often it has had to be filled again.</summary>
internal sealed class WorkerSlot(int number)
{
    public int Number { get; } = number;

    /// <summary>Who has it; null while nobody does.</summary>
    public Worker? Worker { get; set; }

    /// <summary>Who had it before, while the one that has it is watched: requests that fail there go to this one. Null for nobody.</summary>
    public Worker? AtHand { get; set; }

    public RestartPolicy Restarts { get; } = new();

    /// <summary>How many times a worker was started after one that had ended by itself.</summary>
    public int RestartCount { get; set; }

    /// <summary>A replacement is under way: who ends meanwhile is not started again.</summary>
    public bool Replacing { get; set; }

    /// <summary>Calls off the wait for the next start.</summary>
    public CancellationTokenSource Waiting { get; set; } = new();

    /// <summary>Looks after the worker; ends when nobody is to be started any more.</summary>
    public Task Keeping { get; set; } = Task.CompletedTask;

    /// <summary>Whether a worker serves here that has not ended.</summary>
    public bool IsAlive => Worker is { Exited.IsCompleted: false };
}

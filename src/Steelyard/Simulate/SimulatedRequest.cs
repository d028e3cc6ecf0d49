using Steelyard.Balancing;
using Steelyard.Config;

namespace Steelyard.Simulate;

/// <summary>A request on its way; used again and again.</summary>
/// <param name="called">Told when the request has waited for a server.</param>
internal sealed class SimulatedRequest(Action called)
{
    /// <summary>Where it waits until a server has room.</summary>
    public PlaceInQueue Place { get; } = new(called);

    /// <summary>As its breaker counts it.</summary>
    public SimulatedCall Call { get; } = new();

    /// <summary>Whether it waits there, or has been called and not gone on yet.</summary>
    public bool Queued { get; set; }

    /// <summary>Since when.</summary>
    public long QueuedAt { get; set; }

    /// <summary>How long it has waited there for the present attempt.</summary>
    public long Waited { get; set; }

    /// <summary>Tells it from those before it that were the same object, and each attempt from the one before.</summary>
    public int Mark { get; set; }

    /// <summary>Whether it is on its way.</summary>
    public bool Busy { get; set; }

    /// <summary>Its number in the run.</summary>
    public long Number { get; set; }

    /// <summary>Who sent it.</summary>
    public int Client { get; set; }

    /// <summary>When it came, in microseconds.</summary>
    public long Came { get; set; }

    /// <summary>When the present attempt was sent.</summary>
    public long Sent { get; set; }

    /// <summary>When it reached the server.</summary>
    public long Reached { get; set; }

    /// <summary>How long the server had stopped in all when it began this.</summary>
    public long PausedBefore { get; set; }

    /// <summary>The pool it goes by, from its beginning to its end.</summary>
    public Pool Pool { get; set; } = null!;

    /// <summary>The server of the present attempt.</summary>
    public Server? Server { get; set; }

    /// <summary>Whether an attempt was made.</summary>
    public bool Begun { get; set; }

    /// <summary>Servers that may have seen it.</summary>
    public int Made { get; set; }

    /// <summary>The servers it was tried on.</summary>
    public ServerSet Tried { get; } = new();

    /// <summary>What the server says, when it is heard.</summary>
    public ServerFailure Failure { get; set; }

    /// <summary>The status of its answer; 0 for none.</summary>
    public int Status { get; set; }
}

/// <summary>Which ends of an attempt lead to another, as <see cref="RetrySettings.On"/> names them.</summary>
internal static class RetryKinds
{
    /// <summary>The condition that an end is.</summary>
    public static RetryConditions Of(ServerFailure failure, int status) => failure switch
    {
        ServerFailure.Refused or ServerFailure.ConnectTimeout => RetryConditions.ConnectFailure,
        ServerFailure.ClosedEarly => RetryConditions.Reset,
        ServerFailure.AnswerTimeout => RetryConditions.Timeout,
        _ => status == 500 ? RetryConditions.Status500 : RetryConditions.None,
    };
}

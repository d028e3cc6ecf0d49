using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>
/// What requests say of a server that is asked for its health too: so many failures in a row count as word of a check, as
/// HAProxy's <c>observe</c> has it. All loops report at once, without locks; it outlives a reload.
/// </summary>
/// <param name="settings">What counts, and how many are too many.</param>
public sealed class Observation(HealthSettings settings)
{
    private int _inARow;
    private volatile Action? _exceeded;

    /// <summary>What it goes by.</summary>
    internal HealthSettings Settings => settings;

    /// <summary>What is to be called when there were too many, on the loop that counts the last of them.</summary>
    public Action? Exceeded
    {
        get => _exceeded;
        set => _exceeded = value;
    }

    /// <summary>Whether others observe the same.</summary>
    internal static Observation? Of(HealthSettings? settings, Observation? before) =>
        settings is null or { Observe: HealthObserve.None } ? null : before?.Settings == settings ? before : new(settings);

    /// <summary>Takes how a request has ended.</summary>
    internal void Learn(ServerFailure failure, int status)
    {
        switch (Judge(failure, status))
        {
            case true when Volatile.Read(ref _inARow) != 0:
                Volatile.Write(ref _inARow, 0);
                break;
            case false when Interlocked.Increment(ref _inARow) >= settings.ErrorLimit:
                Volatile.Write(ref _inARow, 0);
                _exceeded?.Invoke();
                break;
        }
    }

    // Null for what says nothing: an answer that breaks off has begun well.
    private bool? Judge(ServerFailure failure, int status) => failure switch
    {
        ServerFailure.BrokeOff or ServerFailure.Stalled => null,
        ServerFailure.None or ServerFailure.RetriedStatus => settings.Observe == HealthObserve.Layer4 || status is < 500 or 501 or 505,
        ServerFailure.ClosedEarly or ServerFailure.BadAnswer or ServerFailure.AnswerTimeout or ServerFailure.BreakerTimeout => settings.Observe == HealthObserve.Layer4,
        _ => false,
    };
}

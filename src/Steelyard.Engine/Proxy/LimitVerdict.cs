namespace Steelyard.Engine.Proxy;

/// <summary>What limits have said of a request, in nginx's words for logs; the worst counts.</summary>
internal enum LimitVerdict : byte
{
    /// <summary>None was asked.</summary>
    None,

    /// <summary>It went on at once.</summary>
    Passed,

    /// <summary>It had to wait.</summary>
    Delayed,

    /// <summary>It would have had to.</summary>
    DelayedDryRun,

    /// <summary>It would have been refused.</summary>
    RejectedDryRun,

    /// <summary>It was refused.</summary>
    Rejected,
}

/// <summary>The words for it.</summary>
internal static class LimitVerdicts
{
    public static ReadOnlySpan<byte> Word(LimitVerdict verdict) => verdict switch
    {
        LimitVerdict.Passed => "PASSED"u8,
        LimitVerdict.Delayed => "DELAYED"u8,
        LimitVerdict.DelayedDryRun => "DELAYED_DRY_RUN"u8,
        LimitVerdict.RejectedDryRun => "REJECTED_DRY_RUN"u8,
        LimitVerdict.Rejected => "REJECTED"u8,
        _ => default,
    };

    public static LimitVerdict Worse(LimitVerdict one, LimitVerdict other) => one > other ? one : other;
}

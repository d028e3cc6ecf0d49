namespace Steelyard.Balancing;

/// <summary>What a server did wrong when a request was with it.</summary>
public enum ServerFailure
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It did not take the connection.</summary>
    Refused,

    /// <summary>It did not take the connection in time.</summary>
    ConnectTimeout,

    /// <summary>It closed the connection before it answered.</summary>
    ClosedEarly,

    /// <summary>Its answer is not valid HTTP.</summary>
    BadAnswer,

    /// <summary>It did not begin to answer in time.</summary>
    AnswerTimeout,

    /// <summary>It closed the connection in the middle of an answer.</summary>
    BrokeOff,

    /// <summary>It stopped in the middle of an answer.</summary>
    Stalled,
}

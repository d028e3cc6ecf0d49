using Steelyard.Config;

namespace Steelyard.Balancing;

/// <summary>What the failures of servers and their statuses count as.</summary>
public static class FailureKinds
{
    /// <summary>The conditions that one end of a request is.</summary>
    /// <param name="failure">What the server did wrong; none when it answered.</param>
    /// <param name="status">The status of its answer; 0 when there was none.</param>
    public static OutlierConditions Of(ServerFailure failure, int status) => failure switch
    {
        ServerFailure.None or ServerFailure.RetriedStatus => OfStatus(status),
        ServerFailure.Refused or ServerFailure.ConnectTimeout or ServerFailure.TlsFailed or ServerFailure.CertificateUntrusted
            or ServerFailure.CertificateExpired or ServerFailure.CertificateForOther => OutlierConditions.ConnectFailure,
        ServerFailure.ClosedEarly or ServerFailure.BrokeOff => OutlierConditions.Reset,
        ServerFailure.AnswerTimeout or ServerFailure.BreakerTimeout or ServerFailure.Stalled => OutlierConditions.Timeout,
        _ => OutlierConditions.BadAnswer,
    };

    /// <summary>Whether one end of a request says that the server does badly: it failed, or was answered with 5xx or 429.</summary>
    /// <param name="failure">What the server did wrong; none when it answered.</param>
    /// <param name="status">The status of its answer; 0 when there was none.</param>
    internal static bool IsFailure(ServerFailure failure, int status) => failure != ServerFailure.None || status is 429 or (>= 500 and <= 599);

    private static OutlierConditions OfStatus(int status) => status switch
    {
        429 => OutlierConditions.Status429,
        < 500 or > 599 => OutlierConditions.None,
        500 => OutlierConditions.Status500 | OutlierConditions.Status5xx,
        502 => OutlierConditions.Status502 | OutlierConditions.Status5xx,
        503 => OutlierConditions.Status503 | OutlierConditions.Status5xx,
        504 => OutlierConditions.Status504 | OutlierConditions.Status5xx,
        _ => OutlierConditions.Status5xx,
    };
}

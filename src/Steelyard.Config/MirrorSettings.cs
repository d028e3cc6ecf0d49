namespace Steelyard.Config;

/// <summary>
/// Where copies of a route's requests go. Nobody waits for what is answered to a copy, and nobody sees it; a request is
/// copied once it is admitted (nginx: mirror).
/// </summary>
public sealed record MirrorSettings
{
    /// <summary>The largest body that is copied; a request with a larger one has no copy.</summary>
    public static ByteSize LargestBody { get; } = ByteSize.FromKibibytes(1024);

    /// <summary>The most copies of one request.</summary>
    public const int MostPaths = 8;

    /// <summary>What each copy asks for within, in the place of the request's path; the query stays.</summary>
    public ValueList<TextTemplate> Paths { get; init; }

    /// <summary>Whether copies have the request's body, of <see cref="LargestBody"/> at most. Default they do (nginx: mirror_request_body).</summary>
    public bool SendsBody { get; init; } = true;
}

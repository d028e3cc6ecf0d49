namespace Steelyard.Engine;

/// <summary>A request that the proxy answered with an error, or whose answer it broke off.</summary>
/// <param name="At">When.</param>
/// <param name="Cause">What ended it, by the name that documents and logs give it.</param>
/// <param name="Status">What the client was told; 0 where the answer had begun and was broken off.</param>
/// <param name="Sentence">The same in one sentence.</param>
/// <param name="Client">Its address; null for a Unix socket.</param>
/// <param name="Request">Method and target, cut; null where the head had not arrived.</param>
/// <param name="Pool">The pool it was for; null where none was chosen yet.</param>
/// <param name="Server">The last server that was tried; null for none.</param>
/// <param name="RequestId">The name of the request, which its error page has too.</param>
/// <param name="TraceId">Its trace, 32 hexadecimal digits; null where it has none.</param>
public sealed record RecentError(DateTime At, string Cause, int Status, string Sentence, string? Client, string? Request, string? Pool, string? Server, string RequestId, string? TraceId);

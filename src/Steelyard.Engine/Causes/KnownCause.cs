namespace Steelyard.Engine.Causes;

/// <summary>A way in which a request does not get the answer of a server, and what a person can do about it.</summary>
/// <param name="Code">
/// Its name, which stays the same over versions: the status and a word, as in <c>503.connect-refused</c>; <c>cut</c> in
/// place of the status where there was nobody to tell, or the answer had begun.
/// </param>
/// <param name="Status">The status that the client is told; 0 for none.</param>
/// <param name="Sentence">What the client is told beside the status.</param>
/// <param name="Means">What has happened.</param>
/// <param name="Look">How to see it.</param>
/// <param name="Remedy">What to do.</param>
public sealed record KnownCause(string Code, int Status, string Sentence, string Means, string Look, string Remedy);

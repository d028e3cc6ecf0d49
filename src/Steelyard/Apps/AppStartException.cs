namespace Steelyard.Apps;

/// <summary>An instance could not be started or did not become ready; the message names it and says why.</summary>
internal sealed class AppStartException(string message) : Exception(message);

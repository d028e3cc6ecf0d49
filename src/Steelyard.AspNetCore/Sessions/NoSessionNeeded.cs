namespace Steelyard.AspNetCore.Sessions;

/// <summary>The mark of endpoints that never use a session, however often they are asked with its cookie.</summary>
internal sealed class NoSessionNeeded
{
    public static readonly NoSessionNeeded Mark = new();
}

namespace Steelyard.AspNetCore;

/// <summary>How sessions are kept.</summary>
public sealed class SessionSettings
{
    /// <summary>Where Redis is, as <c>host:port</c>, or <c>!/path</c> for a Unix socket, with the options of StackExchange.Redis; null or empty to keep sessions in the memory of this process, where other workers do not see them.</summary>
    public string? Redis { get; set; }

    /// <summary>What the keys in Redis begin with, and the name by which apps share cookies. Default the name of the app.</summary>
    public string? Name { get; set; }

    /// <summary>How long a session lives that is not used, and its cookie; more than 0. Default 24 h.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>The name of the cookie. Default <c>steelyard.sid</c>.</summary>
    public string Cookie { get; set; } = "steelyard.sid";

    /// <summary>Whether the cookie is for TLS alone; null for: in production. Default null.</summary>
    public bool? Secure { get; set; }
}

namespace Steelyard.Config;

/// <summary>An agent beside each server that says in a line of text how much it can do (HAProxy: agent-check).</summary>
public sealed record AgentSettings
{
    /// <summary>The port to ask at, 1 to 65535; null where each server has its own (HAProxy: agent-port).</summary>
    public int? Port { get; init; }

    /// <summary>What is sent first, at most 256 characters of ASCII, with <c>\n</c> for the end of a line; empty for nothing (HAProxy: agent-send).</summary>
    public string Send { get; init; } = "";

    /// <summary>From the end of a question to the next: 10 ms to 24 h. Default 2 s (HAProxy: agent-inter).</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take: 1 ms to 24 h. Default 2 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How an agent is asked, in the terms of checks.</summary>
    /// <param name="port">The port.</param>
    public HealthSettings At(int port) => new() { Kind = ProbeKind.Agent, Port = port, Tls = false, Body = Send, Interval = Interval, Timeout = Timeout };
}

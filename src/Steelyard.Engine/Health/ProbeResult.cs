using Steelyard.Balancing;

namespace Steelyard.Engine.Health;

/// <summary>How a check ended.</summary>
/// <param name="Fault">What was wrong.</param>
/// <param name="Status">The status of the answer; 0 where there was none, or none was asked for.</param>
internal readonly record struct ProbeResult(ProbeFault Fault, int Status = 0)
{
    /// <summary>What an agent said.</summary>
    public AgentReply Reply { get; init; }

    public bool Passed => Fault == ProbeFault.None;
}

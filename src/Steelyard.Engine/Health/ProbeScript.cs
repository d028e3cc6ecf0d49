using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config;

namespace Steelyard.Engine.Health;

/// <summary>A script of a check, compiled: it begins with a connection.</summary>
internal sealed class ProbeScript
{
    public ProbeScript(ValueList<ProbeStep> steps)
    {
        List<CompiledStep> all = [];
        if (steps is not [{ Do: ProbeStepKind.Connect }, ..])
            all.Add(new(new ProbeStep { Do = ProbeStepKind.Connect }));
        foreach (var step in steps)
            all.Add(new(step));
        Steps = [.. all];
    }

    public CompiledStep[] Steps { get; }
}

/// <summary>A step of it.</summary>
internal sealed class CompiledStep(ProbeStep step)
{
    private readonly Regex? _pattern = step.Do is ProbeStepKind.ExpectPattern or ProbeStepKind.ExpectHex ? new(step.Text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant) : null;

    public ProbeStep Settings => step;

    /// <summary>What is sent or expected.</summary>
    public byte[] Bytes { get; } = Encoding.Latin1.GetBytes(step.Text);

    /// <summary>Whether it has come, not asking whether it must.</summary>
    public bool IsIn(ReadOnlySpan<byte> heard) => step.Do switch
    {
        ProbeStepKind.Expect => heard.IndexOf(Bytes) >= 0,
        ProbeStepKind.ExpectPattern => _pattern!.IsMatch(Encoding.Latin1.GetString(heard)),
        _ => _pattern!.IsMatch(Convert.ToHexString(heard)),
    };
}

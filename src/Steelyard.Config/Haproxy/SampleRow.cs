using Steelyard.Config.Expressions;

namespace Steelyard.Config.Haproxy;

/// <summary>What kind of value a sample is, which says how it is compared where nothing else does.</summary>
internal enum SampleType
{
    Text,
    Number,
    Boolean,
    Address,

    /// <summary>Names of groups of users.</summary>
    Groups,
}

/// <summary>A sample of HAProxy: a fetch with its converters.</summary>
/// <param name="Expression">The same, as all dialects have it.</param>
/// <param name="Type">What kind it is.</param>
internal readonly record struct Sample(Expression Expression, SampleType Type);

/// <summary>A row of the tables of fetches and converters.</summary>
/// <param name="Name">The name.</param>
/// <param name="Arguments">How many it takes: the least and the most.</param>
/// <param name="Type">What it gives.</param>
/// <param name="Make">The same, as all dialects have it, of the arguments and what stands before it; null where they are wrong.</param>
/// <param name="Meaning">What it is here, for the reference page.</param>
internal sealed record SampleRow(string Name, (int Least, int Most) Arguments, SampleType Type, Func<IReadOnlyList<string>, Expression, Expression?> Make, string Meaning);

namespace Steelyard.Admin;

/// <summary>A parameter that the query of an endpoint may have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it means, in a sentence, for the OpenAPI document.</param>
internal sealed record AdminParameter(string Name, string Description)
{
    /// <summary>What it may be; empty for anything that its reader takes.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether it may be given several times.</summary>
    public bool Repeats { get; init; }

    /// <summary>Holds a query against what it may have.</summary>
    /// <param name="path">The path, for the message.</param>
    /// <param name="known">What it may have.</param>
    /// <param name="query">The query.</param>
    /// <exception cref="AdminProblemException">Something of it would mean nothing.</exception>
    public static void Check(string path, IReadOnlyList<AdminParameter> known, IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (known.FirstOrDefault(parameter => parameter.Name == name) is not { } parameter)
                throw Bad($"{path} has no parameter '{name}'; {(known.Count == 0 ? "it has none" : $"it has {string.Join(", ", known.Select(one => one.Name))}")}");
            if (values.Count > 1 && !parameter.Repeats)
                throw Bad($"'{name}' is given {values.Count} times; once is enough");
            if (parameter.Words.Count > 0 && !parameter.Words.Contains(values[0]))
                throw Bad($"'{values[0]}' is no {name}; it is {string.Join(", ", parameter.Words.SkipLast(1))} or {parameter.Words[^1]}");
        }
    }

    private static AdminProblemException Bad(string detail) => new(StatusCodes.Status400BadRequest, detail);
}

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of how fast answers are sent.</summary>
internal static class BandwidthTable
{
    private static readonly Form<TextTemplate> s_bytes = Yaml.Form.OfText<TextTemplate>("a number of bytes such as 500k, or a text with variables that is one", TextTemplate.TryParse, template => template.ToString());

    /// <summary>The keys.</summary>
    public static DirectiveTable<BandwidthSettings> Table { get; } = new(
        "'bandwidth'",
        "a rate such as 500k, or a mapping with 'rate'",
        "How fast answers are sent, on average since a request came, with the bytes of one second ahead. What is no number of bytes limits nothing.",
        [],
        [
            new Directive<BandwidthSettings, TextTemplate?>("rate", Yaml.Form.OrNull(s_bytes), "Bytes per second to the client: a number, with k, m or g perhaps, and 0 for any.", settings => null, (settings, value) => settings with { Rate = value }),
            new Directive<BandwidthSettings, TextTemplate?>("after", Yaml.Form.OrNull(s_bytes), "How much of an answer passes at any rate before.", settings => null, (settings, value) => settings with { After = value }),
            new Directive<BandwidthSettings, TextTemplate?>("of-servers", Yaml.Form.OrNull(s_bytes), "The rate of answers that servers give; the smaller of both counts.", settings => null, (settings, value) => settings with { OfServers = value }),
        ]);

    /// <summary>A rate alone, or a mapping.</summary>
    public static Form<BandwidthSettings> Form { get; } = Yaml.Form.MappingOrText(Table, () => new(), s_bytes, rate => new() { Rate = rate });

    /// <summary>As it is written.</summary>
    public static IEnumerable<string> Parts(BandwidthSettings settings)
    {
        foreach (var (name, value) in ((string, TextTemplate?)[])[("rate", settings.Rate), ("after", settings.After), ("of-servers", settings.OfServers)])
        {
            if (value is not null)
                yield return $"{name}: {YamlValues.Scalar(value.ToString())}";
        }
    }
}

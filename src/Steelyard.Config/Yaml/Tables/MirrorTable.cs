namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>mirror</c> of a route.</summary>
internal static class MirrorTable
{
    public static DirectiveTable<MirrorSettings> Table { get; } = new(
        "'mirror'",
        "a mapping such as { paths: [/copy] }",
        "A copy of each request that is admitted asks within for another path too, whose route sends it where copies go. Nobody waits for what is answered to it, and nobody sees it. A copy has method, fields, query and client of the request, and passes limits and access rules by; no line of a log is written of it, and it counts for its route, pool and server alone. It is sent once all of the body is here, and none is sent of a request whose body is larger than 1 MiB or never comes whole, where 256 are under way on an event loop, or while the engine drains. What copies see of TLS is the scheme. An answer of their servers is read to its end.",
        [["paths"]],
        [
            new Directive<MirrorSettings, IReadOnlyList<TextTemplate>>(
                "paths",
                Form.ListOf($"a list of at most {MirrorSettings.MostPaths} paths", AnswerTable.Anywhere, orOne: true),
                "What each copy asks for, in the place of the path; the query stays.",
                settings => [],
                (settings, value) => settings with { Paths = value.Take(MirrorSettings.MostPaths).ToValueList() }),
            new Directive<MirrorSettings, bool>("body", ScalarForms.Switch, "Whether copies have the request's body (nginx: `mirror_request_body`).", settings => settings.SendsBody, (settings, value) => settings with { SendsBody = value }),
        ]);
}

using System.Globalization;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml.Tables;
using static Steelyard.Config.Yaml.YamlValues;

namespace Steelyard.Config.Yaml;

/// <summary>What a route says in Steelyard's own dialect, and what listeners say likewise.</summary>
internal static class YamlRoutes
{
    /// <summary>A route, a text for each key.</summary>
    public static IEnumerable<string> RouteParts(RouteSettings route)
    {
        if (route.Name is not null)
            yield return $"name: {Scalar(route.Name)}";
        if (route.Host is not null)
            yield return $"host: {Scalar(route.Host)}";
        if (route.Path is not null)
            yield return $"path: {Scalar(route.Path)}";
        if (route.Methods.Count > 0)
            yield return $"methods: {OneOrMany(route.Methods, method => method)}";
        if (route.Headers.Count > 0)
            yield return $"headers: {Map(route.Headers, match => match.Name, match => match.Pattern)}";
        if (route.Query.Count > 0)
            yield return $"query: {Map(route.Query, match => match.Name, match => match.Pattern)}";
        if (route.When is { } when)
            yield return $"when: {Scalar(when.ToString())}";
        if (route.Rules.Count > 0)
            yield return $"rules: [{string.Join(", ", route.Rules.Select(Rule))}]";
        if (route.AccessRules.Count > 0)
            yield return $"access-rules: [{string.Join(", ", route.AccessRules.Select(Rule))}]";
        if (route.Bandwidth is { } bandwidth)
            yield return $"bandwidth: {Braces(BandwidthTable.Parts(bandwidth))}";
        if (route.SendMethod is { } method)
            yield return $"send-method: {method}";
        if (route.SendBody is { } sent)
            yield return $"send-body: {Scalar(sent.ToString())}";
        if (route.DropsBody)
            yield return "drop-body: true";
        if (route.DropsFields)
            yield return "drop-fields: true";
        if (route.Ask is { } ask)
            yield return $"ask: {Scalar(ask.ToString())}";
        if (route.AskWhen is { } askWhen)
            yield return $"ask-when: {Scalar(askWhen.ToString())}";
        if (route.Mirror is { } mirror)
            yield return $"mirror: {Braces([$"paths: {Many(mirror.Paths, path => path.ToString())}", .. Parts(MirrorTable.Table, mirror, new())])}";
        if (route.AskRules.Count > 0)
            yield return $"ask-rules: [{string.Join(", ", route.AskRules.Select(Rule))}]";
        if (route.ResponseRules.Count > 0)
            yield return $"response-rules: [{string.Join(", ", route.ResponseRules.Select(Rule))}]";
        if (route.Internal)
            yield return "internal: true";
        if (route.Pool is not null)
            yield return $"to: {Scalar(route.Pool)}";
        if (route.Server is { } server)
            yield return $"server: {Scalar(server)}";
        if (route.PoolName is { } poolName)
            yield return $"to-named: {Scalar(poolName.ToString())}";
        if (route.Split.Count > 0)
            yield return $"split: {Map(route.Split, share => share.Pool, share => share.Weight.ToString(CultureInfo.InvariantCulture))}";
        if (route.Redirect is { } redirect)
            yield return $"redirect: {Redirect(redirect)}";
        if (route.Respond is { } respond)
            yield return $"respond: {Respond(respond)}";
        if (route.Files is { } files)
            yield return $"files: {Braces(FilesParts(files))}";
        if (route.Statistics is { } statistics)
            yield return $"statistics: {Braces([$"show: {statistics.Kind.ToString().ToLowerInvariant()}", .. Parts(StatisticsTable.Table, statistics, new() { Kind = statistics.Kind }), .. statistics.Node is { } node ? (string[])[$"node: {Scalar(node)}"] : [], .. statistics.Description is { } description ? (string[])[$"description: {Scalar(description)}"] : [], .. statistics.Admin is { } admin ? (string[])[$"admin: {Scalar(admin.ToString())}"] : [], .. statistics.Scope.Count > 0 ? (string[])[$"scope: {Many(statistics.Scope, Scalar)}"] : []])}";
        foreach (var limit in LimitParts(route.RateLimit, route.Concurrency))
            yield return limit;
        if (route.ErrorPages.Count > 0)
            yield return $"error-pages: [{string.Join(", ", route.ErrorPages.Select(ErrorPage))}]";
        if (route.InterceptErrors)
            yield return "intercept-errors: true";
        if (route.RecursiveErrors)
            yield return "recursive-errors: true";
        if (route.MaxBody is { } body)
            yield return $"max-body: {body}";
        if (route.AccessLog is { } log)
            yield return $"access-log: {YamlWriter.AccessLog(log)}";
        if (route.Compress is { } compress)
            yield return $"compress: {Compression(compress)}";
        if (route.Unpack)
            yield return "unpack: true";
        if (route.Substitute is { } substitute)
            yield return $"substitute: {Braces([$"texts: [{string.Join(", ", substitute.Texts.Select(text => $"{{ text: {Scalar(text.Text)}, by: {Scalar(text.By.ToString())} }}"))}]", $"types: {Many(substitute.Types, type => type)}", .. Parts(SubstitutionTable.Table, substitute, new())])}";
        if (route.Priority != 0)
            yield return $"priority: {route.Priority.ToString(CultureInfo.InvariantCulture)}";
        if (route.Timeouts != TimeoutOverrides.None)
            yield return $"timeouts: {Braces(Parts(TimeoutOverridesTable.Routes, route.Timeouts, TimeoutOverrides.None))}";
        if (route.StripPrefix is not null)
            yield return $"strip-prefix: {Scalar(route.StripPrefix)}";
        if (route.Rewrite is not null)
            yield return $"rewrite: {Scalar(route.Rewrite.ToString())}";
        if (route.ServerTarget is not null)
            yield return $"server-target: {Scalar(route.ServerTarget.ToString())}";
        foreach (var part in EditsParts(route.RequestHeaders, route.ResponseHeaders))
            yield return part;
    }

    private static IEnumerable<string> FilesParts(FilesSettings files)
    {
        yield return $"root: {Scalar(files.Root)}";
        if (files.Strip.Length > 0)
            yield return $"strip: {Scalar(files.Strip)}";
        yield return $"index: {Many(files.Index, name => name)}";
        if (files.Try.Count > 0)
            yield return $"try: {Many(files.Try, path => path.ToString())}";
        if (files.ElseStatus != 404)
            yield return $"else-status: {files.ElseStatus}";
        if (files.ElsePath is { } path)
            yield return $"else-path: {Scalar(path.ToString())}";
        if (files.ElseRoute is { } route)
            yield return $"else-go-to: {Scalar(route)}";
        if (files.Types.Count > 0)
            yield return $"types: {Map(files.Types, type => type.Ending, type => type.Type)}";
        yield return $"default-type: {Scalar(files.DefaultType)}";
        if (files.Slash is { } slash)
            yield return $"slash: {Scalar(slash.ToString())}";
        if (files.MadeRoot is { } made)
            yield return $"made-root: {Scalar(made.ToString())}";
        foreach (var part in Parts(FilesTable.Table, files with { Root = "", Strip = "", DefaultType = new FilesSettings { Root = "" }.DefaultType, ElseStatus = 404 }, new() { Root = "" }))
            yield return part;
        if (files.Packed is { } packed)
            yield return $"packed: {Braces([.. Parts(FilesTable.PackedFiles, packed, new())])}";
        if (files.Listing is { } listing)
            yield return $"listing: {Braces([.. Parts(FilesTable.Listing, listing, new()), .. listing.Charset.Length > 0 ? (string[])[$"charset: {Scalar(listing.Charset)}"] : []])}";
    }

    public static string Compression(CompressionSettings compression) =>
        compression == new CompressionSettings() ? "true"
            : compression == CompressionSettings.Off ? "false"
            : Braces(CompressionParts(compression));

    private static IEnumerable<string> CompressionParts(CompressionSettings compression)
    {
        var initial = new CompressionSettings();
        if (compression.Codings != initial.Codings)
            yield return $"codings: {Many(compression.Codings, CompressionTable.WordOf)}";
        if (compression.Types != initial.Types)
            yield return $"types: {Many(compression.Types, type => type)}";
        if (compression.Statuses.Count > 0)
            yield return $"statuses: {Many(compression.Statuses, status => status.ToString(CultureInfo.InvariantCulture))}";
        foreach (var part in Parts(CompressionTable.Table, compression, initial))
            yield return part;
    }

    public static string ErrorPage(ErrorPageSettings page) => Braces(
    [
        $"status: {Many(page.Statuses, status => status.ToString(CultureInfo.InvariantCulture))}",
        page.Path is { } path ? $"path: {Scalar(path.ToString())}" : page.Route is { } route ? $"go-to: {Scalar(route)}" : $"redirect: {Redirect(page.Redirect!)}",
        .. page.As is { } shown ? (string[])[$"as: {(shown == 0 ? "answer" : shown.ToString(CultureInfo.InvariantCulture))}"] : [],
    ]);

    public static string Redirect(RedirectSettings redirect) => $"{{ to: {Scalar(redirect.To.ToString())}, status: {redirect.Status}{(redirect.NoCache ? ", no-cache: true" : "")} }}";

    public static string Respond(FixedResponse respond)
    {
        var headers = respond.Headers.Count == 0 ? "" : $", headers: {Map(respond.Headers, line => line.Name, line => line.Value.ToString())}";
        return $"{{ status: {respond.Status}{Extra("body", respond.Body, "")}{Extra("body-base64", respond.Base64 ?? "", "")}{Extra("text", respond.Text?.ToString() ?? "", "")}{(respond.Refuses ? ", refuses: true" : "")}{Extra("content-type", respond.ContentType, new FixedResponse(200).ContentType)}{headers} }}";
    }

    public static string Rule(RuleSettings rule)
    {
        var (key, value) = RuleTable.Write(rule);
        return Braces([.. rule.When is { } when ? (string[])[$"when: {Scalar(when.ToString())}"] : [], .. rule.OfOwn ? (string[])["own: true"] : [], .. rule.Delay is { } delay ? (string[])[$"delay: {DurationText.Write(delay)}"] : [], $"{key}: {value}"]);
    }

    public static IEnumerable<string> EditsParts(HeaderEdits request, HeaderEdits response)
    {
        if (request != HeaderEdits.None)
            yield return $"request-headers: {Edits(request)}";
        if (response != HeaderEdits.None)
            yield return $"response-headers: {Edits(response)}";
    }

    private static string Edits(HeaderEdits edits)
    {
        List<string> parts = [];
        if (edits.Remove.Count > 0)
            parts.Add($"remove: {Many(edits.Remove, name => name)}");
        if (edits.Set.Count > 0)
            parts.Add($"set: {Map(edits.Set, line => line.Name, line => line.Value.ToString())}");
        if (edits.Add.Count > 0)
            parts.Add($"add: {{ {string.Join(", ", Lines(edits.Add))} }}");
        return $"{{ {string.Join(", ", parts)} }}";
    }

    // Those of one name stand behind it; where others are between, that changes nothing that anybody may rely on.
    private static IEnumerable<string> Lines(ValueList<HeaderLine> lines) => lines.GroupBy(line => line.Name, StringComparer.OrdinalIgnoreCase)
        .Select(named => $"{Scalar(named.Key)}: {(named.Count() == 1 ? Scalar(named.First().Value.ToString()) : Many(named.ToValueList(), line => line.Value.ToString()))}");

    public static IEnumerable<string> LimitParts(RateLimitSettings? rate, ConcurrencySettings? concurrency)
    {
        if (rate is not null)
            yield return $"rate-limit: {RateLimit(rate)}";
        if (concurrency is not null)
            yield return $"concurrency: {Concurrency(concurrency)}";
    }

    private static string RateLimit(RateLimitSettings rate) =>
        $"{{ key: {Scalar(rate.Key.ToString())}, rate: {rate.Rate}, burst: {rate.Burst}, delay: {rate.Delay?.ToString(CultureInfo.InvariantCulture) ?? "none"}, ipv6-prefix: {rate.Ipv6Prefix}, keys: {rate.Keys}, status: {rate.Status}{Extra("zone", rate.Zone ?? "", "")}{(rate.Shared ? ", shared: true" : "")}{(rate.DryRun ? ", dry-run: true" : "")}{(rate.Also is { } also ? $", also: {RateLimit(also)}" : "")} }}";

    private static string Concurrency(ConcurrencySettings limit) =>
        $"{{ key: {Scalar(limit.Key.ToString())}, most: {limit.Most}, ipv6-prefix: {limit.Ipv6Prefix}, status: {limit.Status}{Extra("zone", limit.Zone ?? "", "")}{(limit.DryRun ? ", dry-run: true" : "")}{(limit.Also is { } also ? $", also: {Concurrency(also)}" : "")} }}";
}

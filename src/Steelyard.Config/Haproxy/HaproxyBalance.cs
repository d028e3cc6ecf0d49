using Steelyard.Config.Dialects;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The lines balance and hash-type.</summary>
internal static class HaproxyBalance
{
    public static void Read(HaproxyUse use)
    {
        if (!use.TryTake("an algorithm", out var word))
            return;
        var (name, argument) = word.Text.IndexOf('(', StringComparison.Ordinal) is var bracket and > 0 && word.Text[^1] == ')' ? (word.Text[..bracket], word.Text[(bracket + 1)..^1]) : (word.Text, null);
        BalanceSettings? settings = name switch
        {
            "roundrobin" => BalancePolicy.HaproxyRoundRobin,
            "static-rr" => BalancePolicy.StaticRoundRobin,
            "leastconn" => BalancePolicy.HaproxyLeastConnections,
            "first" => BalancePolicy.First,
            "random" => argument is "1" ? BalancePolicy.Random : BalancePolicy.TwoChoices,
            "source" => BalanceSettings.Source,
            "uri" => ReadUri(use),
            "url_param" => use.TryTake("the name of a parameter", out var parameter) ? Hash(new(RequestKeyKind.Query, parameter.Text)) : null,
            "hdr" when argument is { Length: > 0 } => Hash(new(RequestKeyKind.Header, argument)),
            "hash" when use.TryTake("a sample", out var sample) => ReadSample(sample, use),
            _ => null,
        };
        if (name == "random" && argument is not (null or "1" or "2"))
            use.Problems.Warn(word.Place, $"of two servers by lot the better one gets the request here, not of {Shown.Cut(argument)}", "random, or random(2)");
        if (settings is null)
        {
            if (use.Problems.HasErrors && use.Last.Text != word.Text)
                return;
            if (word.Text.StartsWith("rdp-cookie", StringComparison.Ordinal))
                use.Error(word, "cookies of RDP are not read here", "source, by which a client comes back to its server");
            else
                use.Error(word, $"the algorithm {Shown.Quote(word.Text)} is not known here", "roundrobin, static-rr, leastconn, first, source, uri, url_param <name>, hdr(<name>), hash <sample> or random");
            return;
        }

        // HAProxy: what stands before the last dot, up to the one before.
        if (name == "hdr" && use.Take("use_domain_only"))
            settings = Hash(new(RequestKeyKind.Text, TextTemplate.Of(new CallExpression(FunctionKind.Group, new FetchExpression(FetchKind.Header, argument!), ["([^.]*)[.][^.]*$", "1"])).ToString()));
        if (use.HasMore && use.Peek is "check_post")
            use.Error(use.Take(), $"'{use.Last.Text}' is not done here", "parameters of the query only");
        use.Section.Balance = new(settings, use.Line);
    }

    private static BalanceSettings Hash(RequestKey key) => new() { Policy = BalancePolicy.Hash, Hash = new() { Key = key, Placement = HashPlacement.Map } };

    private static BalanceSettings? ReadSample(Word word, HaproxyUse use)
    {
        if (HaproxySamples.TryRead(word.Text, mayCompare: false, use, out var sample, out _, out var mistake))
            return Hash(new(RequestKeyKind.Text, TextTemplate.Of(sample.Expression).ToString()));
        use.Problems.Error(word.Place, mistake);
        return null;
    }

    private static BalanceSettings ReadUri(HaproxyUse use)
    {
        var (key, length, depth) = (new RequestKey(RequestKeyKind.Path), (int?)null, (int?)null);
        while (use.HasMore)
        {
            var word = use.Take();
            if (word.Text == "whole")
                key = new(RequestKeyKind.Uri);
            else if (word.Text == "len" && use.TryTakeNumber("a length", 1, 16384, out var most))
                length = most;
            else if (word.Text == "depth" && use.TryTakeNumber("a number of directories", 1, 64, out var deepest))
                depth = deepest;
            else if (word.Text is not ("path-only" or "len" or "depth"))
                use.Error(word, $"{Shown.Quote(word.Text)} is not known behind 'balance uri'", "whole, len, depth or path-only");
        }

        return new() { Policy = BalancePolicy.Hash, Hash = new() { Key = key, Placement = HashPlacement.Map, Length = length, Depth = depth } };
    }

    public static void ReadType(HaproxyUse use)
    {
        // Each line says all of it anew.
        (use.Section.Placement, use.Section.HashFunction, use.Section.Avalanche) = (HashPlacement.Map, null, null);
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "map-based":
                    use.Section.Placement = HashPlacement.Map;
                    break;
                case "consistent":
                    use.Section.Placement = HashPlacement.Ring;
                    break;
                case "avalanche":
                    use.Section.Avalanche = true;
                    break;
                case "sdbm" or "djb2" or "wt6" or "crc32":
                    use.Section.HashFunction = Enum.Parse<HashFunction>(word.Text, ignoreCase: true);
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is no type of hash that is known here", "map-based or consistent, then sdbm, djb2, wt6 or crc32, then avalanche");
                    break;
            }
        }
    }

    /// <summary>How a backend balances, with what hash-type says.</summary>
    public static BalanceSettings Of(HaproxySection section)
    {
        var settings = section.Balance?.Value ?? BalancePolicy.HaproxyRoundRobin;
        if (settings.Hash is not { } hash)
            return settings;
        return settings with
        {
            Hash = hash with
            {
                Placement = section.Placement,
                Function = hash.Function ?? section.HashFunction,
                Avalanche = section.Avalanche,
                Load = section.HashLoad,
            },
        };
    }
}

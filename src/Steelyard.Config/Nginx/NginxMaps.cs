using System.Globalization;
using System.Net;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>The blocks that make a variable of another: map, geo and split_clients.</summary>
internal static class NginxMaps
{
    private const int DeepestInclude = 16;

    /// <summary>Notes the variable of a block.</summary>
    public static void Define(NginxUse use)
    {
        var word = use.Directive.Words[^1];
        if (word.Text.Length < 2 || word.Text[0] != '$')
        {
            use.Problems.Error(word.Place, $"invalid variable name \"{word.Text}\"", "a name behind a dollar sign");
            return;
        }

        use.File.Variables[word.Text[1..]] = new(use.Directive, use.Level.Context == 'T');
        foreach (var line in use.Directive.Name == "map" && use.Directive.Block is { } block ? block : [])
        {
            foreach (var group in line.Name.StartsWith('~') ? NginxCaptures.NamesIn(line.Name) : [])
                use.File.MapGroups[group] = use.File.MapGroups.TryGetValue(group, out var known) ? (known.Map, known.Times + 1) : (word.Text[1..], 1);
        }
    }

    /// <summary>What the variable is; null, and an error, where that cannot be read.</summary>
    public static Expression? Read(string name, NginxVariable variable, NginxScope scope, Place place)
    {
        var file = scope.File;
        if (variable.Values.TryGetValue((scope.OfResponse, scope.OfLog, scope.OfSent, null), out var read))
            return read;
        if (variable.Values.TryGetValue((scope.OfResponse, scope.OfLog, scope.OfSent, scope.Block), out read))
        {
            file.AskedOfBlocks++;
            return read;
        }

        if (variable.IsOpen)
        {
            file.Problems.Error(place, $"cycle while evaluating variable \"{name}\"");
            return null;
        }

        variable.IsOpen = true;
        var asked = file.AskedOfBlocks;
        var plain = scope with { OfMap = true, Capture = null };
        var value = variable.Directive.Name switch
        {
            "map" => ReadMap(variable.Directive, plain),
            "geo" => ReadGeo(variable.Directive, plain),
            _ => ReadSplit(variable.Directive, plain),
        };
        variable.IsOpen = false;
        variable.Values[(scope.OfResponse, scope.OfLog, scope.OfSent, file.AskedOfBlocks == asked ? null : scope.Block)] = value;
        return value;
    }

    /// <summary>A group of an expression of a map, which is a variable (nginx: ngx_http_regex_exec).</summary>
    /// <param name="group">Its name.</param>
    /// <param name="variable">That of the map.</param>
    /// <param name="scope">What variables stand for.</param>
    /// <param name="place">Where it is asked for.</param>
    public static Expression? ReadGroup(string group, string variable, NginxScope scope, Place place)
    {
        if (Read(variable, scope.File.Variables[variable], scope, place) is not MapExpression map)
            return null;
        return map with { Cases = map.Cases.Select(each => each with { Value = GroupOf(each) }).ToValueList(), Otherwise = TextTemplate.Empty };

        TextTemplate GroupOf(MapCase each)
        {
            if (each.Test != TestKind.Matches || !BytePattern.TryParse(each.Pattern, each.IgnoreCase, out var pattern, out _))
                return TextTemplate.Empty;
            var at = pattern.GroupNames.ToList().IndexOf(group);
            return at < 0 ? TextTemplate.Empty : TextTemplate.Of(new NginxCapture(map.Input, each.Pattern, each.IgnoreCase, pattern.GroupNames).Group(at + 1));
        }
    }

    private static MapExpression? ReadMap(NginxDirective directive, NginxScope scope)
    {
        var problems = scope.File.Problems;
        if (NginxVariables.Read(directive[1], scope, directive.Words[1].Place) is not { } source)
            return null;
        var input = NginxVariables.OrEmpty(source);
        var lines = LinesOf(directive.Block!, scope.File);
        var hostnames = lines.Any(line => line.Name == "hostnames" && line.Count == 0);
        List<MapCase> exact = [], starts = [], ends = [], patterns = [];
        var otherwise = TextTemplate.Empty;
        foreach (var line in lines)
        {
            if (line.Count == 0 && line.Name is "hostnames" or "volatile")
                continue;

            if (line.Count != 1 || line.Block is not null)
            {
                problems.Error(line.Place, $"invalid number of the map parameters");
                continue;
            }

            var key = line.Words[0];
            var isPattern = key.Text.Length > 1 && key.Text[0] == '~';
            var ignoreCase = isPattern && key.Text[1] == '*';
            var pattern = isPattern ? key.Text[(ignoreCase ? 2 : 1)..] : key.Text.StartsWith('\\') ? key.Text[1..] : key.Text;
            NginxCapture? capture = null;
            if (isPattern)
            {
                if (!BytePattern.TryParse(pattern, ignoreCase, out var parsed, out var mistake))
                {
                    problems.Error(key.Place, mistake);
                    continue;
                }

                capture = new(input, pattern, ignoreCase, parsed.GroupNames);
            }

            var its = scope with { OfMap = true, Capture = capture };
            if (!NginxVariables.TryRead(line[1], its, line.Words[1].Place, out var value))
                continue;
            if (isPattern)
                patterns.Add(new(TestKind.Matches, ignoreCase, pattern, value));
            else if (key.Text == "default")
                otherwise = value;
            else if (hostnames && pattern.StartsWith("*.", StringComparison.Ordinal))
                ends.Add(new(TestKind.Ends, true, pattern[1..], value));
            else if (hostnames && pattern.StartsWith('.'))
                (exact, ends) = ([.. exact, new(TestKind.Is, true, pattern[1..], value)], [.. ends, new(TestKind.Ends, true, pattern, value)]);
            else if (hostnames && pattern.EndsWith(".*", StringComparison.Ordinal))
                starts.Add(new(TestKind.Starts, true, pattern[..^1], value));
            else
                exact.Add(new(TestKind.Is, true, pattern, value));
        }

        ValueList<MapCase> cases = [.. exact, .. ends.OrderByDescending(each => each.Pattern.Length), .. starts.OrderByDescending(each => each.Pattern.Length), .. patterns];
        return new(input, cases, otherwise);
    }

    private static MapExpression? ReadGeo(NginxDirective directive, NginxScope scope)
    {
        var problems = scope.File.Problems;
        Expression input = new VariableExpression(TemplateVariable.Client);
        if (directive.Count == 2)
        {
            if (NginxVariables.Read(directive[1], scope, directive.Words[1].Place) is not { } given)
                return null;
            input = given;
        }

        Dictionary<string, (int Length, int Number, MapCase Case)> cases = [];
        var number = 0;
        var otherwise = TextTemplate.Empty;
        List<string> proxies = [];
        var lines = LinesOf(directive.Block!, scope.File);
        foreach (var line in lines)
        {
            if (line is { Name: "proxy", Count: 1 })
            {
                proxies.AddRange(NetworksOf(line[1], line.Words[1].Place, problems).Select(NetworkText.Write));
                continue;
            }

            if (line.Name == "proxy_recursive")
            {
                problems.Error(line.Place, "\"proxy_recursive\" in geo is not done here", "`set_real_ip_from`, `real_ip_header` and `real_ip_recursive` for proxies");
                continue;
            }

            if (line is { Name: "ranges", Count: 0 } || line is { Name: "volatile", Count: 0 })
                continue;
            if (line is { Name: "delete", Count: 1 })
            {
                foreach (var network in NetworksOf(line[1], line.Words[1].Place, problems))
                    cases.Remove(NetworkText.Write(network));
                continue;
            }

            if (line.Count != 1)
            {
                problems.Error(line.Place, "invalid number of the geo parameters");
                continue;
            }

            var value = TextTemplate.Literal(line[1]);
            if (line.Name == "default" || line.Name is "0.0.0.0/0" && otherwise == TextTemplate.Empty)
            {
                otherwise = value;
                continue;
            }

            foreach (var network in NetworksOf(line.Name, line.Words[0].Place, problems))
            {
                var pattern = NetworkText.Write(network);
                cases[pattern] = (network.PrefixLength + (network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 0 : 1), number++, new(TestKind.Network, false, pattern, value));
            }
        }

        if (proxies.Count > 0)
            input = BehindProxies(input, proxies);
        return new(input, cases.Values.OrderByDescending(each => each.Length).ThenBy(each => each.Number).Select(each => each.Case).ToValueList(), otherwise);
    }

    /// <summary>The address that a proxy names last, where the one at hand is a proxy's that is believed and it names one.</summary>
    private static MapExpression BehindProxies(Expression address, List<string> proxies)
    {
        var itself = TextTemplate.Of(address);
        Expression named = new CallExpression(FunctionKind.Default, new CallExpression(FunctionKind.Word, new FetchExpression(FetchKind.HeaderList, "X-Forwarded-For"), ["-1", ", "]), [""]);
        var behind = TextTemplate.Of(new MapExpression(named, [new(TestKind.Is, false, "", itself)], TextTemplate.Of(named)));
        return new(address, proxies.Distinct().Select(proxy => new MapCase(TestKind.Network, false, proxy, behind)).ToValueList(), itself);
    }

    /// <summary>The lines of a block, with those of the files that it includes.</summary>
    private static List<NginxDirective> LinesOf(IReadOnlyList<NginxDirective> block, NginxFile file, int depth = 0)
    {
        List<NginxDirective> lines = [];
        foreach (var line in block)
        {
            if (line.Name != "include" || line.Count != 1)
            {
                lines.Add(line);
                continue;
            }

            foreach (var source in file.Source.ReadFiles(line[1], line.Words[1].Place, file.Problems))
            {
                if (depth == DeepestInclude)
                    file.Problems.Error(line.Place, "files are included too deep", "files that do not include each other");
                else
                    lines.AddRange(LinesOf(NginxText.Read(source, file.Problems), file, depth + 1));
            }
        }

        return lines;
    }

    /// <summary>The networks of an address, of a network, or of a range from one address to another.</summary>
    private static IEnumerable<IPNetwork> NetworksOf(string text, Place place, ProblemList problems)
    {
        if (TryReadNetwork(text, out var network))
            return [network];
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash > 0 && HostText.IsIPv4(text[..dash]) && HostText.IsIPv4(text[(dash + 1)..]) && NumberOf(text[..dash]) is var first && NumberOf(text[(dash + 1)..]) is var last && first <= last)
            return Between(first, last);
        problems.Error(place, $"invalid network \"{text}\"", "an address, a network such as 10.0.0.0/8, or a range of addresses of IPv4");
        return [];

        static uint NumberOf(string address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).GetAddressBytes());
    }

    private static IEnumerable<IPNetwork> Between(uint first, uint last)
    {
        for (long at = first; at <= last;)
        {
            // The largest that begins here and ends within.
            var bits = at == 0 ? 32 : System.Numerics.BitOperations.TrailingZeroCount((ulong)at);
            while (bits > 0 && at + (1L << bits) - 1 > last)
                bits--;
            var bytes = new byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)at);
            yield return new(new IPAddress(bytes), 32 - bits);
            at += 1L << bits;
        }
    }

    /// <summary>An address, or a network whose bits behind its prefix do not count.</summary>
    public static bool TryReadNetwork(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address) || (!text.Contains(':', StringComparison.Ordinal) && !HostText.IsIPv4(slash < 0 ? text : text[..slash])))
            return false;
        var bits = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 128 : 32;
        var length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bits))
            return false;
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] &= (byte)(0xFF00 >> Math.Clamp(length - (i * 8), 0, 8));
        network = new(new IPAddress(bytes), length);
        return true;
    }

    private static MapExpression? ReadSplit(NginxDirective directive, NginxScope scope)
    {
        var problems = scope.File.Problems;
        if (NginxVariables.Read(directive[1], scope, directive.Words[1].Place) is not { } source)
            return null;
        List<MapCase> cases = [];
        TextTemplate? otherwise = null;
        var (sum, last) = (0L, 0L);
        foreach (var line in directive.Block!)
        {
            if (line.Count != 1 || !NginxVariables.TryRead(line[1], scope, line.Words[1].Place, out var value))
            {
                problems.Error(line.Place, "invalid number of the split_clients parameters");
                continue;
            }

            if (line.Name == "*")
            {
                otherwise = value;
                continue;
            }

            // As nginx: hundredths of a percent, summed, of all that 32 bits hold.
            if (!line.Name.EndsWith('%') || !decimal.TryParse(line.Name.AsSpan(0, line.Name.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent <= 0 || (percent <= 100 && percent * 100 != decimal.Truncate(percent * 100)))
            {
                problems.Error(line.Words[0].Place, $"invalid percent value \"{line.Name}\"", "a percentage with at most two digits behind the point, or *");
                continue;
            }

            if (percent > 100 || (sum += (long)(percent * 100)) > 10_000)
            {
                problems.Error(line.Words[0].Place, "percent total is greater than 100%");
                continue;
            }

            last += (long)(percent * 100) * 0xFFFFFFFF / 10_000;
            cases.Add(new(TestKind.Range, false, $":{last - 1}", value));
        }

        return new(new CallExpression(FunctionKind.Murmur2, NginxVariables.OrEmpty(source)), cases.ToValueList(), otherwise ?? TextTemplate.Empty);
    }
}

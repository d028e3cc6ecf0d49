using System.Globalization;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>Reads samples: a fetch with its converters (HAProxy's manual, 7.3).</summary>
internal static class HaproxySamples
{
    private static readonly Expression s_nothing = new TextExpression(TextTemplate.Empty);

    private static TextExpression Literal(string text) => new(TextTemplate.Literal(text));

    /// <summary>Reads a sample: a fetch, and converters behind commas.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mayCompare">Whether the fetch's name may end in a way to compare, as <c>path_beg</c>.</param>
    /// <param name="use">The line.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="suffix">The way to compare; empty for none.</param>
    /// <param name="mistake">What is wrong.</param>
    public static bool TryRead(string text, bool mayCompare, HaproxyUse use, out Sample sample, out string suffix, out Mistake mistake)
    {
        (sample, suffix, mistake) = (default, "", default);
        var at = 0;
        if (!TryReadCall(text, ref at, out var name, out var arguments, out mistake))
            return false;
        if (HaproxyCounters.TryReadFetch(name, arguments, use, out sample, out mistake) || HaproxyRates.TryReadFetch(name, arguments, use, out sample, out mistake))
            return mistake.Message is null && TryConvert(text, at, use, ref sample, out mistake);
        var row = Find(HaproxyFetches.Rows, name);
        if (row is null && mayCompare && name.LastIndexOf('_') is var underscore and > 0 && HaproxyConditions.MethodOf(name[(underscore + 1)..]) is not null)
        {
            row = Find(HaproxyFetches.Rows, name[..underscore]);
            suffix = row is null ? "" : name[(underscore + 1)..];
        }

        if (name == "fe_name" && use.Section.IsFrontend)
        {
            sample = new(Literal(use.Section.Name.Value), SampleType.Text);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (name == "env" && arguments is [{ Length: > 0 } variable])
        {
            sample = new(Literal(use.File.Environment.GetValueOrDefault(variable) ?? ""), SampleType.Text);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (name == "var" && arguments is [var called, ..] && use.Section.IsTcp && use.Section.ConnectionVariables.TryGetValue(called, out sample))
            return TryConvert(text, at, use, ref sample, out mistake);
        if (HaproxyFirstBytes.IsFetch(name))
            return HaproxyFirstBytes.TryReadFetch(name, arguments, use, out sample, out mistake) && TryConvert(text, at, use, ref sample, out mistake);
        if (name is "capture.req.hdr" or "capture.res.hdr")
            return HaproxyCaptures.TryReadFetch(name, arguments, use, out sample, out mistake) && TryConvert(text, at, use, ref sample, out mistake);
        if (name is "http_auth" or "http_auth_group")
            return TryReadAuthentication(name, arguments, use, out sample, out mistake);
        if (HaproxyMoreSamples.IsOfBackend(name) && arguments.Count == 0)
        {
            // A frontend has no servers, and nothing to do for any.
            if (use.Section.Kind == 'F')
            {
                sample = new(Literal("0"), SampleType.Number);
                return TryConvert(text, at, use, ref sample, out mistake);
            }

            arguments = [use.Section.Name.Value];
        }

        if (name == "fe_conn" && arguments is [var front] && front == use.Section.Name.Value && use.Section.IsFrontend)
            arguments = [];
        if (HaproxyMoreSamples.IsOfServer(name) && arguments is [var its] && !its.Contains('/', StringComparison.Ordinal))
            arguments = [$"{use.Section.Name.Value}/{its}"];
        if (row is null)
        {
            mistake = new($"the fetch {Shown.Quote(name)} is not known here", $"one that docs/haproxy.md lists, such as {Shown.List(HaproxyFetches.Rows.Take(8).Select(known => known.Name))}", use.Problems.Names.Nearest(name, HaproxyFetches.Rows.Select(known => known.Name)));
            return false;
        }

        if (arguments is [{ Length: > 0 } parameter, { Length: 1 } separator] && name is "url_param" or "urlp" or "urlp_val")
        {
            sample = new(new CallExpression(FunctionKind.ParameterOf, new VariableExpression(TemplateVariable.Query), [arguments[0], arguments[1]]), row.Type);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (arguments is [{ Length: > 0 } field, var place] && row.Arguments.Most < 2 && OccurrenceOf(name) is { } kind && int.TryParse(place, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number != 0)
        {
            sample = new(new FetchExpression(kind, $"{field} {number.ToString(CultureInfo.InvariantCulture)}"), row.Type);
            return TryConvert(text, at, use, ref sample, out mistake);
        }

        if (!Make(row, arguments, s_nothing, out var expression, out mistake))
            return false;
        // What is no address is not there, and a port behind one is none of it.
        if (!mayCompare && row.Type == SampleType.Address && name.EndsWith("hdr_ip", StringComparison.Ordinal))
            expression = new CallExpression(FunctionKind.NetworkOf, new CallExpression(FunctionKind.Replace, expression, ["^([0-9]+[.][0-9.]+):[0-9]+$", "\\1"]), ["32", "128"]);
        sample = new(expression, row.Type);
        return TryConvert(text, at, use, ref sample, out mistake);
    }

    /// <summary>Whether a converter takes numbers and addresses as the bytes that they are in HAProxy.</summary>
    private static bool IsOfBytes(string name) =>
        name is "hex" or "base64" or "ub64enc" or "bytes" or "sha1" or "sha2" or "digest" or "hmac" or "crc32" or "crc32c" or "djb2" or "sdbm" or "wt6" or "xxh32" or "xxh64" or "xxh3";

    /// <summary>The fetch of one of several values or lines of a field.</summary>
    private static FetchKind? OccurrenceOf(string name) => name switch
    {
        "req.hdr" or "hdr" or "req.hdr_val" or "hdr_val" or "req.hdr_ip" or "hdr_ip" => FetchKind.HeaderValueAt,
        "req.fhdr" => FetchKind.HeaderLineAt,
        "res.hdr" or "shdr" or "res.hdr_val" or "shdr_val" or "res.hdr_ip" or "shdr_ip" => FetchKind.ResponseHeaderValueAt,
        "res.fhdr" => FetchKind.ResponseHeaderLineAt,
        _ => null,
    };

    /// <summary>Reads the converters behind a fetch.</summary>
    private static bool TryConvert(string text, int at, HaproxyUse use, ref Sample sample, out Mistake mistake)
    {
        mistake = default;
        while (at < text.Length)
        {
            if (text[at++] != ',' || !TryReadCall(text, ref at, out var name, out var arguments, out mistake))
            {
                mistake = mistake.Message is null ? new($"{Shown.Quote(text)} is not a sample", "a fetch, and converters behind commas, such as req.hdr(host),lower") : mistake;
                return false;
            }

            if (HaproxyFiles.IsMap(name, out var test, out var values))
            {
                if (!HaproxyFiles.TryReadMap(name, test, values, arguments, sample.Expression, use, out var map, out mistake))
                    return false;
                sample = new(map, values switch { ListValues.Numbers => SampleType.Number, ListValues.Addresses => SampleType.Address, _ => SampleType.Text });
                continue;
            }

            if (HaproxyCounters.TryReadConverter(name, arguments, sample.Expression, use, out var counted, out mistake))
            {
                if (mistake.Message is not null)
                    return false;
                sample = counted;
                continue;
            }

            if (name == "jwt_verify")
            {
                if (!HaproxyMoreSamples.TryReadJwt(arguments, sample.Expression, use, out sample, out mistake))
                    return false;
                continue;
            }

            if (IsOfBytes(name) && sample.Type is SampleType.Number or SampleType.Boolean or SampleType.Address)
                sample = new(new CallExpression(FunctionKind.BytesOf, sample.Expression, [sample.Type == SampleType.Address ? "address" : "number"]), SampleType.Text);
            if (Find(HaproxyConverters.Rows, name) is not { } converter)
            {
                mistake = new($"the converter {Shown.Quote(name)} is not known here", $"one that docs/haproxy.md lists, such as {Shown.List(HaproxyConverters.Rows.Take(8).Select(known => known.Name))}", use.Problems.Names.Nearest(name, HaproxyConverters.Rows.Select(known => known.Name)));
                return false;
            }

            if (!Make(converter, arguments, sample.Expression, out var expression, out mistake))
                return false;
            sample = new(expression, converter.Type);
        }

        return true;
    }

    private static bool TryReadAuthentication(string name, IReadOnlyList<string> arguments, HaproxyUse use, out Sample sample, out Mistake mistake)
    {
        (sample, mistake) = (default, default);
        if (arguments.Count != 1 || !use.File.Users.TryGetValue(arguments[0], out var users))
        {
            mistake = new($"'{name}' without the name of a userlist", $"{name}(NAME), with a section 'userlist NAME'");
            return false;
        }

        sample = name == "http_auth" ? new(users.IsOneOf(), SampleType.Boolean) : new(users.Groups(), SampleType.Groups);
        return true;
    }

    private static SampleRow? Find(IReadOnlyList<SampleRow> rows, string name)
    {
        foreach (var row in rows)
        {
            if (row.Name == name)
                return row;
        }

        return null;
    }

    private static bool Make(SampleRow row, IReadOnlyList<string> arguments, Expression input, out Expression expression, out Mistake mistake)
    {
        (expression, mistake) = (s_nothing, default);
        if (arguments.Count < row.Arguments.Least || arguments.Count > row.Arguments.Most)
            mistake = new($"'{row.Name}' with {arguments.Count.ToString(CultureInfo.InvariantCulture)} arguments", row.Arguments.Least == row.Arguments.Most ? $"{row.Arguments.Least}" : $"{row.Arguments.Least} to {row.Arguments.Most}");
        else if (row.Make(arguments, input) is { } made)
            expression = made;
        else
            mistake = new($"'{row.Name}' with arguments that it does not take", row.Meaning);
        return mistake.Message is null;
    }

    /// <summary>Reads a name and, in round brackets, its arguments; quotes and backslashes keep commas and brackets in them.</summary>
    private static bool TryReadCall(string text, ref int at, out string name, out IReadOnlyList<string> arguments, out Mistake mistake)
    {
        mistake = default;
        List<string> read = [];
        arguments = read;
        var start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '+'))
            at++;
        name = text[start..at];
        if (name.Length == 0)
        {
            mistake = new($"{Shown.Quote(text)} is not a sample", "a fetch such as path or req.hdr(host)");
            return false;
        }

        if (at >= text.Length || text[at] != '(')
            return true;
        var argument = new System.Text.StringBuilder();
        var any = false;
        for (at++; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == ')')
            {
                at++;
                if (any || read.Count > 0)
                    read.Add(argument.ToString());
                return true;
            }

            any = true;
            if (letter == ',')
            {
                read.Add(argument.ToString());
                argument.Clear();
            }
            else if (letter is '\'' or '"' && text.IndexOf(letter, at + 1) is var end and > 0)
            {
                argument.Append(text, at + 1, end - at - 1);
                at = end;
            }
            else if (letter == '\\' && at + 1 < text.Length && text[at + 1] is ',' or '(' or ')' or '\\' or '\'' or '"' or ' ')
            {
                argument.Append(text[++at]);
            }
            else
            {
                argument.Append(letter);
            }
        }

        mistake = new($"a '(' without its other half in {Shown.Quote(text)}", "the arguments in round brackets");
        return false;
    }
}

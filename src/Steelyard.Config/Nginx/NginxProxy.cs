using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>Where proxy_pass leads.</summary>
/// <param name="IsSecure">Whether by TLS.</param>
/// <param name="Host">The upstream or the address, with variables perhaps.</param>
/// <param name="UriText">The path behind it; null for none.</param>
/// <param name="Place">Where it stands.</param>
internal sealed record NginxProxy(bool IsSecure, string Host, string? UriText, Place Place)
{
    private static readonly string[] s_paths = ["$request_uri", "$uri", "$document_uri", "${request_uri}", "${uri}"];

    private static readonly System.Buffers.SearchValues<char> s_letters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private const int DeepestSets = 8;

    /// <summary>Whether variables were in it whose values stand in the file.</summary>
    public bool IsFolded { get; private init; }

    /// <summary>Whether Host is a whole URL, of which variables say the scheme too.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>Whether that scheme is http for some requests and https for others.</summary>
    public bool IsEither { get; private init; }

    /// <summary>Whether a variable is in it.</summary>
    public bool HasVariables => IsFolded || Host.Contains('$', StringComparison.Ordinal) || UriText?.Contains('$', StringComparison.Ordinal) is true;

    /// <summary>What Host says to servers.</summary>
    public string HeaderHost => Host.StartsWith("unix:", StringComparison.Ordinal) ? "localhost"
        : Host.EndsWith(IsSecure ? ":443" : ":80", StringComparison.Ordinal) ? Host[..Host.LastIndexOf(':')] : Host;

    /// <summary>As the file writes it.</summary>
    public string Url => $"{(IsSecure ? "https" : "http")}://{(Host.StartsWith("unix:", StringComparison.Ordinal) ? Host + ":" : Host)}{UriText}";

    /// <summary>The line that counts in a block: its own, or in an if that of its location; null for none.</summary>
    public static NginxProxy? Of(NginxLevel level, NginxFile file)
    {
        for (var at = level; at is { Context: 'L' or 'I' }; at = at.Context == 'I' ? at.Parent : null)
        {
            if (at.Own("proxy_pass") is [var line, ..])
                return Fold(line[1], level) is var folded && Read(folded, line.Words[1].Place, level, file) is { } read ? read with { IsFolded = folded != line[1] } : null;
        }

        return null;
    }

    // Variables in front of the path that have one value alone are that: files say scheme, host and port so.
    private static string Fold(string text, NginxLevel level)
    {
        var folded = new System.Text.StringBuilder();
        var at = 0;
        while (text.IndexOf('$', at) is var start and >= 0)
        {
            folded.Append(text, at, start - at);
            at = start;
            if (HasPath(folded.ToString()) || EndOfVariable(text, start) is not (> 0 and var end))
                break;
            folded.Append(ConstantOf(text[start..end], level) ?? text[start..end]);
            at = end;
        }

        return folded.Append(text, at, text.Length - at).ToString();
    }

    private static bool HasPath(string url) => url.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 && url.IndexOf('/', scheme + 3) >= 0;

    private static int EndOfVariable(string text, int start) => text.AsSpan(start).StartsWith("${", StringComparison.Ordinal) ? text.IndexOf('}', start) + 1
        : text.AsSpan(start + 1).IndexOfAnyExcept(s_letters) is var found and >= 0 ? start + 1 + found : text.Length;

    private static NginxProxy? Read(string text, Place place, NginxLevel level, NginxFile file)
    {
        var problems = file.Problems;
        HashSet<string> schemes = [];
        if (IsUrl(text, level, file, schemes))
        {
            var behind = EndOfVariable(text, 0);
            var isPath = behind < text.Length && (text[behind] is '/' or '?' || Array.Exists(s_paths, path => text.AsSpan(behind).StartsWith(path)));
            return new(!schemes.Contains("http"), isPath ? text[..behind] : text, isPath ? text[behind..] : null, place) { IsWhole = true, IsEither = schemes.Count > 1 };
        }

        var isSecure = text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (!isSecure && !text.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            problems.Error(place, text.StartsWith('$') ? $"\"{text}\" in \"proxy_pass\" begins with a scheme that is not known before a request comes" : $"invalid URL prefix in \"{text}\"", text.StartsWith('$') ? "http:// or https:// in front of it, or in each value that the file gives the variable" : "http:// or https:// with an upstream or an address");
            return null;
        }

        var rest = text[(isSecure ? 8 : 7)..];
        if (rest.StartsWith("unix:", StringComparison.Ordinal))
        {
            var colon = rest.IndexOf(':', 5);
            return new(isSecure, colon < 0 ? rest : rest[..colon], colon < 0 || colon + 1 == rest.Length ? null : rest[(colon + 1)..], place);
        }

        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        foreach (var path in s_paths)
        {
            if (rest.IndexOf(path, StringComparison.Ordinal) is var at and >= 0 && (slash < 0 || at < slash))
                slash = at;
        }

        var host = slash < 0 ? rest : rest[..slash];
        if (host.Length == 0)
            problems.Error(place, $"no host in upstream \"{text}\"");
        return host.Length == 0 ? null : new(isSecure, host, slash < 0 ? null : rest[slash..], place);
    }

    /// <summary>The schemes that a text may begin with, by all that the file says of the variables in front; false where it does not say.</summary>
    private static bool TryReadSchemes(string text, NginxLevel level, NginxFile file, HashSet<string> schemes, int depth = 0)
    {
        // Requests name no socket of this machine.
        if (text.IndexOf("://", StringComparison.Ordinal) is > 0 and var end && !text.AsSpan(end + 3).StartsWith("unix:", StringComparison.Ordinal) && text[..end].ToLowerInvariant() is ("http" or "https") and var scheme)
        {
            schemes.Add(scheme);
            return true;
        }

        if (!text.StartsWith('$') || EndOfVariable(text, 0) is not (> 1 and var behind) || depth == DeepestSets)
            return false;
        var server = level;
        while (server is { Context: not 'S', Parent: { } parent })
            server = parent;
        var name = text[..behind].Trim('$', '{', '}');
        List<string> values = [.. name == "scheme" ? server.Own("listen").Select(line => SpeaksTls(line, server) ? "https" : "http").DefaultIfEmpty("http")
            : file.Variables.TryGetValue(name, out var variable) ? variable.Directive.Block!.Where(line => line.Count == 1).Select(line => line[1])
            : Sets(server).Where(set => set[1] == "$" + name).Select(set => set[2])];

        // An empty value leads nowhere.
        return values.Count > 0 && values.TrueForAll(value => value.Length == 0 || TryReadSchemes(value + text[behind..], level, file, schemes, depth + 1));
    }

    // Whether an address speaks TLS another of its servers may say.
    private static bool SpeaksTls(NginxDirective listen, NginxLevel server) =>
        (server.Parent?.Blocks ?? [server]).Any(other => other.Own("listen").Any(line => line[1] == listen[1] && line.Words.Any(word => word.Text == "ssl")));

    /// <summary>Whether a text that begins with a variable is a URL by all that the file says of it.</summary>
    public static bool IsUrl(string text, NginxLevel level, NginxFile file) => IsUrl(text, level, file, []);

    private static bool IsUrl(string text, NginxLevel level, NginxFile file, HashSet<string> schemes) =>
        text.StartsWith('$') && TryReadSchemes(text, level, file, schemes) && schemes.Count > 0;

    /// <summary>The host of a value, which may be a whole URL.</summary>
    public static string HostOf(string value)
    {
        foreach (var scheme in (string[])["http://", "https://"])
        {
            if (value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
                value = value[scheme.Length..];
        }

        return value.StartsWith("unix:", StringComparison.Ordinal) || value.AsSpan().IndexOfAny('/', '?') is not (>= 0 and var end) ? value : value[..end];
    }

    /// <summary>The host where its one variable has one value alone.</summary>
    public string? Constant(NginxLevel level) => ConstantOf(Host, level);

    private static string? ConstantOf(string text, NginxLevel level)
    {
        if (!text.StartsWith('$') || text.AsSpan(1).IndexOfAny("$/:") >= 0)
            return null;
        var name = "$" + text.Trim('$', '{', '}');
        string? only = null;
        for (var at = level; at is not null; at = at.Parent)
        {
            foreach (var (directive, block) in at.Steps)
            {
                if (block?.Steps.Exists(step => step.Directive.Name == "set" && step.Directive[1] == name) is true)
                    return null;
                if (directive.Name != "set" || directive[1] != name)
                    continue;
                if (only is not null || directive[2].Contains('$', StringComparison.Ordinal))
                    return null;
                only = directive[2];
            }
        }

        return only;
    }

    /// <summary>The values that the file gives to the one variable of a host.</summary>
    public static IEnumerable<string> ValuesOf(string host, NginxFile file, int depth = 0)
    {
        var names = NginxVariables.NamesIn(host).ToList();
        if (names is not [var name])
            yield break;
        var (before, behind) = (host[..host.IndexOf('$', StringComparison.Ordinal)], host.Contains('{', StringComparison.Ordinal) ? host[(host.IndexOf('}', StringComparison.Ordinal) + 1)..] : host[(host.IndexOf('$', StringComparison.Ordinal) + 1 + name.Length)..]);
        var values = file.Variables.TryGetValue(name, out var variable)
            ? variable.Directive.Block!.Where(line => line.Count == 1).Select(line => line[1])
            : Sets(file.Main).Where(set => set[1] == "$" + name).Select(set => set[2]);
        foreach (var value in values.Distinct())
        {
            if (!value.Contains('$', StringComparison.Ordinal))
                yield return before + value + behind;
            else if (value != host && depth < DeepestSets)
            {
                foreach (var further in ValuesOf(value, file, depth + 1))
                    yield return before + further + behind;
            }
        }
    }

    /// <summary>Whether all that the one variable of a host can be stands in the file.</summary>
    public static bool IsClosed(string host, NginxFile file, int depth = 0)
    {
        if (NginxVariables.NamesIn(host).ToList() is not [var name])
            return false;
        List<string> values = [.. file.Variables.TryGetValue(name, out var variable)
            ? variable.Directive.Block!.Where(line => line.Count == 1).Select(line => line[1])
            : Sets(file.Main).Where(set => set[1] == "$" + name).Select(set => set[2])];
        return values.Count > 0 && values.TrueForAll(value => !value.Contains('$', StringComparison.Ordinal) || (value != host && depth < DeepestSets && IsClosed(value, file, depth + 1)));
    }

    private static IEnumerable<NginxDirective> Sets(NginxLevel level)
    {
        foreach (var (directive, block) in level.Steps)
        {
            if (directive.Name == "set")
                yield return directive;
            foreach (var inner in block is null ? [] : Sets(block))
                yield return inner;
        }

        foreach (var inner in level.Blocks.SelectMany(Sets))
            yield return inner;
    }
}

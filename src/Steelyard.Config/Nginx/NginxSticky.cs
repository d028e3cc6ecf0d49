using Steelyard.Config.Drafts;

namespace Steelyard.Config.Nginx;

/// <summary>The line sticky of an upstream.</summary>
internal static class NginxSticky
{
    private const string Cookie = "$cookie_";

    /// <summary>How clients stay; null for not at all.</summary>
    public static Located<StickySettings>? Of(NginxLevel upstream, ProblemList problems)
    {
        if (upstream.Find("sticky") is not { } line)
            return null;
        var sticky = line[1] switch
        {
            "cookie" => ReadCookie(line, GoesByRoutes(upstream), problems),
            "learn" => ReadLearn(line, problems),
            "route" when line.Count == 2 && line[2].StartsWith(Cookie, StringComparison.Ordinal) && line[2].Length > Cookie.Length =>
                new() { Cookie = line[2][Cookie.Length..], Kind = StickyKind.Passive, Value = StickyValue.Server, Indirect = false, NoCache = false, WhenFull = StickyFull.Redispatch },
            _ => null,
        };
        if (sticky is null && !problems.HasErrors)
            problems.Error(line.Place, $"\"sticky {line[1]}\" is not done here like that", "sticky cookie <name>, sticky learn with create=$upstream_cookie_<name> and lookup=$cookie_<name>, or sticky route $cookie_<name> beside servers with route=");
        return sticky is null ? null : new(sticky, line.Place);
    }

    /// <summary>Whether a cookie says which server it is by what stands behind route=: in nginx by other words where nothing does.</summary>
    public static bool GoesByRoutes(NginxLevel upstream) =>
        upstream.Find("sticky") is { } line && (line[1] == "route" || (line[1] == "cookie" && upstream.Own("server").All(server => server.Words.Any(word => word.Text.StartsWith("route=", StringComparison.Ordinal)))));

    private static StickySettings? ReadCookie(NginxDirective line, bool goesByRoutes, ProblemList problems)
    {
        var sticky = new StickySettings { Cookie = line[2], HttpOnly = false, Secure = StickySecure.Never, Indirect = false, NoCache = false, WhenFull = StickyFull.Redispatch, Value = goesByRoutes ? StickyValue.Server : StickyValue.Signed };
        foreach (var word in line.Words.Skip(3))
        {
            var equals = word.Text.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (word.Text, "") : (word.Text[..equals], word.Text[(equals + 1)..]);
            switch (name)
            {
                case "expires" when value == "max":
                    sticky = sticky with { MaxAge = TimeSpan.FromDays(400) };
                    break;
                case "expires" when NginxValues.TryReadTime(value, out var time) && time >= TimeSpan.FromSeconds(1):
                    sticky = sticky with { MaxAge = time > TimeSpan.FromDays(400) ? TimeSpan.FromDays(400) : time };
                    break;
                case "domain" when value.Length > 0:
                    sticky = sticky with { Domains = [value] };
                    break;
                case "path" when value.StartsWith('/'):
                    sticky = sticky with { Path = value };
                    break;
                case "httponly" when equals < 0:
                    sticky = sticky with { HttpOnly = true };
                    break;
                case "secure" when equals < 0:
                    sticky = sticky with { Secure = StickySecure.Always };
                    break;
                case "samesite" when value.ToLowerInvariant() is "strict" or "lax" or "none":
                    sticky = sticky with { SameSite = value.ToLowerInvariant() switch { "strict" => StickySameSite.Strict, "lax" => StickySameSite.Lax, _ => StickySameSite.None } };
                    break;
                default:
                    problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "expires=, domain=, path=, httponly, secure or samesite=");
                    return null;
            }
        }

        return sticky;
    }

    private static StickySettings? ReadLearn(NginxDirective line, ProblemList problems)
    {
        string? created = null, looked = null;
        var time = TimeSpan.FromMinutes(10);
        foreach (var word in line.Words.Skip(2))
        {
            if (word.Text.StartsWith("create=$upstream_cookie_", StringComparison.Ordinal))
                created = word.Text["create=$upstream_cookie_".Length..];
            else if (word.Text.StartsWith("lookup=" + Cookie, StringComparison.Ordinal))
                looked = word.Text[("lookup=" + Cookie).Length..];
            else if (word.Text.StartsWith("timeout=", StringComparison.Ordinal) && NginxValues.TryReadTime(word.Text["timeout=".Length..], out var given) && given >= TimeSpan.FromSeconds(1))
                time = given;
            else if (word.Text != "header" && word.Text != "sync" && !word.Text.StartsWith("zone=", StringComparison.Ordinal))
                problems.Error(word.Place, $"invalid parameter \"{word.Text}\"", "create=$upstream_cookie_<name>, lookup=$cookie_<name>, zone= and timeout=");
        }

        return created is null || looked != created ? null : new() { Learn = created, Expire = time, WhenFull = StickyFull.Redispatch };
    }
}

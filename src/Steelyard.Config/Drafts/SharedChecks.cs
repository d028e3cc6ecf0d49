using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>Whether what is to be shared can be, and whether there is anything to share.</summary>
internal static class SharedChecks
{
    private const string Example = "'shared' at the top of the file, as in shared: 127.0.0.1:6379";

    public static void Check(SnapshotDraft draft, ProblemList problems)
    {
        if (draft.Shared is { Value: { Password: not null, PasswordFile: not null } } twice)
            problems.Error(twice.Place, "'password' beside 'password-file'", "one of the two");
        if (draft.Shared is { Value: { Tls: false, Authorities: not null } } plain)
            problems.Error(plain.Place, "'ca' without 'tls'", "'tls: true'");
        if (draft.Shared is { Value: { Tls: true, Redis.UnixPath: not null } } local)
            problems.Error(local.Place, "'tls' on a Unix socket", "a host and a port");
        if (draft.Shared is { Value: { Secret: null, Password: null, PasswordFile: null, Redis.IsLocal: false } } open)
            problems.Warn(open.Place, "what clients are known by is hashed with a word that anybody knows, and leaves this machine", "'key', or 'password-file' for a Redis that asks for one");

        var limits = LimitsOf(draft).ToList();
        var zones = new Dictionary<string, (bool Shared, Place Place)>(StringComparer.Ordinal);
        foreach (var (limit, place) in limits)
        {
            if (limit.Shared && !draft.IsSharedGiven)
                problems.Error(place, "a limit that is shared, and nothing to share it over", Example);
            if (limit is { Shared: true, Zone: null })
                problems.Error(place, "a limit that is shared without a name", "'zone', the same in all balancers");
            if (limit.Zone is { } zone && !zones.TryAdd(zone, (limit.Shared, place)) && zones[zone].Shared != limit.Shared)
                problems.Error(place, $"the zone {Shown.Quote(zone)} is shared in one place and not in another: line {zones[zone].Place.Line}", "the same 'shared' wherever it stands");
        }

        // What could not be read may well be what is shared.
        if (problems.ErrorCount > 0)
            return;
        var remembers = (draft.Pools ?? []).Any(pool => pool.Sticky is { Value.Key: not null });
        if (draft.Shared is { } shared && !remembers && !limits.Exists(limit => limit.Value.Shared))
            problems.Warn(shared.Place, "'shared' in a file where nothing is shared", "'sticky' with 'learn' or 'on' in a pool, or a limit with 'shared: true'");
        if (draft.StateFile is { } file && !remembers && limits.Count == 0)
            problems.Warn(file.Place, "'state-file' in a file where nothing is remembered of clients", "'sticky' with 'learn' or 'on' in a pool, or a 'rate-limit'");
    }

    private static IEnumerable<Located<RateLimitSettings>> LimitsOf(SnapshotDraft draft)
    {
        var places = (draft.Listeners ?? []).SelectMany(listener => (listener.Routes ?? []).Select(route => route.RateLimit).Prepend(listener.RateLimit))
            .Concat((draft.Pools ?? []).Select(pool => pool.RateLimit));
        foreach (var place in places)
        {
            for (var limit = place?.Value; limit is not null; limit = limit.Also)
                yield return new(limit, place!.Value.Place);
        }
    }
}

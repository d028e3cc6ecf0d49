using Steelyard.Config.Drafts;

namespace Steelyard.Config.Lints;

/// <summary>Listeners that clients will take one for the other.</summary>
internal static class ListenerLints
{
    public static void Check(IReadOnlyList<ListenerDraft> listeners, ProblemList problems)
    {
        Dictionary<int, (Located<NetworkAddress> At, bool IsSecure)> byPort = [];
        foreach (var listener in listeners)
        {
            foreach (var bind in listener.Bind ?? [])
            {
                if (bind.Value.UnixPath is not null || bind.Value.Port == 0)
                    continue;
                var isSecure = listener.Tls is not null;
                if (byPort.TryAdd(bind.Value.Port, (bind, isSecure)))
                    continue;
                var (before, wasSecure) = byPort[bind.Value.Port];
                if (wasSecure == isSecure)
                    continue;
                problems.Warn(bind.Place, $"{bind.Value} speaks {(isSecure ? "TLS" : "no TLS")}, and {before.Value} of the same port in line {before.Place.Line} {(isSecure ? "does not" : "does")}: one URL cannot reach both", "another port for one of them, or TLS for both");
            }
        }
    }
}

using System.Text;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>A snapshot in words of its own, so that golden files do not depend on how YAML is written.</summary>
internal static class SnapshotDump
{
    public static string Of(Snapshot snapshot)
    {
        var text = new StringBuilder();
        text.Append($"loops {snapshot.Loops?.ToString() ?? "auto"}, shutdown {snapshot.Shutdown}\n");
        if (snapshot.Timeouts != new Timeouts())
            text.Append($"{snapshot.Timeouts}\n");
        if (snapshot.Limits != new Limits())
            text.Append($"{snapshot.Limits}\n");
        foreach (var listener in snapshot.Listeners)
        {
            text.Append($"listener on {Join(listener.Bind)}\n");
            if (listener.TrustedProxies.Count > 0)
                text.Append($"  trusts {Join(listener.TrustedProxies)}\n");
            foreach (var route in listener.Routes)
                text.Append($"  {route.Host ?? "(any host)"} {route.Path ?? "(any path)"} -> {route.Pool}\n");
        }

        foreach (var pool in snapshot.Pools)
        {
            text.Append($"pool {pool.Name}, {pool.Balance}\n");
            foreach (var server in pool.Servers)
                text.Append($"  {server.Address} weight {server.Weight}\n");
            if (pool.App is { } app)
                text.Append($"  app [{string.Join("] [", app.Command.AsEnumerable())}] instances {app.Instances?.ToString() ?? "max"}\n");
        }

        return text.ToString();
    }

    private static string Join<T>(ValueList<T> values) => string.Join(", ", values.AsEnumerable());
}

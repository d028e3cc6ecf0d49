using System.Text.Json;
using Steelyard.Balancing;
using Steelyard.Engine;
using Steelyard.Serving;

namespace Steelyard.Board;

/// <summary>A server as the page shows it: what HAProxy's statistics have of one, and its past.</summary>
internal static class LiveRow
{
    public static void Write(Utf8JsonWriter json, LiveSample sample, int number, string? name, ServerStatus server, ServerHistory.Summary past)
    {
        json.WriteStartObject();
        json.WriteNumber("number", number);
        json.WriteString("address", server.Address.ToString());
        if (name is not null)
            json.WriteString("name", name);
        json.WriteString("state", ServerHistory.StateOf(server));
        json.WriteString("wanted", server.Wanted switch { ServerState.Drain => "drain", ServerState.Maintenance => "maintenance", _ => "ready" });
        json.WriteNumber("weight", server.Weight);
        json.WriteNumber("configuredWeight", server.ConfiguredWeight);
        json.WriteNumber("share", server.SharePercent);
        if (server.Backup)
            json.WriteBoolean("backup", true);
        json.WriteNumber("active", server.Active);
        if (server.Limit is { } limit)
            json.WriteNumber("limit", limit);
        json.WriteNumber("peak", past.PeakActive);
        json.WriteNumber("failures", server.Failures);
        if (server.LastReason != ServerFailure.None)
            json.WriteString("lastFailure", ServerReports.Explain(server.LastReason));
        if (HealthReports.CheckAndAgent(CheckOf(server), HealthReports.WordOfAgent(server), server.ReasonOfAgent) is { Length: > 0 } check)
            json.WriteString("check", check);
        if (sample.Breakers.FirstOrDefault(breaker => breaker.Server == server.Address && breaker.Pool == server.Pool) is { Server: not null } breaker)
            json.WriteString("breaker", breaker.State switch { BreakerState.Open => "open", BreakerState.HalfOpen => "half-open", _ => "closed" });
        WriteCounts(json, sample, server);
        WritePast(json, past);
        json.WriteEndObject();
    }

    // A check may find well what an agent says is down.
    private static string CheckOf(ServerStatus server) =>
        !server.Asked ? ""
        : server.Up || (server.DownByAgent && server.LastCheck == ProbeFault.None) ? server.LastCheckStatus > 0 ? $"passed ({server.LastCheckStatus})" : "passed"
        : HealthReports.Explain(server);

    private static void WriteCounts(Utf8JsonWriter json, LiveSample sample, ServerStatus server)
    {
        if (sample.Measures.FindServer(server.Pool, server.Address) is not { } now)
            return;
        var before = sample.MeasuresBefore?.FindServer(server.Pool, server.Address);
        json.WriteStartArray("answers");
        foreach (var count in now.Answers)
            json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteNumber("opened", now.Opened);
        json.WriteNumber("reused", now.Reused);
        json.WriteNumber("retried", now.Retried);
        json.WriteNumber("redispatched", now.Redispatched);
        json.WriteNumber("in", now.BytesSent);
        json.WriteNumber("out", now.BytesReceived);
        if (sample.MeasuresBefore is null)
            return;
        var attempts = now.Answers.Sum() - (before?.Answers.Sum() ?? 0);
        json.WriteNumber("rate", Math.Round(sample.Rate(attempts, 0), 1));
        json.WriteNumber("failedRate", Math.Round(sample.Rate(now.Answers[0] + now.Answers[5] - (before?.Answers[0] + before?.Answers[5] ?? 0), 0), 1));
        json.WriteNumber("openRate", Math.Round(sample.Rate(now.Opened - (before?.Opened ?? 0), 0), 1));
        if (attempts > 0)
            json.WriteNumber("time", Math.Round((now.WholeMilliseconds - (before?.WholeMilliseconds ?? 0)) / (double)attempts, 1));
    }

    private static void WritePast(Utf8JsonWriter json, ServerHistory.Summary past)
    {
        json.WriteNumber("downs", past.Downs);
        json.WriteNumber("ejections", past.Ejections);

        // While it is down the page counts on by itself, or every look would be another.
        json.WriteNumber("downFor", Math.Round(past.DownBefore.TotalSeconds, 1));
        json.WriteStartArray("history");
        foreach (var change in past.Changes)
        {
            json.WriteStartArray();
            json.WriteNumberValue(change.At.ToUnixTimeMilliseconds());
            json.WriteStringValue(change.State);
            if (change.Why is not null)
                json.WriteStringValue(change.Why);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }
}

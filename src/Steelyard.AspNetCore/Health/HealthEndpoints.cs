using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Steelyard.AspNetCore.Health;

/// <summary>Writes what the health endpoints say.</summary>
internal static class HealthEndpoints
{
    /// <summary>The process in numbers, as Node's <c>process.uptime()</c>, <c>os.loadavg()</c> and <c>process.memoryUsage()</c> name them.</summary>
    public static Task WriteBriefAsync(HttpContext context, Readiness readiness, TimeProvider time) => WriteAsync(context, readiness.IsReady, json =>
    {
        using var process = Process.GetCurrentProcess();
        json.WriteNumber("uptime", Math.Round((time.GetUtcNow().UtcDateTime - process.StartTime.ToUniversalTime()).TotalSeconds, 3));
        json.WriteString("message", readiness.IsReady ? "OK" : readiness.IsEnding ? "ENDING" : "NOT READY");
        json.WriteNumber("timestamp", time.GetUtcNow().ToUnixTimeMilliseconds());
        json.WriteStartArray("cpuLoad");
        foreach (var load in Loads())
            json.WriteNumberValue(load);
        json.WriteEndArray();

        // Before the first collection nothing is known of what was taken from the system.
        var used = GC.GetTotalMemory(forceFullCollection: false);
        json.WriteStartObject("memoryUsage");
        json.WriteNumber("rss", process.WorkingSet64);
        json.WriteNumber("heapTotal", Math.Max(GC.GetGCMemoryInfo().TotalCommittedBytes, used));
        json.WriteNumber("heapUsed", used);
        json.WriteEndObject();
        json.WriteNumber("pid", Environment.ProcessId);
    });

    /// <summary>Each check as a component.</summary>
    public static async Task WriteDetailedAsync(HttpContext context, HealthBook book)
    {
        var report = await book.ReadyAsync();
        var up = report.Status != HealthStatus.Unhealthy;
        await WriteAsync(context, up, json =>
        {
            json.WriteString("status", up ? "UP" : "DOWN");
            if (!up)
                json.WriteString("error", string.Join("; ", report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => $"{entry.Key}: {Sentence(entry.Value)}")));
            json.WriteStartObject("components");
            foreach (var (name, entry) in report.Entries)
                WriteComponent(json, name, entry);
            json.WriteEndObject();
        });
    }

    /// <summary>Whether it is so, in a word.</summary>
    public static Task WriteWordAsync(HttpContext context, bool holds) => WriteAsync(context, holds, json => json.WriteString("status", holds ? "UP" : "DOWN"));

    private static void WriteComponent(Utf8JsonWriter json, string name, in HealthReportEntry entry)
    {
        json.WriteStartObject(name);
        json.WriteString("status", entry.Status switch { HealthStatus.Healthy => "UP", HealthStatus.Degraded => "DEGRADED", _ => "DOWN" });
        json.WriteNumber("milliseconds", Math.Round(entry.Duration.TotalMilliseconds, 3));
        if (entry.Status != HealthStatus.Healthy)
            json.WriteString("error", Sentence(entry));
        if (entry.Data.Count > 0)
        {
            json.WriteStartObject("details");
            foreach (var (key, value) in entry.Data)
                WriteDetail(json, key, value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteDetail(Utf8JsonWriter json, string key, object value)
    {
        switch (value)
        {
            case long number:
                json.WriteNumber(key, number);
                break;
            case int number:
                json.WriteNumber(key, number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(key, number);
                break;
            case bool flag:
                json.WriteBoolean(key, flag);
                break;
            default:
                json.WriteString(key, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    // What an exception says may name hosts and users: its kind has to do.
    private static string Sentence(in HealthReportEntry entry) => entry.Description ?? entry.Exception?.GetType().Name ?? "it failed";

    private static async Task WriteAsync(HttpContext context, bool good, Action<Utf8JsonWriter> write)
    {
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    /// <summary>The load averages of 1, 5 and 15 minutes; zeros where there are none.</summary>
    private static double[] Loads()
    {
        try
        {
            var words = File.ReadAllText("/proc/loadavg").Split(' ');
            return [Parse(words[0]), Parse(words[1]), Parse(words[2])];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not Linux, as Node tells on Windows.
            return [0, 0, 0];
        }

        static double Parse(string word) => double.Parse(word, CultureInfo.InvariantCulture);
    }
}

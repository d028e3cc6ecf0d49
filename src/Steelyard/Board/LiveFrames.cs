using System.Buffers;
using System.Text.Json;
using Steelyard.Admin;
using Steelyard.Balancing;
using Steelyard.Config.Yaml.Tables;
using Steelyard.Engine;
using Steelyard.Engine.Metering;
using Steelyard.Serving;

namespace Steelyard.Board;

/// <summary>
/// Writes looks down for one who watches. Servers, errors and workers are written when they are not as they were written
/// last; what is missing has stayed.
/// </summary>
/// <param name="view">What is wanted.</param>
/// <param name="history">What has become of the servers.</param>
internal sealed class LiveFrames(LiveView view, ServerHistory history)
{
    private const int MostErrors = 64;
    private const int MostDead = 8;
    private const int MostTroubles = 8;

    // By what each is known to the page: what was written of it.
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);
    private DateTime _lastError = DateTime.MinValue;
    private DateTimeOffset _lastLook;

    /// <summary>Writes a look in JSON.</summary>
    public ReadOnlyMemory<byte> Write(LiveSample sample, AdminDesk desk)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, PlainText.Writer))
        {
            json.WriteStartObject();
            json.WriteNumber("at", sample.At.ToUnixTimeMilliseconds());

            // Between two whole looks only states of servers have changed.
            json.WriteBoolean("whole", sample.At != _lastLook);
            _lastLook = sample.At;
            WriteEngine(json, sample, desk);
            WriteTroubles(json, sample, desk);
            WriteTotals(json, sample);
            WriteListeners(json, sample, AdminLook.AddressesOf(sample.Served));
            WriteRoutes(json, sample);
            WritePools(json, sample);
            WriteErrors(json, sample);
            WriteApps(json, sample);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private void WriteEngine(Utf8JsonWriter json, LiveSample sample, AdminDesk desk)
    {
        var source = sample.Served.Source;
        json.WriteStartObject("engine");
        json.WriteString("version", AdminLook.ProgramVersion);
        json.WriteNumber("pid", Environment.ProcessId);
        json.WriteNumber("since", desk.Since.ToUnixTimeMilliseconds());
        json.WriteString("file", source.File);
        json.WriteNumber("generation", source.Generation);
        json.WriteNumber("readAt", source.At.ToUnixTimeMilliseconds());
        json.WriteString("hash", source.Hash);
        json.WriteNumber("reloadsFailed", sample.Keeper?.FailedReloads ?? 0);
        json.WriteNumber("engines", sample.Keeper?.Engines ?? 0);
        json.WriteEndObject();
        WriteChanged(json, "differences", "differences", AdminLook.Differences(sample.Pools.SelectMany(pool => pool.Servers), sample.Breakers, sample.Keeper).Take(50), static (writer, differences) =>
        {
            writer.WriteStartArray();
            foreach (var difference in differences)
                writer.WriteStringValue(StatusTable.Words(difference));
            writer.WriteEndArray();
        });
    }

    /// <summary>What is wrong beside servers: where they are looked for, and what is shared with other balancers.</summary>
    private static void WriteTroubles(Utf8JsonWriter json, LiveSample sample, AdminDesk desk)
    {
        json.WriteStartArray("troubles");
        foreach (var shared in AdminLook.Shared(desk).Where(shared => !shared.Up))
            json.WriteStringValue(StatusTable.Words(shared));
        foreach (var source in (sample.Keeper?.Discoveries ?? []).Where(source => source.Why is not null).Take(MostTroubles))
            json.WriteStringValue($"{source.Source}{(source.Pool.Length == 0 ? "" : $" of {source.Pool}")}: {source.Why}");
        json.WriteEndArray();
    }

    private static void WriteTotals(Utf8JsonWriter json, LiveSample sample)
    {
        var (now, before) = (sample.Counters, sample.CountersBefore);
        json.WriteStartObject("totals");
        json.WriteNumber("requests", now.Requests);
        json.WriteNumber("refused", now.Refused);
        json.WriteNumber("cut", now.Cut);
        json.WriteNumber("retries", now.Retries);
        json.WriteNumber("retriesDenied", now.RetriesDenied);
        json.WriteNumber("connections", now.Connections);
        json.WriteNumber("open", now.OpenConnections);
        json.WriteNumber("limited", now.LimitRefusals);
        json.WriteNumber("breakerRejects", now.BreakerRejects);
        json.WriteNumber("queueTimeouts", now.QueueTimeouts + now.QueueFull);
        json.WriteNumber("faults", now.Faults);
        json.WriteNumber("active", sample.Pools.Sum(pool => pool.Active));
        json.WriteNumber("waiting", sample.Waiting.Values.Sum());
        Rate(json, "requestRate", sample.Rate(now.Requests, before.Requests));
        Rate(json, "connectionRate", sample.Rate(now.Connections, before.Connections));
        Rate(json, "sessionRate", sample.Rate(now.Sessions, before.Sessions));
        Rate(json, "handshakeRate", sample.Rate(now.TlsHandshakes, before.TlsHandshakes));
        Rate(json, "retryRate", sample.Rate(now.Retries, before.Retries));
        var (sum, earlier) = (Sum(sample.Measures), Sum(sample.MeasuresBefore));
        Rate(json, "inRate", sample.Rate(sum.In, earlier.In));
        Rate(json, "outRate", sample.Rate(sum.Out, earlier.Out));
        Rate(json, "failedRate", sample.Rate(sum.Failed, earlier.Failed));
        json.WriteEndObject();
    }

    private static (long In, long Out, long Failed) Sum(Measures? measures)
    {
        var sum = (In: 0L, Out: 0L, Failed: 0L);
        foreach (var listener in measures?.Listeners ?? [])
            sum = (sum.In + listener.BytesReceived, sum.Out + listener.BytesSent, sum.Failed + listener.Answers[5]);
        return sum;
    }

    private static void WriteListeners(Utf8JsonWriter json, LiveSample sample, string[][] addresses)
    {
        json.WriteStartArray("listeners");
        foreach (var (i, settings) in sample.Served.Snapshot.Listeners.Index())
        {
            var name = settings.Bind[0].ToString();
            var (now, before) = (sample.Measures.FindListener(name), sample.MeasuresBefore?.FindListener(name));
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("address", string.Join(' ', addresses[i]));
            json.WriteString("speaks", settings.Mode == Config.ListenerMode.Tcp ? "tcp" : settings.Tls is null ? "http" : "https");
            json.WriteNumber("open", i < sample.Open.Count ? sample.Open[i] : 0);
            if (settings.MaxConnections is { } most)
                json.WriteNumber("most", most);
            json.WriteNumber("connections", now?.Connections ?? 0);
            json.WriteNumber("refused", now?.Refused ?? 0);
            json.WriteNumber("handshakes", now?.TlsHandshakes ?? 0);
            json.WriteNumber("handshakesFailed", now?.TlsFailures ?? 0);
            json.WriteNumber("in", now?.BytesReceived ?? 0);
            json.WriteNumber("out", now?.BytesSent ?? 0);
            Rate(json, "connectionRate", sample.Rate(now?.Connections ?? 0, before?.Connections ?? 0));
            Rate(json, "requestRate", sample.Rate(now?.Answers.Sum() ?? 0, before?.Answers.Sum() ?? 0));
            Numbers(json, "answers", now?.Answers ?? new long[6]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRoutes(Utf8JsonWriter json, LiveSample sample)
    {
        json.WriteStartObject("routes");
        var before = sample.MeasuresBefore?.Requests.GroupBy(request => request.Route).ToDictionary(route => route.Key, route => route.Sum(CountOf));
        foreach (var route in sample.Measures.Requests.GroupBy(request => request.Route))
            Rate(json, route.Key, before is null ? 0 : sample.Rate(route.Sum(CountOf), before.GetValueOrDefault(route.Key)));
        json.WriteEndObject();

        static long CountOf(RequestMeasure request) => request.Duration.Counts?.Sum() ?? 0;
    }

    private void WritePools(Utf8JsonWriter json, LiveSample sample)
    {
        var shown = view.Choose(sample, out var pages);
        json.WriteNumber("pages", pages);
        json.WriteNumber("poolCount", sample.Pools.Count);
        json.WriteNumber("serverCount", sample.Pools.Sum(pool => pool.Servers.Count));
        json.WriteNumber("troubled", sample.Pools.Sum(pool => pool.Troubled));
        WriteWords(json, "states", sample);
        json.WriteStartArray("dead");
        foreach (var pool in sample.Pools.Where(pool => pool.IsDead).Take(MostDead))
            json.WriteStringValue(pool.Name);
        json.WriteEndArray();
        json.WriteNumber("deadCount", sample.Pools.Count(pool => pool.IsDead));
        _shown.Clear();
        json.WriteStartArray("pools");
        foreach (var pool in shown)
            WritePool(json, sample, pool);
        json.WriteEndArray();
        foreach (var gone in _written.Keys.Where(key => key.StartsWith("row ", StringComparison.Ordinal) && !_shown.Contains(key)).ToList())
            _written.Remove(gone);
    }

    private static void WriteWords(Utf8JsonWriter json, string name, LiveSample sample)
    {
        json.WriteStartObject(name);
        foreach (var state in sample.Pools.SelectMany(pool => pool.Servers).Select(ServerHistory.StateOf).Where(state => state != "up").GroupBy(state => state))
            json.WriteNumber(state.Key, state.Count());
        json.WriteEndObject();
    }

    private void WritePool(Utf8JsonWriter json, LiveSample sample, ShownPool shown)
    {
        var pool = shown.Pool;
        var settings = pool.Settings;
        json.WriteStartObject();
        json.WriteString("name", pool.Name);
        json.WriteString("balance", BalanceTable.Form.Write!(settings.Balance));
        json.WriteNumber("servers", pool.Servers.Count);
        json.WriteNumber("usable", pool.Usable);
        json.WriteBoolean("dead", pool.IsDead);
        json.WriteNumber("active", pool.Active);
        json.WriteNumber("waiting", sample.Waiting.GetValueOrDefault(pool.Name));
        json.WriteBoolean("app", settings.App is not null);
        json.WriteBoolean("asked", settings.Servers.Any(server => settings.HealthOf(server) is not null));
        WriteTraffic(json, sample, pool);
        WriteTimes(json, sample, pool.Name);
        WriteBreaker(json, sample.Breakers, pool.Name);
        json.WriteNumber("matching", shown.Matching);
        json.WriteNumber("from", shown.From);
        json.WriteStartArray("order");
        foreach (var (number, _) in shown.Servers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (var (number, server) in shown.Servers)
            WriteRow(json, sample, pool, number, server);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTraffic(Utf8JsonWriter json, LiveSample sample, PoolLook pool)
    {
        Numbers(json, "answers", pool.Answers);
        json.WriteNumber("retried", pool.Retried);
        json.WriteNumber("opened", pool.Opened);
        json.WriteNumber("reused", pool.Reused);
        json.WriteNumber("in", pool.BytesSent);
        json.WriteNumber("out", pool.BytesReceived);
        var recent = new long[6];
        long opened = 0, sent = 0, received = 0;
        foreach (var server in sample.MeasuresBefore is null ? [] : pool.Servers)
        {
            if (sample.Measures.FindServer(server.Pool, server.Address) is not { } now)
                continue;
            var before = sample.MeasuresBefore!.FindServer(server.Pool, server.Address);
            for (var i = 0; i < recent.Length; i++)
                recent[i] += now.Answers[i] - (before?.Answers[i] ?? 0);
            opened += now.Opened - (before?.Opened ?? 0);
            sent += now.BytesSent - (before?.BytesSent ?? 0);
            received += now.BytesReceived - (before?.BytesReceived ?? 0);
        }

        json.WriteStartArray("rates");
        foreach (var count in recent)
            json.WriteNumberValue(Rounded(sample.Rate(count, 0)));
        json.WriteEndArray();
        Rate(json, "openRate", sample.Rate(opened, 0));
        Rate(json, "inRate", sample.Rate(sent, 0));
        Rate(json, "outRate", sample.Rate(received, 0));
    }

    private static void WriteTimes(Utf8JsonWriter json, LiveSample sample, string pool)
    {
        var whole = sample.Recent(pool, measure => measure.WholeTime);
        var bounds = sample.Measures.PoolBounds;
        json.WriteStartObject("times");
        Time(json, "p50", Quantiles.Of(whole, bounds, 0.5));
        Time(json, "p95", Quantiles.Of(whole, bounds, 0.95));
        Time(json, "p99", Quantiles.Of(whole, bounds, 0.99));
        Time(json, "queue", Quantiles.Mean(sample.Recent(pool, measure => measure.QueueTime)));
        Time(json, "connect", Quantiles.Mean(sample.Recent(pool, measure => measure.ConnectTime)));
        Time(json, "firstByte", Quantiles.Mean(sample.Recent(pool, measure => measure.FirstByteTime)));
        Time(json, "mean", Quantiles.Mean(whole));
        json.WriteEndObject();

        static void Time(Utf8JsonWriter json, string name, double? milliseconds)
        {
            if (milliseconds is { } time)
                json.WriteNumber(name, Rounded(time));
        }
    }

    private static void WriteBreaker(Utf8JsonWriter json, IReadOnlyList<BreakerStatus> breakers, string pool)
    {
        var its = breakers.Where(breaker => breaker.Pool == pool).ToList();
        if (its.Count == 0)
            return;
        json.WriteStartObject("breaker");

        // Of breakers of servers the worst is shown.
        json.WriteString("state", its.Max(breaker => breaker.State == BreakerState.Open ? 2 : breaker.State == BreakerState.HalfOpen ? 1 : 0) switch { 2 => "open", 1 => "half-open", _ => "closed" });
        json.WriteString("hold", its[0].Hold switch { BreakerHold.Open => "open", BreakerHold.Closed => "closed", _ => "none" });
        json.WriteNumber("calls", its.Sum(breaker => breaker.Counts.Calls));
        json.WriteNumber("failures", its.Sum(breaker => breaker.Counts.Failures));
        json.WriteNumber("rejects", its.Sum(breaker => breaker.Counts.Rejects));
        json.WriteNumber("opened", its.Sum(breaker => breaker.Counts.Opened));
        json.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter json, LiveSample sample, PoolLook pool, int number, ServerStatus server)
    {
        var row = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(row, PlainText.Writer))
            LiveRow.Write(writer, sample, number, pool.NameOf(server), server, history.Of(server.Pool, server.Address, sample.At));
        var (key, text) = ($"row {server.Pool} {number}", System.Text.Encoding.UTF8.GetString(row.WrittenSpan));
        _shown.Add(key);
        if (_written.TryGetValue(key, out var before) && before == text)
            return;
        _written[key] = text;
        json.WriteRawValue(text, skipInputValidation: true);
    }

    private void WriteErrors(Utf8JsonWriter json, LiveSample sample)
    {
        json.WriteStartArray("errors");
        foreach (var error in sample.Errors.Where(error => error.At > _lastError).Take(MostErrors))
        {
            json.WriteStartObject();
            json.WriteNumber("at", new DateTimeOffset(error.At, TimeSpan.Zero).ToUnixTimeMilliseconds());
            json.WriteString("cause", error.Cause);
            json.WriteNumber("status", error.Status);
            json.WriteString("sentence", error.Sentence);
            json.WriteString("client", error.Client);
            json.WriteString("request", error.Request);
            json.WriteString("pool", error.Pool);
            json.WriteString("server", error.Server);
            if (AdminLook.NameOf(sample.Served.Snapshot, error.Pool, error.Server) is { } name)
                json.WriteString("serverName", name);
            json.WriteString("requestId", error.RequestId);
            json.WriteString("traceId", error.TraceId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        _lastError = sample.Errors is [var newest, ..] ? newest.At : _lastError;
    }

    private void WriteApps(Utf8JsonWriter json, LiveSample sample) =>
        WriteChanged(json, "apps", "apps", sample.Keeper?.Apps ?? [], static (writer, apps) =>
        {
            writer.WriteStartArray();
            foreach (var app in apps)
            {
                writer.WriteStartObject();
                writer.WriteString("pool", app.Pool);
                writer.WriteStartArray("workers");
                foreach (var worker in app.Workers)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("number", worker.Number);
                    writer.WriteString("state", worker.State);
                    writer.WriteNumber("pid", worker.Process);
                    writer.WriteNumber("uptime", Math.Floor(worker.Lived.TotalSeconds));
                    writer.WriteNumber("restarts", worker.Restarts);
                    writer.WriteNumber("memory", worker.Memory);
                    writer.WriteString("address", worker.Address);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });

    private void WriteChanged<T>(Utf8JsonWriter json, string name, string key, T value, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, PlainText.Writer))
            write(writer, value);
        var text = System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
        if (_written.TryGetValue(key, out var before) && before == text)
            return;
        _written[key] = text;
        json.WritePropertyName(name);
        json.WriteRawValue(text, skipInputValidation: true);
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void Rate(Utf8JsonWriter json, string name, double rate) => json.WriteNumber(name, Rounded(rate));

    private static double Rounded(double value) => Math.Round(value, value < 10 ? 2 : 0);
}

using System.Globalization;
using System.Net;
using System.Text;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Metrics;

namespace Steelyard.Haproxy;

/// <summary>
/// The page of statistics as HAProxy has it: a table for each proxy, and behind the URI <c>;csv</c> and <c>;json</c> for
/// programs, <c>;up</c> for servers that serve alone, <c>;norefresh</c>.
/// </summary>
/// <param name="desk">What is looked at.</param>
/// <param name="table">What is counted.</param>
internal sealed class StatPage(AdminDesk desk, StatTable table)
{
    private static readonly (string Group, (string Title, string Column)[] Columns)[] s_groups =
    [
        ("Queue", [("Cur", "qcur"), ("Max", "qmax"), ("Limit", "qlimit")]),
        ("Session rate", [("Cur", "rate"), ("Max", "rate_max"), ("Limit", "rate_lim")]),
        ("Sessions", [("Cur", "scur"), ("Max", "smax"), ("Limit", "slim"), ("Total", "stot"), ("LbTot", "lbtot"), ("Last", "lastsess")]),
        ("Bytes", [("In", "bin"), ("Out", "bout")]),
        ("Denied", [("Req", "dreq"), ("Resp", "dresp")]),
        ("Errors", [("Req", "ereq"), ("Conn", "econ"), ("Resp", "eresp")]),
        ("Warnings", [("Retr", "wretr"), ("Redis", "wredis")]),
        ("Server", [("Status", "status"), ("LastChk", "check_status"), ("Wght", "weight"), ("Act", "act"), ("Bck", "bck"), ("Chk", "chkfail"), ("Dwn", "chkdown"), ("Dwntme", "downtime"), ("Thrtle", "throttle")]),
    ];

    private readonly Lock _lock = new();
    private readonly Dictionary<(StatisticsSettings Settings, View View), Task<StatisticsPage>> _underWay = [];

    /// <summary>What is asked for behind the URI.</summary>
    [Flags]
    private enum View
    {
        Table = 0,
        Csv = 1,
        Json = 2,
        OnlyUp = 4,
        NoRefresh = 8,
    }

    /// <summary>Makes what a route of the configuration serves. Who asks while one is made gets that one: a crowd costs no more than somebody who asks without a pause.</summary>
    public Task<StatisticsPage> MakeAsync(StatisticsQuestion question)
    {
        var asked = (question.Settings, ViewOf(question.Target));
        lock (_lock)
        {
            if (_underWay.TryGetValue(asked, out var page))
                return page;
            _underWay.Add(asked, page = Task.Run(() => MakeAsync(asked.Settings, asked.Item2)));
            _ = page.ContinueWith(_ => Forget(asked), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return page;
        }
    }

    private void Forget((StatisticsSettings, View) asked)
    {
        lock (_lock)
            _underWay.Remove(asked);
    }

    private static View ViewOf(string target)
    {
        View If(string option, View view) => target.Contains(option, StringComparison.Ordinal) ? view : View.Table;
        return If(";csv", View.Csv) | If(";json", View.Json) | If(";up", View.OnlyUp) | If(";norefresh", View.NoRefresh);
    }

    private async Task<StatisticsPage> MakeAsync(StatisticsSettings settings, View view) => settings.Kind switch
    {
        StatisticsKind.Metrics => new(MetricsText.ContentType, Encoding.UTF8.GetBytes(await MetricsPage.WriteAsync(desk))),
        StatisticsKind.Counts => Counts(),
        _ => Tables(settings, view),
    };

    /// <summary>What nginx's stub_status says, in its words.</summary>
    private StatisticsPage Counts()
    {
        var counters = desk.Balancer.Counters;
        var writing = desk.Balancer.Measure().Listeners.Sum(listener => listener.UnderWay);
        var text = string.Create(CultureInfo.InvariantCulture, $"Active connections: {counters.OpenConnections} \nserver accepts handled requests\n {counters.Connections + counters.ConnectionsRefused} {counters.Connections} {counters.Requests} \nReading: 0 Writing: {writing} Waiting: {Math.Max(counters.OpenConnections - writing, 0)} \n");
        return new("text/plain", Encoding.ASCII.GetBytes(text));
    }

    private StatisticsPage Tables(StatisticsSettings settings, View view)
    {
        bool IsTold(StatTable.Row row) => settings.Scope.Count == 0 || settings.Scope.AsEnumerable().Contains(row.Values["pxname"]);
        if (view.HasFlag(View.Csv))
            return new("text/plain", Encoding.UTF8.GetBytes(StatText.Csv(table.Rows().Where(IsTold))));
        if (view.HasFlag(View.Json))
            return new("application/json", Encoding.UTF8.GetBytes(StatText.Json(table.Rows().Where(IsTold))));
        var onlyUp = view.HasFlag(View.OnlyUp);
        var rows = table.Rows().Where(row => IsTold(row) && !(onlyUp && row.Kind == 'S' && !row.Values["status"].StartsWith("UP", StringComparison.Ordinal) && row.Values["status"] != "no check"));
        return new("text/html", Encoding.UTF8.GetBytes(Html(rows, settings)), view.HasFlag(View.NoRefresh) ? null : settings.Refresh);
    }

    private string Html(IEnumerable<StatTable.Row> rows, StatisticsSettings settings)
    {
        var page = new StringBuilder();
        var name = settings.Node is { } node ? $" on {node}" : "";
        page.Append(
            $$"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Statistics Report for Steelyard{{Shown(name)}}</title>
            <style>
            :root { color-scheme: light dark; font: 13px system-ui, sans-serif } body { margin: 1em } table { border-collapse: collapse; margin-bottom: 1.5em } td, th { border: 1px solid #8888; padding: 1px 5px; text-align: right; white-space: nowrap }
            caption { text-align: left; font-weight: bold; padding: 2px 0 } tbody th { text-align: left; font-weight: normal } .frontend { background: #7af2 } .backend { font-weight: bold; background: #8882 }
            .up { background: #2c43 } .going { background: #fb04 } .down { background: #f334 } .maintain { background: #b847 } .drain { background: #38f4 } .backup { font-style: italic }
            </style></head><body>
            <h1>Steelyard{{(settings.HidesVersion ? "" : $" version {AdminLook.ProgramVersion}")}}</h1>
            <h2>Statistics Report for pid {{Environment.ProcessId}}{{Shown(name)}}{{(settings.Description is { } description ? ": " + Shown(description) : "")}}</h2>
            <p>uptime {{Duration(DateTimeOffset.UtcNow - desk.Since)}}; current connections {{desk.Balancer.Counters.OpenConnections}}. <a href=";csv">CSV export</a>, <a href=";json">JSON export</a>, <a href=";up">hide servers that are down</a>, <a href=";norefresh">disable refresh</a></p>

            """);
        foreach (var proxy in rows.GroupBy(row => row.Values["pxname"]))
            Table(page, proxy, settings);
        return page.Append("</body></html>\n").ToString();
    }

    private static void Table(StringBuilder page, IGrouping<string, StatTable.Row> proxy, StatisticsSettings settings)
    {
        var backend = proxy.FirstOrDefault(row => row.Kind == 'B');
        var legend = settings.ShowsLegends && backend is not null ? $" (mode {backend.Values.GetValueOrDefault("mode")}, balance {backend.Values.GetValueOrDefault("algo")})" : "";
        page.Append($"<table id=\"{Shown(proxy.Key)}\"><caption>{Shown(proxy.Key)}{Shown(legend)}</caption>\n<thead><tr><th rowspan=\"2\"></th>");
        foreach (var (group, columns) in s_groups)
            page.Append($"<th colspan=\"{columns.Length}\">{group}</th>");
        page.Append("</tr>\n<tr>");
        foreach (var (_, columns) in s_groups)
        {
            foreach (var (title, _) in columns)
                page.Append($"<th>{title}</th>");
        }

        page.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in proxy)
        {
            var shown = settings.ShowsLegends && row.Values.GetValueOrDefault("addr") is { Length: > 0 } address ? $"<th title=\"{Shown(address)}\">" : "<th>";
            page.Append($"<tr class=\"{ClassOf(row)}\">{shown}{Shown(row.Kind switch { 'F' => "Frontend", 'B' => "Backend", _ => row.Values["svname"] })}</th>");
            foreach (var (_, columns) in s_groups)
            {
                foreach (var (_, column) in columns)
                    page.Append($"<td>{Shown(Value(row, column))}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</tbody></table>\n");
    }

    private static string Value(StatTable.Row row, string column)
    {
        var value = row.Values.GetValueOrDefault(column, "");
        return column switch
        {
            "lastsess" => value is "" or "-1" ? "?" : Seconds(value),
            "downtime" => value.Length == 0 ? "" : Seconds(value),
            "status" when row.Kind != 'F' && row.Values.GetValueOrDefault("lastchg") is { Length: > 0 } since => $"{Seconds(since)} {value}",
            "check_status" when row.Values.GetValueOrDefault("check_duration") is { Length: > 0 } took => $"{value}{(row.Values.GetValueOrDefault("check_code") is { Length: > 0 } code ? "/" + code : "")} in {took}ms",
            _ => value,
        };
    }

    private static string Seconds(string value) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? Duration(TimeSpan.FromSeconds(seconds)) : value;

    /// <summary>The two largest parts of a time, as HAProxy writes it: 2d3h, 3h4m, 4m5s, 5s.</summary>
    private static string Duration(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{(int)time.TotalDays}d{time.Hours}h",
        { TotalHours: >= 1 } => $"{time.Hours}h{time.Minutes}m",
        { TotalMinutes: >= 1 } => $"{time.Minutes}m{time.Seconds}s",
        _ => $"{time.Seconds}s",
    };

    private static string ClassOf(StatTable.Row row)
    {
        if (row.Kind != 'S')
            return row.Kind == 'F' ? "frontend" : "backend";
        var state = row.Values["status"] switch
        {
            var status when status.StartsWith("UP ", StringComparison.Ordinal) || status.StartsWith("DOWN ", StringComparison.Ordinal) => "going",
            var status when status.StartsWith("UP", StringComparison.Ordinal) => "up",
            var status when status.StartsWith("DOWN", StringComparison.Ordinal) => "down",
            var status when status.StartsWith("MAINT", StringComparison.Ordinal) => "maintain",
            var status when status.StartsWith("DRAIN", StringComparison.Ordinal) => "drain",
            _ => "unchecked",
        };
        return row.Values.GetValueOrDefault("bck") == "1" ? state + " backup" : state;
    }

    private static string Shown(string text) => WebUtility.HtmlEncode(text);
}

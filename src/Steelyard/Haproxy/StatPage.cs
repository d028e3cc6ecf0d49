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
/// <param name="commands">What is looked at, and changed.</param>
internal sealed class StatPage(CommandDesk commands)
{
    private readonly StatForm _form = new(commands);

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
    private readonly Dictionary<(StatisticsSettings Settings, View View, string? Told), Task<StatisticsPage>> _underWay = [];

    private AdminDesk Desk => commands.Desk;

    /// <summary>What is asked for behind the URI.</summary>
    [Flags]
    private enum View
    {
        Table = 0,
        Csv = 1,
        Json = 2,
        OnlyUp = 4,
        NoRefresh = 8,
        MayChange = 16,
    }

    /// <summary>Makes what a route of the configuration serves. Who asks while one is made gets that one: a crowd costs no more than somebody who asks without a pause.</summary>
    public Task<StatisticsPage> MakeAsync(StatisticsQuestion question)
    {
        if (question is { Posts: true, Settings.Kind: StatisticsKind.Tables })
            return ChangeAsync(question);
        var asked = (question.Settings, ViewOf(question.Target) | (question.MayChange ? View.MayChange : View.Table), StatForm.Told(question.Target));
        lock (_lock)
        {
            if (_underWay.TryGetValue(asked, out var page))
                return page;
            _underWay.Add(asked, page = Task.Run(() => MakeAsync(asked.Settings, asked.Item2, asked.Item3)));
            _ = page.ContinueWith(_ => Forget(asked), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return page;
        }
    }

    /// <summary>Changes what a form says, and sends the browser back to the page.</summary>
    private async Task<StatisticsPage> ChangeAsync(StatisticsQuestion question)
    {
        var told = !question.MayChange ? "DENY" : question.Form is { } form ? await _form.DoAsync(form, question.Settings.Scope) : "EXCD";

        // Two slashes at the beginning would name another host.
        var (uri, view) = ("/" + question.Target.Split(';')[0].TrimStart('/'), ViewOf(question.Target));
        return new("text/plain", []) { Location = $"{uri};st={told}{(view.HasFlag(View.OnlyUp) ? ";up" : "")}{(view.HasFlag(View.NoRefresh) ? ";norefresh" : "")}" };
    }

    private void Forget((StatisticsSettings, View, string?) asked)
    {
        lock (_lock)
            _underWay.Remove(asked);
    }

    private static View ViewOf(string target)
    {
        View If(string option, View view) => target.Contains(option, StringComparison.Ordinal) ? view : View.Table;
        return If(";csv", View.Csv) | If(";json", View.Json) | If(";up", View.OnlyUp) | If(";norefresh", View.NoRefresh);
    }

    private async Task<StatisticsPage> MakeAsync(StatisticsSettings settings, View view, string? told) => settings.Kind switch
    {
        StatisticsKind.Metrics => new(MetricsText.ContentType, Encoding.UTF8.GetBytes(await MetricsPage.WriteAsync(Desk))),
        StatisticsKind.Counts => Counts(),
        _ => Tables(settings, view, told),
    };

    /// <summary>What nginx's stub_status says, in its words.</summary>
    private StatisticsPage Counts()
    {
        var counters = Desk.Balancer.Counters;
        var writing = Desk.Balancer.Measure().Listeners.Sum(listener => listener.UnderWay);
        var text = string.Create(CultureInfo.InvariantCulture, $"Active connections: {counters.OpenConnections} \nserver accepts handled requests\n {counters.Connections + counters.ConnectionsRefused} {counters.Connections} {counters.Requests} \nReading: 0 Writing: {writing} Waiting: {Math.Max(counters.OpenConnections - writing, 0)} \n");
        return new("text/plain", Encoding.ASCII.GetBytes(text));
    }

    private StatisticsPage Tables(StatisticsSettings settings, View view, string? told)
    {
        bool IsTold(StatTable.Row row) => settings.Scope.Count == 0 || settings.Scope.AsEnumerable().Contains(row.Values["pxname"]);
        if (view.HasFlag(View.Csv))
            return new("text/plain", Encoding.UTF8.GetBytes(StatText.Csv(commands.Stats.Rows().Where(IsTold))));
        if (view.HasFlag(View.Json))
            return new("application/json", Encoding.UTF8.GetBytes(StatText.Json(commands.Stats.Rows().Where(IsTold))));
        var onlyUp = view.HasFlag(View.OnlyUp);
        var rows = commands.Stats.Rows().Where(row => IsTold(row) && !(onlyUp && row.Kind == 'S' && !row.Values["status"].StartsWith("UP", StringComparison.Ordinal) && row.Values["status"] != "no check"));
        return new("text/html", Encoding.UTF8.GetBytes(Html(rows, settings, view.HasFlag(View.MayChange), told)), view.HasFlag(View.NoRefresh) ? null : settings.Refresh);
    }

    private string Html(IEnumerable<StatTable.Row> rows, StatisticsSettings settings, bool mayChange, string? told)
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
            <p>uptime {{Duration(DateTimeOffset.UtcNow - Desk.Since)}}; current connections {{Desk.Balancer.Counters.OpenConnections}}. <a href=";csv">CSV export</a>, <a href=";json">JSON export</a>, <a href=";up">hide servers that are down</a>, <a href=";norefresh">disable refresh</a></p>

            """);
        if (told is not null)
            page.Append($"<p role=\"status\"><strong>{Shown(told)}</strong></p>\n");
        foreach (var proxy in rows.GroupBy(row => row.Values["pxname"]))
            Table(page, proxy, settings, mayChange && proxy.Any(row => row.Kind == 'B'));
        return page.Append("</body></html>\n").ToString();
    }

    private static void Table(StringBuilder page, IGrouping<string, StatTable.Row> proxy, StatisticsSettings settings, bool mayChange)
    {
        if (mayChange)
            page.Append("<form method=\"post\">\n");
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
            var called = Shown(row.Kind switch { 'F' => "Frontend", 'B' => "Backend", _ => row.Values["svname"] });
            page.Append($"<tr class=\"{ClassOf(row)}\">{shown}{(mayChange && row.Kind == 'S' ? $"<label><input type=\"checkbox\" name=\"s\" value=\"{called}\"> {called}</label>" : called)}</th>");
            foreach (var (_, columns) in s_groups)
            {
                foreach (var (_, column) in columns)
                    page.Append($"<td>{Shown(Value(row, column))}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</tbody></table>\n");
        if (!mayChange)
            return;
        page.Append($"<p><input type=\"hidden\" name=\"b\" value=\"{Shown(proxy.Key)}\"><label>Choose the action to perform on the checked servers: <select name=\"action\"><option value=\"\"></option>");
        foreach (var (action, title) in StatForm.Actions)
            page.Append($"<option value=\"{action}\">{title}</option>");
        page.Append("</select></label> <input type=\"submit\" value=\"Apply\"></p></form>\n");
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

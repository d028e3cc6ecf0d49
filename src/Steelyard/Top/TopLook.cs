using System.Text.Json.Nodes;

namespace Steelyard.Top;

/// <summary>What <c>steelyard top</c> knows: the looks of the admin API put together, for what has not changed is not told again.</summary>
internal sealed class TopLook
{
    private readonly Dictionary<(string Pool, int Number), TopRow> _rows = [];

    /// <summary>The last look as it came; null before the first.</summary>
    public JsonNode? Last { get; private set; }

    /// <summary>Whether there was time to see how fast things grow.</summary>
    public bool HasRates { get; private set; }

    /// <summary>The servers, pool by pool, in the order they were asked for.</summary>
    public IReadOnlyList<TopRow> Rows { get; private set; } = [];

    /// <summary>Servers there are beside those that are shown.</summary>
    public int More { get; private set; }

    /// <summary>Takes a look.</summary>
    public void Take(JsonNode look)
    {
        HasRates |= Last is not null && (bool)look["whole"]!;
        Last = look;
        var rows = new List<TopRow>();
        More = (int)look["serverCount"]!;
        foreach (var pool in look["pools"]!.AsArray())
        {
            var name = (string)pool!["name"]!;
            foreach (var row in pool["rows"]!.AsArray())
            {
                var taken = TopRow.Of(name, (bool)pool["app"]!, row!);
                _rows[(name, taken.Number)] = taken;
            }

            foreach (var number in pool["order"]!.AsArray())
            {
                if (_rows.TryGetValue((name, (int)number!), out var row))
                    rows.Add(row);
            }
        }

        (Rows, More) = (rows, More - rows.Count);
    }

    /// <summary>Forgets what was told: another question is asked.</summary>
    public void Forget()
    {
        _rows.Clear();
        (Rows, More) = ([], 0);
    }
}

/// <summary>A server as <c>steelyard top</c> shows it.</summary>
internal sealed record TopRow(string Pool, bool App, int Number, string Address, string? Name, string State, int Active, int? Limit, double Rate, double Failed, double? Milliseconds, int Weight, long Failures, string Check)
{
    /// <summary>Its name, where the configuration gives it one, and its address.</summary>
    public string Called => Name is null ? Address : $"{Name} {Address}";

    public static TopRow Of(string pool, bool app, JsonNode row) => new(
        pool,
        app,
        (int)row["number"]!,
        (string)row["address"]!,
        (string?)row["name"],
        (string)row["state"]!,
        (int)row["active"]!,
        (int?)row["limit"],
        (double?)row["rate"] ?? 0,
        (double?)row["failedRate"] ?? 0,
        (double?)row["time"],
        (int)row["weight"]!,
        (long)row["failures"]!,
        (string?)row["check"] ?? "");
}

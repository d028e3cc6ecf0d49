namespace Steelyard.Top;

/// <summary>What somebody wants to see of <see cref="TopLook"/>, and to do: each key, and what it means.</summary>
internal sealed class TopView
{
    public const string Keys = "j k select  d drain  r ready  m maintenance  R restart workers  s sort  t not up  q quit";

    private static readonly string[] s_sorts = ["file", "state", "active", "failures"];

    private (string Pool, int Number)? _selected;

    /// <summary>What servers are sorted by.</summary>
    public string Sort { get; private set; } = s_sorts[0];

    /// <summary>Whether those are left out that are plainly well.</summary>
    public bool OnlyTroubled { get; private set; }

    /// <summary>What is to be done once it is confirmed; null for nothing.</summary>
    public TopAction? Asks { get; private set; }

    /// <summary>The last line of the screen.</summary>
    public string Line { get; set; } = Keys;

    /// <summary>What is asked of the admin API.</summary>
    public string Path => $"/api/live?sort={Sort}{(OnlyTroubled ? "&troubled=true" : "")}";

    /// <summary>The place of the selected server; the first where that is not there.</summary>
    public int IndexIn(IReadOnlyList<TopRow> rows)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            if ((rows[i].Pool, rows[i].Number) == _selected)
                return i;
        }

        return 0;
    }

    /// <summary>A key was pressed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="rows">The servers.</param>
    /// <param name="confirmed">What is to be done now; null for nothing.</param>
    /// <returns>What is to become of the screen.</returns>
    public TopStep Press(ConsoleKeyInfo key, IReadOnlyList<TopRow> rows, out TopAction? confirmed)
    {
        confirmed = null;
        if (Asks is { } asked)
        {
            Asks = null;
            Line = Keys;
            if (key.KeyChar is 'y' or 'Y')
                confirmed = asked;
            return TopStep.Draw;
        }

        switch (key)
        {
            case { KeyChar: 'q' } or { Key: ConsoleKey.Escape }:
                return TopStep.Quit;
            case { KeyChar: 'j' } or { Key: ConsoleKey.DownArrow }:
                return Select(rows, IndexIn(rows) + 1);
            case { KeyChar: 'k' } or { Key: ConsoleKey.UpArrow }:
                return Select(rows, IndexIn(rows) - 1);
            case { KeyChar: 's' }:
                Sort = s_sorts[(Array.IndexOf(s_sorts, Sort) + 1) % s_sorts.Length];
                Line = $"sorted by {Sort}";
                return TopStep.AskAnew;
            case { KeyChar: 't' }:
                OnlyTroubled = !OnlyTroubled;
                Line = OnlyTroubled ? "only those that are not up" : Keys;
                return TopStep.AskAnew;
        }

        if (rows.Count == 0)
            return TopStep.Draw;
        var row = rows[IndexIn(rows)];
        var server = $"/api/pools/{Uri.EscapeDataString(row.Pool)}/servers/{Uri.EscapeDataString(row.Address)}";
        Asks = key.KeyChar switch
        {
            'd' => new("PUT", server + "/state", """{"state":"drain"}""", $"Drain {row.Called} of {row.Pool}?"),
            'r' => new("PUT", server + "/state", """{"state":"ready"}""", $"Let {row.Called} of {row.Pool} have requests?"),
            'm' => new("PUT", server + "/state", """{"state":"maintenance"}""", $"Take {row.Called} of {row.Pool} out of use?"),
            'R' when row.App => new("POST", $"/api/apps/{Uri.EscapeDataString(row.Pool)}/restart", null, $"Restart the workers of {row.Pool}?"),
            _ => null,
        };
        Line = Asks is null ? key.KeyChar == 'R' ? $"{row.Pool} has no workers" : Keys : $"{Asks.Question} y/n";
        return TopStep.Draw;
    }

    private TopStep Select(IReadOnlyList<TopRow> rows, int index)
    {
        if (rows.Count > 0)
        {
            var row = rows[Math.Clamp(index, 0, rows.Count - 1)];
            _selected = (row.Pool, row.Number);
        }

        return TopStep.Draw;
    }
}

/// <summary>What becomes of the screen after a key.</summary>
internal enum TopStep
{
    Draw,
    AskAnew,
    Quit,
}

/// <summary>Something to be asked of the admin API.</summary>
internal sealed record TopAction(string Method, string Path, string? Body, string Question);

using System.Text;
using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;

namespace Steelyard.Engine.Explain;

/// <summary>
/// The lines of the Steelyard-Explain field of one response: a line for each choice, with the servers it was made from.
/// Made only for callers that are trusted and ask for it. Owned by an exchange.
/// </summary>
internal sealed class ExplainField
{
    private const int MostBytes = 4096;
    private const int MostServers = 16;

    private readonly StringBuilder _text = new();
    private readonly List<Candidate> _candidates = [];
    private RouteSettings? _route;
    private byte[] _lines = [];
    private int _choices;

    /// <summary>The lines, each with its CRLF.</summary>
    public ReadOnlySpan<byte> Lines => _lines;

    /// <summary>Begins anew, for another request.</summary>
    public void Begin()
    {
        _text.Clear();
        (_choices, _lines, _route) = (0, [], null);
    }

    /// <summary>The route was found; one that answers itself has no more to tell.</summary>
    public void Take(RouteSettings route)
    {
        _route = route;
        if (route.Pool is not null || route.Split.Count > 0)
            return;
        _text.Append("Steelyard-Explain: ");
        WriteRoute();
        _text.Append("\r\n");
        _lines = Encoding.UTF8.GetBytes(_text.ToString());
    }

    /// <summary>Chooses, as without anybody looking, and writes down how.</summary>
    public Decision Choose(Pool pool, in Choice choice)
    {
        var decision = pool.Explain(choice, _candidates);
        var before = _text.Length;
        _text.Append("Steelyard-Explain: ");
        WriteRoute();
        _text.Append("; pool=").Append(pool.Name).Append("; policy=").Append(PlainName.Of(pool.Settings.Balance.ToString()));
        if (++_choices > 1)
            _text.Append("; attempt=").Append(_choices);
        _text.Append("; server=").Append(decision.Server?.Settings.Address.ToString() ?? "none");
        _text.Append("; reason=").Append(PlainName.Of(decision.Reason.ToString()));
        if (decision.Sticky != StickyOutcome.None)
            _text.Append("; sticky=").Append(PlainName.Of(decision.Sticky.ToString()));
        WriteServers("considered", pool, considered: true);
        WriteServers("left-out", pool, considered: false);
        _text.Append("\r\n");
        if (_text.Length > MostBytes)
            _text.Length = before;
        _lines = Encoding.UTF8.GetBytes(_text.ToString());
        return decision;
    }

    /// <summary>A server had room for a request that has waited for one.</summary>
    public void Served(Pool pool, Server server)
    {
        if (_text.Length > MostBytes - 512)
            return;
        _text.Append("Steelyard-Explain: ");
        WriteRoute();
        _text.Append("; pool=").Append(pool.Name).Append("; server=").Append(server.Settings.Address).Append("; reason=had-room-for-one-that-waited\r\n");
        _lines = Encoding.UTF8.GetBytes(_text.ToString());
    }

    private void WriteRoute()
    {
        if (_route is not null)
            _text.Append("route=\"").Append(_route.Host ?? "*").Append(' ').Append(_route.Path ?? "*").Append('"');
    }

    private void WriteServers(string name, Pool pool, bool considered)
    {
        var written = 0;
        foreach (var candidate in _candidates)
        {
            if ((candidate.State is CandidateState.Eligible or CandidateState.OnTrial) != considered)
                continue;
            if (++written > MostServers)
                continue;
            _text.Append(written == 1 ? $"; {name}=\"" : ", ").Append(candidate.Server.Settings.Address);
            if (!considered || candidate.State != CandidateState.Eligible)
                _text.Append(' ').Append(PlainName.Of(candidate.State.ToString()));
            if (considered)
                _text.Append(" active ").Append(candidate.Active).Append(" share ").Append(candidate.Share);
            if (candidate.Limit is { } limit)
                _text.Append(" limit ").Append(limit);
            if (considered && candidate.Server.Fails)
                _text.Append(" failing");
            if (considered && pool.ScoreMeaning is not null)
                _text.Append(System.Globalization.CultureInfo.InvariantCulture, $" score {candidate.Score:0.####}");
        }

        if (written > MostServers)
            _text.Append(", and ").Append(written - MostServers).Append(" more");
        if (written > 0)
            _text.Append('"');
    }
}

using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Tracking;

/// <summary>Counts an exchange in the tables of its plan. Only where there are any; owned by an exchange.</summary>
internal sealed class ExchangeTracking(ExchangeContext context) : Tracker
{
    private const int UnauthorizedStatus = 401;

    private readonly TrackedKeys _ofRequest = new();

    private TrackedKeys? OfConnection => context.Client.Tracked;

    public override long Now => context.Events.Now;

    public override CounterTable? Find(string name) => context.Plan.Tables?.GetValueOrDefault(name);

    /// <summary>A slot, of the request or else of its connection.</summary>
    public override bool TryFind(int slot, out TrackedKeys keys)
    {
        keys = _ofRequest;
        if (keys.TableOf(slot) is not null)
            return true;
        keys = OfConnection ?? keys;
        return keys.TableOf(slot) is not null;
    }

    /// <summary>A request has come on a connection that may be tracked already.</summary>
    public void Begin() => OfConnection?.Count(CounterKind.Requests, 1, Now);

    /// <summary>Does what a rule says.</summary>
    public void Track(Rule rule)
    {
        var (slot, name, ofConnection) = rule.Track!;
        ExpressionRoom.OfThread.Clear();
        if (Find(name) is not { } table || TryFind(slot, out _) || !rule.Value!.TryMakePresent(context.Scope, out var key))
            return;
        var keys = ofConnection ? context.Client.Tracked ??= new() : _ofRequest;
        if (!keys.Enter(slot, table, key, Now))
            return;
        if (ofConnection)
            table.Count(keys.KeyOf(slot), CounterKind.Sessions, 1, Now);
        table.Count(keys.KeyOf(slot), CounterKind.Requests, 1, Now);
    }

    /// <summary>The client has got its answer, or none.</summary>
    /// <param name="status">What it was told.</param>
    /// <param name="received">Bytes of the request.</param>
    /// <param name="sent">Bytes of the answer.</param>
    public void Answered(int status, long received, long sent)
    {
        var now = Now;
        CountAnswer(_ofRequest, status, received, sent, now);
        if (OfConnection is { } connection)
            CountAnswer(connection, status, received, sent, now);
    }

    // HAProxy: http_err_cnt, http_fail_cnt. What a rule answers is no error unless it refuses, or asks who it is; nor is a connection that it closes.
    private void CountAnswer(TrackedKeys keys, int status, long received, long sent, long now)
    {
        var (isOfRule, isDenied) = (context.Record.IsOfRule, context.Record.IsDenied);
        if (isOfRule ? (isDenied && status != Exchange.ClosedByRuleStatus) || status == UnauthorizedStatus : isDenied || status is >= 400 and < 500)
            keys.Count(CounterKind.Errors, 1, now);
        else if (status is >= 500 and not (501 or 505) && context.Server is not null)
            keys.Count(CounterKind.Failures, 1, now);
        keys.Count(CounterKind.BytesIn, received, now);
        keys.Count(CounterKind.BytesOut, sent, now);
    }

    /// <summary>The exchange is over.</summary>
    public void End() => _ofRequest.Leave(Now);
}

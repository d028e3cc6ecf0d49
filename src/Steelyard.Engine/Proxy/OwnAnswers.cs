using System.Runtime.CompilerServices;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// Writes and sends the answers that are the proxy's own: what a route says, files, pages, errors. One is written, and then
/// sent. Owned by an exchange.
/// </summary>
internal sealed class OwnAnswers(ExchangeContext context, OutgoingRequest outgoing, ExchangeAccount account)
{
    private const int PartialContent = 206;

    private TurnBudget _budget = new(context.Events);

    // What was written and is to be sent.
    private Block _block;
    private int _length;
    private bool _close;

    // What is being sent, for whoever abandons it.
    private LongAnswer? _answer;

    // Reads what was written where rules change it; null until there are any.
    private OwnHead? _head;

    private ClientConnection Client => context.Client;

    /// <summary>Something of the client's request is still to come that nobody will read.</summary>
    private bool Unread => !context.HeadHeld || outgoing.BodyPending || context.BodyLeft;

    /// <summary>An answer of the proxy's own is the last one on this connection.</summary>
    private bool EndsConnection => Unread || Client.Leaving || context.ClosesClient || !context.Request.KeepAlive;

    private ConnectionOption Option =>
        _close ? ConnectionOption.Close : context.Request.MinorVersion == 0 ? ConnectionOption.KeepAlive : ConnectionOption.Default;

    private ReadOnlySpan<byte> Date => context.Events.Date.At(context.Events.Now);

    /// <summary>Writes an answer of a route.</summary>
    /// <returns>Whether there is room for it, with what the configuration adds.</returns>
    public bool TryWrite(LocalAnswer answer)
    {
        var writer = Begin(context.ToldStatus > 0 ? context.ToldStatus : answer.Status, EndsConnection);
        answer.Write(ref writer, context.Scope, context.ResponseEdits, context.Request.Method == KnownMethod.Head, Option, Date, context.Explanation, context.ToldStatus);
        return IsWritten(writer);
    }

    /// <summary>Writes the head of a file or a page, whose body follows when it is sent.</summary>
    /// <param name="answer">The answer; disposed of where there is no room.</param>
    /// <returns>Whether there is room for it, with what the configuration adds.</returns>
    public bool TryWrite(LongAnswer answer)
    {
        // An error page that is told as 200 is an answer like any other.
        var told = context.ToldStatus == LongAnswer.Ok && answer.Status != LongAnswer.Ok ? 0 : context.ToldStatus;
        var writer = Begin(told > 0 ? told : answer.Status, EndsConnection);

        // nginx cuts parts out once all is said of the whole.
        var scope = context.Request.AsNginx && answer.Status == PartialContent && told == 0 ? context.Scope with { OwnStatus = LongAnswer.Ok } : context.Scope;
        answer.WriteHead(ref writer, told, context.ResponseEdits, scope, Option, Date);
        if (IsWritten(writer))
            return true;
        answer.Dispose();
        return false;
    }

    /// <summary>Writes what a client is told of a failure.</summary>
    /// <param name="outcome">What happened.</param>
    /// <param name="policyLine">The line of the limit that was exceeded; empty for none.</param>
    public void Write(in Outcome outcome, ReadOnlySpan<byte> policyLine)
    {
        // What the configuration changes, or fields of an answer that handed the request on, may leave no room; the client has
        // to hear of its failure all the same.
        if (TryWrite(outcome, policyLine, context.ResponseEdits))
            return;
        context.Handed.Release(context.Events.Blocks);
        _ = TryWrite(outcome, policyLine, null);
    }

    private bool TryWrite(in Outcome outcome, ReadOnlySpan<byte> policyLine, FieldEdits? edits)
    {
        var accept = context.HeadHeld ? context.Request.Fields.IndexOf(KnownField.Accept) : -1;

        // After a fault of the client's nobody knows where its next request would start.
        var writer = Begin(outcome.Status, EndsConnection || outcome.LosesPlace);
        ErrorPage.Write(
            ref writer,
            outcome,
            accept < 0 ? default : context.Request.Fields.All[accept].Value(context.Head),
            headOnly: context.Request.Method == KnownMethod.Head,
            Option,
            Date,
            edits,
            context.Scope,
            context.Explanation,
            policyLine,
            context.Identity.Name,
            context.Identity.Trace,
            context.Request.AsNginx);
        return IsWritten(writer);
    }

    private BlockWriter Begin(int status, bool close)
    {
        (context.OwnStatus, _close, _block) = (status, close, context.Events.Blocks.Rent());
        Bandwidth.Begin(context, ofServer: false);
        return new(_block);
    }

    private bool IsWritten(in BlockWriter writer)
    {
        _length = writer.Overflowed ? 0 : context.Handed.IsHeld ? context.Handed.Insert(_block, writer.Length, context.OwnStatus, isOwn: true) : writer.Length;
        if (_length > 0 && context.HasOwnRules)
            _length = (_head ??= new(context)).Change(ref _block, _length);
        if (_length == 0)
            Release();
        return _length > 0;
    }

    private void Release() => context.Events.Blocks.Return(_block);

    private ValueTask<IoStatus> Send(BlockSlice bytes) => context.SendRate.IsOn
        ? context.SendRate.SendAll(Client.Transport, bytes, context.Timeouts.ClientBody, null)
        : Client.Transport.SendAll(bytes, context.Timeouts.ClientBody);

    /// <summary>Sends what was written.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<AfterExchange> Send()
    {
        if (_close && !context.SendRate.IsOn)
            Client.Transport.EndFollows();
        var answer = _block.Slice(0, _length);
        var sent = await Send(answer);
        if (sent != IoStatus.Done)
            NoteCut(CauseOf(sent));
        account.Count(context.OwnStatus, answer.Length);
        account.Log(context.OwnStatus, answer.Span);
        Release();
        return After(sent);
    }

    /// <summary>Sends the head that was written, and the body behind it.</summary>
    /// <param name="answer">The answer; disposed of.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<AfterExchange> Send(LongAnswer answer)
    {
        var (block, length) = (_block, _length);
        _answer = answer;
        context.Record.HeadBytes = length;
        if (context.Log is { KeepsResponse: true } log)
            context.Record.Capture(log, null, default, block.Span[..length]);
        var (sent, cut, passed, headOnly) = (IoStatus.Done, false, 0L, context.Request.Method == KnownMethod.Head);
        do
        {
            if (!headOnly && answer.Left > 0 && length <= Block.Size - LongAnswer.LeastRoom)
            {
                var read = answer.Read(block.Slice(length, Block.Size - length));
                cut = read == 0;
                length += read;
            }

            sent = await Send(block.Slice(0, length));
            var spent = answer.CostOf(length);
            (passed, length) = (passed + length, 0);
            if (_budget.Spend(spent))
                await context.Events.NextTurn;
        }
        while (sent == IoStatus.Done && !headOnly && !cut && answer.Left > 0);

        answer.Dispose();
        _answer = null;
        Release();
        context.BytesPassed = passed;
        if (cut)
            NoteCut(Cause.FileCut);
        else if (sent != IoStatus.Done)
            NoteCut(CauseOf(sent));
        account.Count(context.OwnStatus);
        account.Log(context.OwnStatus);
        return cut ? AfterExchange.Reset : After(sent);
    }

    /// <summary>Lets go of what was being sent, after a fault of ours.</summary>
    public void Abandon()
    {
        _answer?.Dispose();
        _answer = null;
    }

    private AfterExchange After(IoStatus sent) => sent != IoStatus.Done ? AfterExchange.Close
        : !_close ? AfterExchange.KeepAlive
        : Unread ? AfterExchange.Linger
        : Client.CloseOrLinger();

    /// <summary>An answer does not get to its end. Why it was given, if not for what was asked, says more.</summary>
    private void NoteCut(Cause cause)
    {
        context.Record.IsCut = true;
        if (context.Record is { Ending.IsSuccess: true, IsDenied: false })
            context.Record.Ending = new(cause);
    }

    private static Cause CauseOf(IoStatus sent) => sent == IoStatus.TimedOut ? Cause.ClientStalled : Cause.ClientGone;
}

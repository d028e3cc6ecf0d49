using System.Runtime.CompilerServices;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Tcp;

/// <summary>
/// Passes bytes one way, as fast as the slower of the two ends. Small pieces are copied; what comes in full blocks goes
/// through a pipe in the kernel. Holds one block, or one pipe, and neither while it waits for bytes. Owned by its relay.
/// </summary>
internal sealed class RelayDirection(ProxyLoop loop, DuplexRelay relay)
{
    // A turn that moves less by splice(2) would have cost less as a copy.
    private const int LeastSpliced = 16 * 1024;

    private Transport _source = null!;
    private Transport _sink = null!;
    private InputBuffer? _input;
    private TurnBudget _budget = new(loop.Events);
    private bool _bulk;

    /// <summary>Bytes were taken from the source that the sink has not taken yet.</summary>
    public bool Holds { get; private set; }

    /// <summary>Starts anew.</summary>
    /// <param name="source">Where bytes come from.</param>
    /// <param name="sink">Where they go.</param>
    /// <param name="input">What has arrived from the source already; given back once it is sent.</param>
    public void Begin(Transport source, Transport sink, InputBuffer? input) =>
        (_source, _sink, _input, _bulk, Holds) = (source, sink, input, false, false);

    /// <summary>Passes bytes until the source ends, and then that end; or until the relay ends.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    public async ValueTask Run()
    {
        if (_input is { IsEmpty: false } && !await PassInput())
            return;
        while (true)
        {
            var wake = await _source.Readable(0);
            if (relay.Ended)
                return;
            if (wake != Wake.Ready)
            {
                relay.Break();
                return;
            }

            if (_bulk && CanSplice)
            {
                if (await Splice())
                    continue;
                return;
            }

            var block = loop.Events.Blocks.Rent();
            var received = _source.Receive(block.Span);
            var goesOn = received <= 0 ? TakeEnd(received) : await Send(block.Slice(0, received));
            loop.Events.Blocks.Return(block);
            if (!goesOn)
                return;
            _bulk = received == Block.Size;
            if (received > 0 && _budget.Spend(received))
            {
                await loop.Events.NextTurn;
                if (relay.Ended)
                    return;
            }
        }
    }

    private bool CanSplice => _source.CanSplice && _sink.CanSplice;

    /// <summary>Sends what came along with the heads before the relay.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> PassInput()
    {
        var sent = await Send(_input!.Take(_input.Unread.Length));
        if (!relay.Ended)
            _input.Release();
        return sent;
    }

    /// <summary>What a receive says that brought no bytes: nothing is there yet, the end, or a break.</summary>
    private bool TakeEnd(int received)
    {
        if (received == Errno.Again)
            return true;
        if (received == 0)
            relay.Finish(_source, _sink);
        else
            relay.Break();
        return false;
    }

    private ValueTask<bool> Send(BlockSlice bytes)
    {
        relay.Touch();
        var sent = _sink.Send(bytes.Span);
        return sent == bytes.Length ? new(true) : SendRest(bytes, sent);
    }

    /// <summary>Waits until the sink has taken all.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> SendRest(BlockSlice bytes, int sent)
    {
        Holds = true;
        while (true)
        {
            if (sent > 0)
            {
                relay.Touch();
                bytes = bytes[sent..];
            }
            else if (sent != Errno.Again)
            {
                relay.LoseSink();
                return false;
            }

            if (bytes.Length == 0)
                break;
            var wake = await _sink.Writable(0);
            if (relay.Ended)
                return false;
            if (wake != Wake.Ready)
            {
                relay.Break();
                return false;
            }

            sent = _sink.Send(bytes.Span);
        }

        Holds = false;
        return true;
    }

    /// <summary>Moves what is there through a pipe.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> Splice()
    {
        var pipe = SplicePipe.Rent(loop.Pipes);
        if (pipe is null)
        {
            _bulk = false;
            return true;
        }

        var goesOn = await SpliceThrough(pipe);
        pipe.Return(loop.Pipes);
        return goesOn;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> SpliceThrough(SplicePipe pipe)
    {
        var total = 0L;
        while (true)
        {
            // The pipe is empty, so it is the source that has nothing; a short splice does not say so.
            var moved = _source.ReceiveInto(pipe, SplicePipe.Capacity);
            if (moved <= 0)
            {
                _bulk = total >= LeastSpliced;
                return TakeEnd(moved);
            }

            total += moved;
            if (!await Empty(pipe))
                return false;
            if (!_budget.Spend(moved))
                continue;
            await loop.Events.NextTurn;
            if (relay.Ended)
                return false;
        }
    }

    private ValueTask<bool> Empty(SplicePipe pipe)
    {
        relay.Touch();
        var sent = _sink.SendFrom(pipe, more: false);
        return pipe.Held == 0 ? new(true) : EmptyRest(pipe, sent);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> EmptyRest(SplicePipe pipe, int sent)
    {
        Holds = true;
        while (true)
        {
            if (sent > 0)
            {
                relay.Touch();
            }
            else if (sent != Errno.Again)
            {
                relay.LoseSink();
                return false;
            }

            if (pipe.Held == 0)
                break;
            if (sent == Errno.Again)
            {
                var wake = await _sink.Writable(0);
                if (relay.Ended)
                    return false;
                if (wake != Wake.Ready)
                {
                    relay.Break();
                    return false;
                }
            }

            sent = _sink.SendFrom(pipe, more: false);
        }

        Holds = false;
        return true;
    }
}

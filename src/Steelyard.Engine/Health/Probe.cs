using System.Runtime.CompilerServices;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.ProxyProtocol;
using Steelyard.Engine.Tls;

namespace Steelyard.Engine.Health;

/// <summary>Asks one server at a time whether it is well. Used again and again; owned by its loop.</summary>
internal sealed class Probe(EventLoop loop, TlsLoop tls)
{
    private const int MostBody = 64 * 1024;

    // How long the rest of an answer has, in milliseconds, of which the outcome is known.
    private const long LongestRest = 100;
    private const int MostFields = 128;
    private const int MostOfAgent = 1024;

    private readonly ResponseHead _head = new();
    private readonly InputBuffer _input = new(loop);
    private Transport? _transport;
    private readonly List<byte> _heard = [];
    private BodyFramer _framer;

    // Whether what comes is the body of an answer, and whether that is all there.
    private bool _answers;
    private bool _ended;
    private bool _called;

    // Until when its connection serves further checks, and whether the answer lets it.
    private long _until;
    private bool _keeps;

    /// <summary>Ends the present check, of which nobody wants to hear any more.</summary>
    public void CallOff()
    {
        _called = true;
        _transport?.Abort();
    }

    /// <summary>Has the connection of the present check serve no other: servers are reached in another way by now.</summary>
    public void UseOnce() => _until = 0;

    /// <summary>Lets go of everything after a fault of ours; the probe is not used again.</summary>
    public void Abandon()
    {
        CallOff();
        _transport?.Close();
        _input.Release();
    }

    /// <summary>Asks a server.</summary>
    /// <returns>How it did; null when the check was called off.</returns>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<ProbeResult?> Ask(ProbeTarget target)
    {
        _called = false;
        var due = loop.Now + (long)Math.Max(1, target.Settings.Timeout.TotalMilliseconds);
        var result = target.Script is { } script ? await Play(target, script, due) : await Open(target, null, due);
        if (result.Passed && target.Settings.Kind == ProbeKind.Agent)
            result = await Hear(target, due);
        if (result.Passed && _keeps && _ended && !_called && loop.Now < _until && _input.IsEmpty && _transport!.IsQuiet())
        {
            target.Keep(_transport, _until);
            _transport = null;
        }

        Shut();
        return _called ? null : result;
    }

    private void Shut()
    {
        _input.Release();

        // Nothing more is to be said, and no port is to be kept for it. Servers take a reset within TLS for a fault.
        if (_transport is not TlsTransport)
            _transport?.ResetOnClose();
        _transport?.Close();
        _transport = null;
    }

    /// <summary>Does what a script says, over the connection of the check before where that is kept.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Play(ProbeTarget target, ProbeScript script, long due)
    {
        if (target.TakeKept(loop.Now, out _until) is { } kept)
        {
            Begin(kept);
            var result = await Play(target, script, first: 1, due);

            // A server may close a connection at any time that nobody waits on it (RFC 9112, 9.3): that says nothing of it.
            if (result.Fault != ProbeFault.Closed || _answers || !_input.IsEmpty || _called)
                return result;
        }

        return await Play(target, script, first: 0, due);
    }

    /// <summary>Does the steps of a script, until something is not as it should be.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Play(ProbeTarget target, ProbeScript script, int first, long due)
    {
        ProbeResult result = default;
        for (var i = first; i < script.Steps.Length && result.Passed && !_called; i++)
        {
            var step = script.Steps[i];
            result = step.Settings.Do switch
            {
                ProbeStepKind.Connect => await Reopen(target, step, due),
                ProbeStepKind.Send => await Say(step.Bytes, due),
                ProbeStepKind.Request => await Request(step, due),
                ProbeStepKind.ExpectStatus => new(step.Passes(_head.Status) ? ProbeFault.None : ProbeFault.Status),
                ProbeStepKind.ExpectHead => new(step.PassesHead(_head.Fields, _input.Head) ? ProbeFault.None : ProbeFault.Body),
                _ => await Expect(step, due),
            };
        }

        if (_answers && result.Passed && !_called)
            await HearOut(due);
        return result with { Status = _answers ? _head.Status : 0 };
    }

    /// <summary>
    /// Lets a server say a short answer to its end: one that is reset while it writes takes that for a fault of its own.
    /// Most answers are there with their heads, and this costs nothing; what comes of the others changes no outcome.
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask HearOut(long due)
    {
        var (until, taken) = (Math.Min(due, loop.Now + LongestRest), 0);
        while (true)
        {
            while (!_ended)
            {
                _ended = _framer.Take(_input, out var piece) != FrameState.More;
                taken += piece.Length;
                if (piece.Length == 0)
                    break;
            }

            if (_ended || taken >= MostBody || loop.Now >= until || await _input.Fill(_transport!, Left(until)) != IoStatus.Done)
                return;
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Reopen(ProbeTarget target, CompiledStep step, long due)
    {
        Shut();
        Begin(null);
        _until = loop.Now + target.KeepAlive;
        return await Open(target, step, due);
    }

    private void Begin(Transport? transport)
    {
        (_transport, _answers, _ended, _keeps) = (transport, false, false, false);
        _heard.Clear();
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Say(byte[] bytes, long due)
    {
        _heard.Clear();
        var block = loop.Blocks.Rent();
        bytes.CopyTo(block.Span);
        var sent = await _transport!.SendAll(block.Slice(0, bytes.Length), Left(due));
        loop.Blocks.Return(block);
        return sent == IoStatus.Done ? default : Failed(sent);
    }

    /// <summary>Asks by HTTP, and reads what the answer begins with.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Request(CompiledStep step, long due)
    {
        if (await Say(step.Bytes, due) is { Passed: false } unsaid)
            return unsaid;
        do
        {
            _head.Clear();
            _input.ReleaseHead();
            if (await ReadHead(due) is { Passed: false } failed)
                return failed;
        }
        while (_head.Interim);

        var framing = _head.Body(step.Method);
        (_answers, _ended, _keeps) = (true, false, _head.KeepAlive && !_head.Switches && framing.Kind != BodyKind.UntilClose);
        _framer = new(framing, chunkedOut: false);
        return default;
    }

    /// <summary>Waits for what a step expects. What must not come has not come once the server ends the connection, or its answer.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Expect(CompiledStep step, long due)
    {
        if (_answers)
            TakeOfBody();
        while (!(step.IsEnough(_heard.Count) ?? (_answers && step.AsksForAll ? _ended : step.IsIn(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_heard)))))
        {
            if (_heard.Count >= MostBody || _ended)
                break;
            var filled = loop.Now < due ? await _input.Fill(_transport!, Left(due)) : IoStatus.TimedOut;
            if (filled == IoStatus.Closed && (!_answers || _framer.TakeEnd(_input, out _) == FrameState.Complete))
            {
                _ended = true;
                if (_heard.Count == 0 && !step.Settings.Not && !_answers)
                    return new(ProbeFault.Closed);
            }
            else if (filled != IoStatus.Done)
            {
                return _answers ? new(ProbeFault.Body) : Failed(filled);
            }
            else if (_answers)
            {
                TakeOfBody();
            }
            else
            {
                _heard.AddRange(_input.TakeAll(room: 0).Span);
                _input.Release();
            }
        }

        return step.IsIn(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_heard)) != step.Settings.Not ? default : new(ProbeFault.Body);
    }

    private void TakeOfBody()
    {
        while (!_ended)
        {
            _ended = _framer.Take(_input, out var piece) != FrameState.More;
            if (piece.Length == 0)
                return;
            _heard.AddRange(piece.Span);
        }
    }

    /// <summary>Opens a connection as a step of a script says, or as the check does.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Open(ProbeTarget target, CompiledStep? compiled, long due)
    {
        var step = compiled?.Settings;
        var place = (step?.Port ?? (compiled?.Address is null ? null : target.Address?.Port)) is { } port && (compiled?.Address ?? target.Address?.Address()) is { } ip ? KernelAddress.For(ip, port) : target.Address;
        if (place is not { } address)
            return new(ProbeFault.Unresolved);
        _transport = loop.Network.Connect(address, out _, target.IsBrief, target.Source);
        if (_transport is null)
            return new(ProbeFault.Refused);
        var introduces = step?.ProxyProtocol switch { null => target.ProxyProtocol, false => ProxyProtocolVersion.None, true => target.ProxyProtocol == ProxyProtocolVersion.None ? ProxyProtocolVersion.V1 : target.ProxyProtocol };
        return await Connect(target, introduces, step?.Tls ?? true, due);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Connect(ProbeTarget target, ProxyProtocolVersion introduces, bool secures, long due)
    {
        var wake = await _transport!.Writable(Left(due));
        if (wake != Wake.Ready)
            return new(ProbeFault.ConnectTimeout);
        if (_transport.ConnectError() != 0)
            return new(ProbeFault.Refused);
        if (target.Key.Server.Greets && await Greeting.Take(_transport, due) is var greeted and not IoStatus.Done)
            return new(greeted == IoStatus.TimedOut ? ProbeFault.ConnectTimeout : ProbeFault.Refused);
        if (introduces != ProxyProtocolVersion.None && await Introduce(introduces, due) is { Passed: false } refused)
            return refused;
        return target.Tls is null || !secures ? default : await Secure(target, due);
    }

    // On our own behalf: there is no client that the connection would be for.
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Introduce(ProxyProtocolVersion version, long due)
    {
        var block = loop.Blocks.Rent();
        var length = ProxyHeaderWriter.Write(block.Span, version, default, default);
        if (version == ProxyProtocolVersion.V2)
            block.Span[12] = 0x20; // LOCAL
        var sent = await _transport!.SendAll(block.Slice(0, length), Left(due));
        loop.Blocks.Return(block);
        return sent == IoStatus.Done ? default : Failed(sent);
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Secure(ProbeTarget target, long due)
    {
        var client = target.Tls!;
        var secured = new TlsTransport(_transport!, tls);
        _transport = secured;

        // The names that requests say are not known here: without one of the settings' own any will do, as in HAProxy.
        var verdict = new CertificateVerdict(client.Settings, anyName: client.Settings is { NameOfRequest: not null, Name: null });
        if (await secured.Connect(client.OptionsFor(target.Host, verdict), due))
            return default;
        return new(secured.TimedOut ? ProbeFault.Timeout : verdict.Fault == CertificateFault.None ? ProbeFault.Tls : ProbeFault.Certificate);
    }

    /// <summary>Reads a line of an agent.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> Hear(ProbeTarget target, long due)
    {
        if (target.Question.Length > 0 && await Say(target.Question, due) is { Passed: false } unsaid)
            return unsaid;

        while (_input.Unread.IndexOfAny((byte)'\r', (byte)'\n') < 0 && _input.Unread.Length < MostOfAgent)
        {
            var filled = loop.Now < due ? await _input.Fill(_transport!, Left(due)) : IoStatus.TimedOut;
            if (filled == IoStatus.Closed && !_input.IsEmpty)
                break;
            if (filled != IoStatus.Done)
                return Failed(filled);
        }

        return new(ProbeFault.None) { Reply = AgentReply.Read(_input.Unread) };
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<ProbeResult> ReadHead(long due)
    {
        while (true)
        {
            var state = _head.Read(_input.Unread, (int)ByteSize.FromKibibytes(16).Bytes, MostFields);
            if (state == HeadState.Complete)
            {
                _input.HoldHead(_head.Length);
                return default;
            }

            if (state == HeadState.Invalid)
                return new(ProbeFault.NotHttp);
            var filled = loop.Now < due ? await _input.Fill(_transport!, Left(due)) : IoStatus.TimedOut;
            if (filled != IoStatus.Done)
                return Failed(filled);
        }
    }

    private long Left(long due) => Math.Max(1, due - loop.Now);

    private static ProbeResult Failed(IoStatus status) => new(status == IoStatus.TimedOut ? ProbeFault.Timeout : ProbeFault.Closed);
}

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Simulation.Machinery;

/// <summary>What clients and servers of a random run agree on: bodies follow from their length and number alone.</summary>
internal sealed class RandomTalk(SimulatedProxy proxy, int largestBody, int? largestUpload = null)
{
    private readonly Waiter[] _pauses = [.. Enumerable.Range(0, 64).Select(_ => new Waiter(proxy.Events))];

    public SimulatedProxy Proxy => proxy;

    public Random Random => proxy.Driver.Random;

    public List<string> Trace { get; } = [];

    public int RandomLength() => RandomLength(largestBody);

    public int RandomUpload() => RandomLength(largestUpload ?? largestBody);

    private int RandomLength(int largest) => Random.Next(4) == 0 ? 0 : (int)(largest * Math.Pow(Random.NextDouble(), 4));

    public static byte[] Body(int number, int length)
    {
        var body = new byte[length];
        for (var i = 0; i < length; i++)
            body[i] = (byte)((i * 31) + number + (i >> 8));
        return body;
    }

    public static string Digest(byte[] body) => Convert.ToHexString(SHA256.HashData(body));

    /// <summary>Sends bytes, sometimes in pieces with pauses between.</summary>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<bool> Send(Transport transport, byte[] bytes)
    {
        var block = proxy.Events.Blocks.Rent();
        var status = IoStatus.Done;
        for (var sent = 0; sent < bytes.Length && status == IoStatus.Done;)
        {
            var count = Math.Min(bytes.Length - sent, Random.Next(3) == 0 ? Random.Next(1, 600) : Block.Size);
            bytes.AsSpan(sent, count).CopyTo(block.Span);
            status = await transport.SendAll(block.Slice(0, count), 0);
            sent += count;
            if (Random.Next(8) == 0)
                await Pause(Random.Next(1, 40));
        }

        proxy.Events.Blocks.Return(block);
        return status == IoStatus.Done;
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    public async ValueTask Pause(int milliseconds)
    {
        var free = Array.Find(_pauses, pause => !pause.Waiting);
        if (free is not null)
            await free.Wait(proxy.Events.In(milliseconds));
    }

    /// <summary>A body with the fields and the framing that announce it.</summary>
    public (string Fields, byte[] Framed) Frame(byte[] body, bool chunked)
    {
        if (!chunked)
            return ($"Content-Length: {body.Length}\r\n", body);
        var framed = new List<byte>();
        for (var start = 0; start < body.Length;)
        {
            var count = Math.Min(body.Length - start, Random.Next(1, 3000));
            var extension = Random.Next(5) == 0 ? ";note=\"x\"" : "";
            framed.AddRange(Encoding.ASCII.GetBytes($"{count:x}{extension}\r\n"));
            framed.AddRange(body.AsSpan(start, count));
            framed.AddRange("\r\n"u8);
            start += count;
        }

        framed.AddRange(Random.Next(3) == 0 ? "0\r\nX-Trailer: 1\r\n\r\n"u8 : "0\r\n\r\n"u8);
        return ("Transfer-Encoding: chunked\r\n", [.. framed]);
    }
}

/// <summary>A server that answers each request with the body it asks for, in a framing that chance picks.</summary>
internal sealed class RandomServer(RandomTalk talk, int port) : Acceptor
{
    private readonly List<Transport> _open = [];

    public int Answered { get; private set; }

    public void Start() => talk.Proxy.Driver.Listen(port, this);

    /// <summary>Dies as a process does: nothing listens any more, and every connection is reset.</summary>
    public void Kill()
    {
        talk.Proxy.Driver.StopListening(port);
        foreach (var transport in _open.ToArray())
        {
            transport.ResetOnClose();
            transport.Abort();
        }
    }

    public override void Accepted(in AcceptedConnection connection)
    {
        var transport = talk.Proxy.Driver.Adopt(connection);
        _open.Add(transport);
        talk.Proxy.Play(Serve(transport));
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Serve(Transport transport)
    {
        var reader = new MessageReader(talk.Proxy.Events, transport);
        while (await reader.Read() is { } request)
        {
            var length = int.Parse(request["X-Length"]!, CultureInfo.InvariantCulture);
            var number = int.Parse(request["X-Number"]!, CultureInfo.InvariantCulture);
            if (talk.Random.Next(4) == 0)
                await talk.Pause(talk.Random.Next(1, 100));
            var bodiless = request.StartLine.StartsWith("HEAD", StringComparison.Ordinal);

            // An empty body is counted, so that its answer is whole or not there at all.
            var untilClose = !bodiless && length > 0 && talk.Random.Next(6) == 0;
            var (fields, framed) = talk.Frame(RandomTalk.Body(number, length), chunked: length > 0 && talk.Random.Next(2) == 0);
            if (untilClose)
                (fields, framed) = ("", RandomTalk.Body(number, length));
            var interim = talk.Random.Next(8) == 0 ? "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" : "";
            var head = $"{interim}HTTP/1.1 200 OK\r\nX-Digest: {RandomTalk.Digest(request.Body)}\r\n{fields}\r\n";
            Answered++;
            if (!await talk.Send(transport, [.. Encoding.ASCII.GetBytes(head), .. bodiless ? [] : framed]) || untilClose)
                break;
        }

        reader.Release();
        _open.Remove(transport);
        transport.Close();
    }
}

/// <summary>A client that sends random requests over as many connections as it takes, and checks every byte of the answers.</summary>
internal sealed class RandomClient(RandomTalk talk, int name, int requests, bool idempotentOnly)
{
    public bool Ended { get; private set; }

    public int Answers { get; private set; }

    public string? Complaint { get; private set; }

    public void Start() => talk.Proxy.Play(Run());

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private async ValueTask Run()
    {
        Transport? transport = null;
        MessageReader? reader = null;
        for (var i = 0; i < requests && Complaint is null; i++)
        {
            if (transport is null)
            {
                transport = talk.Proxy.Connect();
                reader = new MessageReader(talk.Proxy.Events, transport);
                await transport.Writable(0);
            }

            var close = await Ask(transport, reader!, (name * 10_000) + i);
            if (!close && talk.Random.Next(10) > 0)
                continue;
            reader!.Release();
            transport.Close();
            transport = null;
        }

        reader?.Release();
        transport?.Close();
        Ended = true;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> Ask(Transport transport, MessageReader reader, int number)
    {
        string[] methods = idempotentOnly ? ["GET", "HEAD", "PUT"] : ["GET", "HEAD", "PUT", "POST", "POST"];
        var method = methods[talk.Random.Next(methods.Length)];
        var upload = method is "PUT" or "POST" ? RandomTalk.Body(number + 7, talk.RandomUpload()) : [];
        var (fields, framed) = method is "PUT" or "POST" ? talk.Frame(upload, chunked: talk.Random.Next(2) == 0) : ("", []);
        var length = talk.RandomLength();
        var head = $"{method} /{number} HTTP/1.1\r\nHost: example.com\r\nX-Number: {number}\r\nX-Length: {length}\r\n{fields}\r\n";
        await talk.Send(transport, [.. Encoding.ASCII.GetBytes(head), .. framed]);

        var bodiless = method == "HEAD";
        var answer = await reader.Read(bodiless);
        while (answer is { Status: < 200 })
            answer = await reader.Read(bodiless);
        Complaint = answer is null ? $"{method} {number}: no whole answer"
            : answer.Status != 200 ? $"{method} {number}: {Encoding.UTF8.GetString(answer.Body)}"
            : answer["X-Digest"] != RandomTalk.Digest(upload) ? $"{method} {number}: the request body was changed"
            : !bodiless && !answer.Body.AsSpan().SequenceEqual(RandomTalk.Body(number, length)) ? $"{method} {number}: the answer was changed"
            : null;
        Answers++;
        talk.Trace.Add($"{talk.Proxy.Events.Now} {number} {answer?.StartLine}");
        return answer?["Connection"] == "close" || reader.AtEnd;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Steelyard.Resolving;

/// <summary>
/// Asks DNS servers over UDP, and over TCP what does not fit. Each question has a socket, and so a port, of its own and an
/// id by lot; what comes from elsewhere or answers something else is passed over, and the right answer still awaited.
/// </summary>
internal static class DnsClient
{
    private const int FormatError = 1;
    private const int NotImplemented = 4;

    /// <summary>Asks servers one after the other until one says something.</summary>
    /// <param name="servers">Where they are.</param>
    /// <param name="name">The name.</param>
    /// <param name="type">What of it.</param>
    /// <param name="timeout">How long each may take.</param>
    /// <param name="attempts">How many times each is asked.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <returns>The answer, with <see cref="DnsStatus.Failed"/> where nobody gave one; and why nobody did.</returns>
    public static async Task<(DnsAnswer Answer, string? Why)> AskAsync(IReadOnlyList<IPEndPoint> servers, string name, DnsType type, TimeSpan timeout, int attempts, CancellationToken cancel)
    {
        var why = "there is no DNS server to ask";
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            foreach (var server in servers)
            {
                var answer = await AskOneAsync(server, name, type, timeout, cancel);
                if (answer.Answer is { Status: DnsStatus.Found or DnsStatus.NoName or DnsStatus.NoRecords } said)
                    return (said, null);
                why = answer.Why ?? $"{server} answers {Word(answer.Answer!)}";
            }
        }

        return (new(DnsStatus.Failed), why);
    }

    private static string Word(DnsAnswer answer) => answer.Status == DnsStatus.Malformed ? "what cannot be understood" : answer.Code switch
    {
        1 => "that it does not understand the question (FORMERR)",
        2 => "that it cannot say (SERVFAIL)",
        4 => "that it cannot do this (NOTIMP)",
        5 => "that it refuses to say (REFUSED)",
        var code => $"with the error {code}",
    };

    private static async Task<(DnsAnswer? Answer, string? Why)> AskOneAsync(IPEndPoint server, string name, DnsType type, TimeSpan timeout, CancellationToken cancel)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        time.CancelAfter(timeout);
        var asked = $"{server}";
        try
        {
            var answer = await AskByDatagramAsync(server, name, type, extended: true, time.Token);
            if (answer is { Status: DnsStatus.Failed, Code: FormatError or NotImplemented })
                answer = await AskByDatagramAsync(server, name, type, extended: false, time.Token);
            if (answer.Status == DnsStatus.Truncated)
            {
                asked = $"{server} over TCP";
                answer = await AskByStreamAsync(server, name, type, time.Token);
            }

            return (answer, null);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"{asked} does not answer");
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return (null, error is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? $"nobody answers at {asked}" : $"{asked} cannot be asked: {error.Message}");
        }
    }

    private static async Task<DnsAnswer> AskByDatagramAsync(IPEndPoint server, string name, DnsType type, bool extended, CancellationToken cancel)
    {
        // Connected, so that the kernel takes nothing from anybody else, and says where nobody listens.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancel);
        var id = (ushort)RandomNumberGenerator.GetInt32(0x10000);
        var buffer = new byte[DnsMessage.MostOfDatagram];
        var length = DnsMessage.Write(buffer, id, name, type, extended);
        if (length == 0)
            return new(DnsStatus.Malformed);
        await socket.SendAsync(buffer.AsMemory(0, length), cancel);
        while (true)
        {
            // Some servers send more than they were told to, up to all that a datagram holds: what came says how much that is.
            await socket.ReceiveAsync(buffer, SocketFlags.Peek, cancel);
            if (socket.Available > buffer.Length)
                buffer = new byte[socket.Available];
            var received = await socket.ReceiveAsync(buffer, cancel);
            if (DnsMessage.Read(buffer.AsSpan(0, received), id, name, type) is { Status: not DnsStatus.Foreign } answer)
                return answer;
        }
    }

    private static async Task<DnsAnswer> AskByStreamAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancel);
        await using var stream = new NetworkStream(socket);
        var id = (ushort)RandomNumberGenerator.GetInt32(0x10000);
        var question = new byte[DnsMessage.MostOfQuestion + 2];

        // Here answers of any size fit, and nobody stumbles over being told how large they may be.
        var length = DnsMessage.Write(question.AsSpan(2), id, name, type, extended: false);
        BinaryPrimitives.WriteUInt16BigEndian(question, (ushort)length);
        await stream.WriteAsync(question.AsMemory(0, length + 2), cancel);
        var size = new byte[2];
        await stream.ReadExactlyAsync(size, cancel);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
        await stream.ReadExactlyAsync(answer, cancel);
        var read = DnsMessage.Read(answer, id, name, type);
        return read.Status is DnsStatus.Foreign or DnsStatus.Truncated ? new(DnsStatus.Malformed) : read;
    }
}

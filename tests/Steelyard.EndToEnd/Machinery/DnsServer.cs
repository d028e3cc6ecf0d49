using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A DNS server that says what a test wants it to, over UDP and TCP on one port: the truth, lies, or nothing.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    // As large as UDP over IPv4 can be.
    public const int LargestDatagram = 65_507;

    private readonly Socket _datagrams;
    private readonly TcpListener _streams;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private volatile Dictionary<string, Record[]> _records = new(StringComparer.OrdinalIgnoreCase);
    private int _questions;
    private int _byStream;
    private volatile bool _refusesStreams;

    private sealed record Record(ushort Type, byte[] Data);

    private DnsServer(Socket datagrams, TcpListener streams)
    {
        (_datagrams, _streams, Port) = (datagrams, streams, ((IPEndPoint)streams.LocalEndpoint).Port);
        _serving = Task.WhenAll(Task.Run(ServeDatagramsAsync), Task.Run(ServeStreamsAsync));
    }

    /// <param name="port">The port; 0 for any that is free.</param>
    public static DnsServer Start(int port = 0)
    {
        while (true)
        {
            var streams = new TcpListener(IPAddress.Loopback, port);
            streams.Start();
            var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                datagrams.Bind(streams.LocalEndpoint);
                return new(datagrams, streams);
            }
            catch (SocketException) when (port == 0)
            {
                // Somebody has the port for datagrams alone.
                streams.Dispose();
                datagrams.Dispose();
            }
        }
    }

    public int Port { get; }

    /// <summary>What it sends in one datagram at most, whatever it is told; the rest is asked for over TCP.</summary>
    public int MostOfDatagram { get; set; } = 1232;

    /// <summary>Whether it knows EDNS (RFC 6891); one that does not understands no such question.</summary>
    public bool KnowsExtensions { get; set; } = true;

    /// <summary>Whether it closes every connection over TCP with a reset.</summary>
    public bool ResetsStreams { get; set; }

    public TimeSpan Ttl { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether it takes questions and says nothing.</summary>
    public bool Silent { get; set; }

    /// <summary>The response code of every answer; 0 for the truth.</summary>
    public int Code { get; set; }

    /// <summary>The datagrams that are sent in the place of an answer, worked out from the answer.</summary>
    public Func<byte[], IEnumerable<byte[]>>? Lie { get; set; }

    public int Questions => Volatile.Read(ref _questions);

    /// <summary>How many of them came over TCP.</summary>
    public int ByStream => Volatile.Read(ref _byStream);

    /// <summary>Takes no connections over TCP any more.</summary>
    public void RefuseStreams()
    {
        _refusesStreams = true;
        _streams.Stop();
    }

    /// <summary>Lets a name have addresses; none for a name that there is not.</summary>
    public void Set(string name, params IEnumerable<string> addresses) => Put(name, [.. addresses.Select(IPAddress.Parse).Select(address =>
        new Record((ushort)(address.AddressFamily == AddressFamily.InterNetwork ? 1 : 28), address.GetAddressBytes()))]);

    /// <summary>Lets a name be another.</summary>
    public void Alias(string name, string other) => Put(name, [new(5, Name(other))]);

    /// <summary>Lets a name have services.</summary>
    public void Offer(string name, params (string Target, int Port, int Priority, int Weight)[] services) => Put(name, Array.ConvertAll(services, service =>
        new Record(33, [.. Number(service.Priority), .. Number(service.Weight), .. Number(service.Port), .. Name(service.Target)])));

    private void Put(string name, Record[] records)
    {
        var all = new Dictionary<string, Record[]>(_records, StringComparer.OrdinalIgnoreCase) { [name] = records };
        _records = all;
    }

    /// <summary>Ends when it was asked so many times more.</summary>
    public Task AskedAsync(int more = 1)
    {
        var before = Questions;
        return Patience.Until(() => Questions >= before + more);
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[4096];
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token);
                Interlocked.Increment(ref _questions);
                if (Silent)
                    continue;
                var answer = Answer(buffer[..received.ReceivedBytes], MostOfDatagram);
                foreach (var datagram in Lie?.Invoke(answer) ?? [answer])
                    await _datagrams.SendToAsync(datagram, received.RemoteEndPoint, _end.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // The end, or somebody who did not wait for the answer.
            }
        }
    }

    private async Task ServeStreamsAsync()
    {
        while (!_end.IsCancellationRequested && !_refusesStreams)
        {
            try
            {
                using var client = await _streams.AcceptTcpClientAsync(_end.Token);
                if (ResetsStreams)
                {
                    client.LingerState = new(true, 0);
                    continue;
                }

                var stream = client.GetStream();
                var size = new byte[2];
                await stream.ReadExactlyAsync(size, _end.Token);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
                await stream.ReadExactlyAsync(question, _end.Token);
                Interlocked.Increment(ref _questions);
                Interlocked.Increment(ref _byStream);
                var answer = Answer(question, ushort.MaxValue);
                await stream.WriteAsync((byte[])[.. Number(answer.Length), .. answer], _end.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // The same.
            }
        }
    }

    private byte[] Answer(byte[] question, int most)
    {
        if (!KnowsExtensions && question[11] > 0)
            return [.. question[..2], 0x81, 0x81, .. new byte[8]];
        var (at, labels) = (12, new List<string>());
        while (question[at] > 0)
        {
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
            at += question[at] + 1;
        }

        var (name, type) = (string.Join('.', labels), BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(at + 1)));
        var asked = question[12..(at + 5)];
        List<byte> body = [];
        var (answers, extras) = (0, 0);
        var owner = (byte[])[0xC0, 12];
        var known = _records.TryGetValue(name, out var records) && records.Length > 0;
        for (var hops = 0; known && hops < 8; hops++)
        {
            var alias = Array.Find(records!, record => record.Type == 5);
            foreach (var record in alias is not null ? [alias] : records!.Where(record => record.Type == type))
            {
                body.AddRange(Written(owner, record));
                answers++;
            }

            if (alias is null || !_records.TryGetValue(Text(alias.Data), out records))
                break;
            owner = alias.Data;
        }

        // As RFC 2782 would have it, the addresses of the targets of services come along.
        foreach (var service in known && type == 33 ? records! : [])
        {
            var target = service.Data[6..];
            foreach (var record in _records.GetValueOrDefault(Text(target), []))
            {
                body.AddRange(Written(target, record));
                extras++;
            }
        }

        var code = Code > 0 ? Code : known ? 0 : 3;
        var cut = 12 + asked.Length + body.Count > most;
        return [.. question[..2], (byte)(0x81 | (cut ? 2 : 0)), (byte)(0x80 | code), 0, 1, .. Number(cut || Code > 0 ? 0 : answers), 0, 0, .. Number(cut || Code > 0 ? 0 : extras), .. asked, .. cut || Code > 0 ? [] : body];
    }

    private byte[] Written(byte[] owner, Record record) =>
        [.. owner, .. Number(record.Type), 0, 1, .. BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)Ttl.TotalSeconds)), .. Number(record.Data.Length), .. record.Data];

    private static string Text(byte[] name)
    {
        List<string> labels = [];
        for (var at = 0; name[at] > 0; at += name[at] + 1)
            labels.Add(Encoding.ASCII.GetString(name, at + 1, name[at]));
        return string.Join('.', labels);
    }

    private static byte[] Name(string name) => [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private static byte[] Number(int number) => [(byte)(number >> 8), (byte)number];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _streams.Dispose();
        _datagrams.Dispose();
        await _serving;
        _end.Dispose();
    }
}

// Opens connections, makes one request on each, says "open", and holds them idle until a line (or
// the end) arrives on the input. One after the other, so that the proxy needs one connection to a
// server and what grows is the cost of idle clients. Usage: bench-idle PORT COUNT PATH
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

if (args is not [var portText, var countText, var path])
{
    await Console.Error.WriteLineAsync("usage: bench-idle PORT COUNT PATH");
    return 2;
}

var origin = new IPEndPoint(IPAddress.Loopback, int.Parse(portText, CultureInfo.InvariantCulture));
var count = int.Parse(countText, CultureInfo.InvariantCulture);
var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {origin}\r\n\r\n");
var buffer = new byte[64 * 1024];
var sockets = new List<Socket>(count);
try
{
    while (sockets.Count < count)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
        sockets.Add(socket);
        socket.Connect(origin);
        socket.Send(request);
        ReadAnswer(socket, buffer);
    }
}
catch (Exception fault) when (fault is SocketException or InvalidDataException)
{
    Console.WriteLine($"connection {sockets.Count}: {fault.Message}");
    return 1;
}

Console.WriteLine("open");
await Console.In.ReadLineAsync();
foreach (var socket in sockets)
    socket.Dispose();
return 0;

static void ReadAnswer(Socket socket, byte[] buffer)
{
    var length = 0;
    while (true)
    {
        var read = socket.Receive(buffer.AsSpan(length));
        if (read == 0)
            throw new InvalidDataException("closed before the whole answer had come");
        length += read;
        var answer = Encoding.ASCII.GetString(buffer, 0, length);
        var head = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
            continue;
        if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            throw new InvalidDataException(answer[..answer.IndexOf('\r', StringComparison.Ordinal)]);
        if (length >= head + 4 + ContentLength(answer[..head]))
            return;
    }
}

static int ContentLength(string head)
{
    foreach (var line in head.Split("\r\n"))
    {
        if (line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
            return int.Parse(line.AsSpan("content-length:".Length).Trim(), CultureInfo.InvariantCulture);
    }
    throw new InvalidDataException("an answer without Content-Length");
}

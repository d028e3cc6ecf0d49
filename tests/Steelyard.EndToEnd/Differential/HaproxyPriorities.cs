using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>Who waits for a server gets it in the order in which the real HAProxy gives it.</summary>
public sealed class HaproxyPriorities
{
    [Theory]
    [InlineData("http-request set-priority-class req.hdr(X-Class)", "5", "-1", "", "7", "-2000", "0", "9999")]
    [InlineData("http-request set-priority-class int(3) if { req.hdr(X-Class) 3 }", "3", "", "3", "1")]
    [InlineData("http-request set-priority-offset req.hdr(X-Class)", "60000", "0", "-60000", "-30000", "")]
    [InlineData("tcp-request inspect-delay 2s\n tcp-request content set-priority-class req.hdr(X-Class)", "2", "1", "0")]
    public async Task Requests_are_served_in_the_same_order(string line, params string[] classes)
    {
        var (order, gate) = (new List<string>(), new SemaphoreSlim(0));
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is { } request)
            {
                lock (order)
                    order.Add(request["X-Name"]!);
                await gate.WaitAsync(TestContext.Current.CancellationToken);
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        var configuration = $"""
            defaults
             mode http
             timeout client 10s
             timeout server 10s
             timeout connect 5s
             timeout queue 10s
            frontend front
             bind ADDRESS
             http-request return status 200 content-type text/plain lf-string %[queue(back)] if {"{ path /queue }"}
             default_backend back
            backend back
             {line}
             server one {origin.Address} maxconn 1

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            order.Clear();
            List<RawClient> clients = [];
            using var watcher = await connect();
            for (var i = 0; i <= classes.Length; i++)
            {
                var client = await connect();
                clients.Add(client);
                await client.Send($"GET / HTTP/1.1\r\nHost: x\r\nX-Name: {(i == 0 ? "first" : $"{i}: {classes[i - 1]}")}\r\n{(i == 0 ? "" : $"X-Class: {classes[i - 1]}\r\n")}\r\n");
                if (i == 0)
                    await Patience.Until(() => origin.Requests > 0 && order.Count == 1);
                else
                    await Patience.Until(async () => (await watcher.Ask("GET /queue HTTP/1.1\r\nHost: x\r\n\r\n")).Text == $"{i}", () => $"{i} in the queue");
            }

            gate.Release(clients.Count);
            foreach (var client in clients)
            {
                Assert.Equal(200, (await client.ReadResponse("GET")).Status);
                client.Dispose();
            }

            return (List<string>)[.. order];
        });
        Assert.Equal(theirs, ours);
    }
}

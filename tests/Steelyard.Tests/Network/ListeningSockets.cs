using System.Net;
using System.Net.Sockets;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Tests.Loops;

namespace Steelyard.Tests.Network;

/// <summary>What becomes of those who have connected to a socket that is closed.</summary>
public sealed class ListeningSockets
{
    [Theory]
    [InlineData(10, 3)]
    [InlineData(2, 2)]
    public void Who_has_connected_is_taken_before_it_is_left_and_nobody_else_can_connect(int room, int taken) => OnLoop.OnThread(() =>
    {
        using var driver = new KernelDriver();
        var loop = new EventLoop(0, driver);
        loop.Enter();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var handle = (int)listener.Handle;
        var acceptor = new CountingAcceptor(room);
        driver.Listen(handle, acceptor);
        var clients = new List<Socket>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            clients[i].Connect(listener.LocalEndPoint!);
        }

        ListeningSocket.TurnAway(handle);
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var connecting = late.BeginConnect(listener.LocalEndPoint!, null, null);
        driver.StopListening(handle);
        loop.Turn(0);

        Assert.Equal(taken, acceptor.Taken.Count);
        Assert.False(connecting.AsyncWaitHandle.WaitOne(TimeSpan.FromMilliseconds(50)));
        foreach (var fd in acceptor.Taken)
            new SafeSocketHandle(fd, ownsHandle: true).Dispose();
        clients.ForEach(client => client.Dispose());
    });

    private sealed class CountingAcceptor(int room) : Acceptor
    {
        public List<int> Taken { get; } = [];

        public override bool TryReserve() => Taken.Count < room;

        public override void Accepted(in AcceptedConnection connection) => Taken.Add(connection.Handle);
    }
}

using System.Net.Sockets;
using Steelyard.Admin;
using Steelyard.Config;
using Steelyard.Engine.Lists;
using Steelyard.Keeper;

namespace Steelyard.Haproxy;

/// <summary>
/// Takes HAProxy's commands on sockets that were handed over (its management guide, 9.3): one line of commands and an end,
/// or a talk where the line is <c>prompt</c>. Nothing of it is on the path of requests.
/// </summary>
internal sealed class CommandServer(AdminDesk desk)
{
    private const int LongestLine = 64 * 1024;

    private readonly CommandDesk _commands = new(desk);
    private List<Socket> _sockets = [];

    /// <summary>The pages about the balancer that routes serve.</summary>
    public StatPage Pages => field ??= new(_commands);

    /// <summary>Looks at what is counted; once a second. Where nobody can ask for it, nobody looks.</summary>
    public void Look()
    {
        if (_sockets.Count > 0 || desk.Served.Snapshot.Listeners.AsEnumerable().Any(listener => listener.Routes.AsEnumerable().Any(route => route.Statistics is not null)))
            _commands.Stats.Look();
    }

    /// <summary>Listens on these sockets in the place of those before; talks that have begun go on.</summary>
    /// <param name="handles">The sockets in the order of the configuration; they stay whose they are.</param>
    public Task ListenAsync(ValueList<int> handles)
    {
        var before = _sockets;
        _sockets = [];
        for (var i = 0; i < handles.Count; i++)
        {
            var socket = new Socket(new SafeSocketHandle(Posix.fcntl(handles[i], Posix.F_DUPFD_CLOEXEC, 0), ownsHandle: true));
            _sockets.Add(socket);
            _ = AcceptAsync(socket, desk.Served.Snapshot.Admin!.CommandSockets[i].Level);
        }

        foreach (var socket in before)
            socket.Dispose();
        return Task.CompletedTask;
    }

    private async Task AcceptAsync(Socket listener, CommandLevel level)
    {
        try
        {
            while (true)
                _ = TalkAsync(await listener.AcceptAsync(), level);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is listened on no more.
        }
    }

    private async Task TalkAsync(Socket client, CommandLevel level)
    {
        using var stream = new NetworkStream(client, ownsSocket: true);
        try
        {
            var talk = new CommandTalk(_commands, level);
            var lines = new LineBuffer(LongestLine);
            while (!talk.Over)
            {
                using var patience = new CancellationTokenSource(talk.Patience);
                var read = await stream.ReadAsync(lines.Free, patience.Token);
                lines.Take(read);
                while (!talk.Over && lines.TryTake(out var line))
                    await stream.WriteAsync(BytesText.Encode(await talk.AnswerAsync(line)));
                if (read == 0 || lines.IsFull)
                    return;
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever asked has gone, or says nothing.
        }
    }
}

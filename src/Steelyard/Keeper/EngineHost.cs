using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Steelyard.Admin;
using Steelyard.Balancing;
using Steelyard.Commands;
using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Engine.Sticky;
using Steelyard.Serving;

namespace Steelyard.Keeper;

/// <summary>The engine's side of the talk with the keeper: does what it is told, until it is told to stop or the keeper has gone.</summary>
internal sealed class EngineHost : IDisposable
{
    private const int ChannelHandle = 3;

    private readonly MessageChannel _channel = new(ChannelHandle);
    private readonly Dictionary<int, int> _handles = [];
    private readonly CancellationTokenSource _force = new();
    private EngineService? _service;
    private ListeningSockets? _sockets;
    private readonly KeeperLine _keeper;
    private readonly List<ServerChange> _changes = [];
    private readonly List<(string Pool, BreakerHold Hold)> _holds = [];
    private ClientMemory? _clients;
    private AdminService _admin = new([], null);
    private TimeSpan _shutdown;
    private IReadOnlyDictionary<string, LentFile> _lent = new Dictionary<string, LentFile>(StringComparer.Ordinal);

    private EngineHost() => _keeper = new(_channel);

    /// <summary>Serves what the keeper hands over on descriptor 3.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync()
    {
        _ = Posix.fcntl(ChannelHandle, Posix.F_SETFD, Posix.FD_CLOEXEC);

        // The keeper says when to stop; a service manager sends its signals to both.
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static signal => signal.Cancel = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static signal => signal.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, static signal => signal.Cancel = true);
        using var host = new EngineHost();

        // Who sends them by the name of the program means the keeper, and this process would die of them.
        using var reopen = PosixSignalRegistration.Create(StopSignals.SigUsr1, signal => host.Reopen(signal));
        using var upgrade = PosixSignalRegistration.Create(StopSignals.SigUsr2, static signal => signal.Cancel = true);
        return await host.ObeyAsync();
    }

    public void Dispose()
    {
        _channel.Dispose();
        _sockets?.Dispose();
        _force.Dispose();
    }

    private void Reopen(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _service?.ReopenLogs();
    }

    private async Task<int> ObeyAsync()
    {
        Task? stopping = null;
        await foreach (var message in _channel.Received.ReadAllAsync())
        {
            switch (message.Word)
            {
                case EngineWords.Sockets:
                    for (var i = 0; i < message.Handles.Count; i++)
                        _handles[int.Parse(message.Arguments[i], CultureInfo.InvariantCulture)] = message.Handles[i];
                    break;
                case EngineWords.Admin:
                    TakeAdmin(message);
                    break;
                case EngineWords.Live:
                    await TakeAsync(message.Arguments.Chunk(4).Select(words => LiveChanges.FromWords(words)));
                    break;
                case EngineWords.Hold:
                    TakeHolds(message.Arguments);
                    break;
                case EngineWords.Told:
                    _keeper.Take(message);
                    break;
                case EngineWords.Files:
                    _lent = LentFile.Read(MemoryFile.Read(message.Handles[0]));
                    _service?.Files.Lend(_lent);
                    break;
                case EngineWords.Serve:
                    _channel.Send(await ServeAsync(message));
                    break;
                case EngineWords.Servers:
                    var servers = ServerListFile.Parse(MemoryFile.Read(message.Handles[0]), "the servers", out var problem);
                    await _service!.SetServersAsync(message.Arguments[1], servers ?? throw new InvalidOperationException($"The keeper sends servers that cannot be read: {problem!.Message}."));
                    _channel.Send(new(EngineWords.Servers, message.Arguments[0]));
                    break;
                case EngineWords.Idle:
                    var within = TimeSpan.FromMilliseconds(long.Parse(message.Arguments[3], CultureInfo.InvariantCulture));
                    _ = TellAfterAsync(_service!.IdleAsync(message.Arguments[1], AddressOf(message.Arguments[2]), within), message);
                    break;
                case EngineWords.Load:
                    _ = TellLoadAsync(message);
                    break;
                case EngineWords.Clients:
                    TakeClients(message.Handles[0]);
                    break;
                case EngineWords.Remember:
                    _service?.Remember();
                    _channel.Send(new(EngineWords.Remember, message.Arguments[0]));
                    break;
                case EngineWords.Reopen:
                    _service?.ReopenLogs();
                    break;
                case EngineWords.Stop:
                    stopping = StopAsync(message);
                    break;
                case EngineWords.Force:
                    await _force.CancelAsync();
                    break;
            }
        }

        _keeper.Close();
        if (stopping is null && _service is not null)
        {
            await Console.Error.WriteLineAsync("steelyard: the keeper has gone; what is in flight ends, and nothing new is taken");
            await _service.StopAsync(_shutdown, CloseSockets, _force.Token);
            return CommandLine.Failure;
        }

        await (stopping ?? Task.CompletedTask);
        return CommandLine.Success;
    }

    /// <summary>Serves what a message says.</summary>
    /// <returns>The answer.</returns>
    private async Task<Message> ServeAsync(Message message)
    {
        var text = MemoryFile.Read(message.Handles[0]);
        var (version, folder, user) = (message.Arguments[0], message.Arguments[1], message.Arguments[2]);
        if (version != EngineWords.Version)
            return new(EngineWords.Serving, $"this program speaks version {EngineWords.Version} with its keeper, which speaks {version}: start it anew");
        var read = ConfigurationFile.Parse(text, "the configuration");
        if (read.Snapshot is not { } snapshot)
            return new(EngineWords.Serving, $"the engine cannot read the configuration: {read.Problems.AsSpan()[0].Message}");

        var slots = message.Arguments[3].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var sockets = ListeningSockets.Adopt(slots.Select(slot => slot.Split(':')).Select(pair => Adopted(pair[0], pair[1])));
        try
        {
            if (_service is null && user.Length > 0)
                Privileges.DropTo(user, snapshot.Group);
            if (_service is null)
            {
                _service = new EngineService(folder, _keeper, _changes, _holds) { Remembered = () => _clients };
                _service.Files.Lend(_lent);
            }

            await _service.ServeAsync(new(snapshot, sockets, _admin, SourceIn(message)));
        }
        catch (EngineException error)
        {
            sockets.CloseExcept(_sockets);
            return new(EngineWords.Serving, error.Message.Split('\n'));
        }

        _sockets?.CloseExcept(sockets);
        (_sockets, _shutdown) = (sockets, snapshot.Shutdown);
        return new(EngineWords.Serving);
    }

    /// <summary>Takes the clients that an engine before remembers; what comes before there are pools waits for them.</summary>
    private void TakeClients(int handle)
    {
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        if (ClientMemory.Read(MemoryFile.ReadBytes(file)) is not { } clients)
            return;
        if (_service is null)
            _clients = clients;
        else
            _service.Recall(clients);
    }

    /// <summary>Takes the sockets of the admin API in the place of those before.</summary>
    private void TakeAdmin(Message message)
    {
        CloseAdmin();
        var count = int.Parse(message.Arguments[1], CultureInfo.InvariantCulture);
        _admin = new(message.Handles.Take(count).ToValueList(), message.Arguments[0].Length == 0 ? null : message.Arguments[0]) { CommandHandles = message.Handles.Skip(count).ToValueList() };
    }

    /// <summary>Goes by what operators want of servers; what comes before there are any waits for them.</summary>
    private async Task TakeAsync(IEnumerable<ServerChange> changes)
    {
        foreach (var change in changes)
        {
            if (_service is null)
                _changes.Add(change);
            else
                await _service.ChangeAsync(change);
        }
    }

    /// <summary>Holds breakers, or lets them go; what comes before there are any waits for them.</summary>
    private void TakeHolds(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count; i += 2)
        {
            var (pool, hold) = (words[i], Enum.Parse<BreakerHold>(words[i + 1]));
            if (_service is null)
                _holds.Add((pool, hold));
            else
                _service.Hold(pool, hold);
        }
    }

    private static ConfigurationSource SourceIn(Message message) => new(
        message.Arguments[4],
        message.Arguments[5],
        DateTimeOffset.Parse(message.Arguments[6], CultureInfo.InvariantCulture),
        int.Parse(message.Arguments[7], CultureInfo.InvariantCulture));

    private HandedSocket Adopted(string slot, string listener)
    {
        var number = int.Parse(slot, CultureInfo.InvariantCulture);
        return new(_handles[number], number, int.Parse(listener, CultureInfo.InvariantCulture));
    }

    private async Task TellAfterAsync(Task awaited, Message message)
    {
        await awaited;
        _channel.Send(new(message.Word, message.Arguments[0]));
    }

    private async Task TellLoadAsync(Message message)
    {
        var load = await _service!.LoadAsync(message.Arguments[1]);
        _channel.Send(load is { } one
            ? new(EngineWords.Load, message.Arguments[0], Text(one.Active), Text(one.Waiting), one.Most is { } most ? Text(most) : "")
            : new(EngineWords.Load, message.Arguments[0]));

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    private static NetworkAddress AddressOf(string text) => NetworkAddress.TryParse(text, out var address, out _)
        ? address
        : throw new InvalidOperationException($"The keeper sends '{text}' as an address.");

    private async Task StopAsync(Message message)
    {
        var grace = TimeSpan.FromMilliseconds(long.Parse(message.Arguments[0], CultureInfo.InvariantCulture));
        var cut = _service is null ? 0 : await _service.StopAsync(grace, Release, keepIdle: message.Arguments[1] == EngineWords.KeepIdle, _force.Token);
        _channel.Send(new(EngineWords.Stopped, cut.ToString(CultureInfo.InvariantCulture)));
        _channel.Dispose();

        void Release()
        {
            CloseSockets();
            _channel.Send(new(EngineWords.Released));
        }
    }

    private void CloseSockets()
    {
        _sockets?.Dispose();
        CloseAdmin();
    }

    private void CloseAdmin()
    {
        foreach (var handle in _admin.Handles.AsEnumerable().Concat(_admin.CommandHandles.AsEnumerable()))
            _ = Posix.close(handle);
        _admin = new([], null);
    }
}

using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Steelyard.Admin;
using Steelyard.Apps;
using Steelyard.Apps.Scaling;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Keeper;

/// <summary>
/// An engine in a process of its own, on sockets that stay ours: it can die, or another can take its place, and whoever
/// connects meanwhile waits in the kernel.
/// </summary>
internal sealed class EngineProcess : IEngine
{
    private const int ChangesInOneMessage = 100;
    private const int LinesInAnAnswer = 100;
    private const int LongestLine = 500;

    // Beyond the time that it was given: a stuck loop is given up after five seconds.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _process;
    private readonly MessageChannel _channel;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Message>> _awaited = new();
    private readonly HashSet<int> _known = [];
    private readonly string _folder;
    private readonly string? _user;
    private readonly KeeperDesk _desk;
    private readonly FileLender? _lender;
    private readonly Lock _lending = new();
    private Snapshot? _lentFor;
    private AdminService? _admin;
    private readonly Action<SafeFileHandle> _tellOfClients;
    private int _asked;

    private EngineProcess(ChildProcess process, MessageChannel channel, string folder, string? user, KeeperDesk desk)
    {
        (_process, _channel, _folder, _user, _desk) = (process, channel, folder, user, desk);
        desk.CountEngine();
        _tellOfClients = clients => _channel.Send(new(EngineWords.Clients, [], [(int)clients.DangerousGetHandle()]));
        _ = DispatchAsync();
        if (user is null)
            return;
        _lender = new FileLender(folder);
        _ = WatchFilesAsync();
    }

    /// <summary>Its exit code once it has ended, whether it was told to or not.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>Starts one.</summary>
    /// <param name="program">The program file: <see cref="ThisProgram.Itself"/>, or what stands under its name now.</param>
    /// <param name="folder">The folder of the configuration.</param>
    /// <param name="user">Who it is to be; null for who we are.</param>
    /// <param name="desk">Who answers what it asks.</param>
    /// <exception cref="EngineException">It could not be started.</exception>
    public static EngineProcess Start(string program, string folder, string? user, KeeperDesk desk)
    {
        var (channel, theirs) = MessageChannel.CreatePair();
        try
        {
            var process = ChildProcess.Start(new() { Program = program, Words = [.. ThisProgram.Words, "engine"], Handles = [theirs], NoNewPrivileges = user is not null });
            return new(process, channel, folder, user, desk);
        }
        catch (Win32Exception error)
        {
            channel.Dispose();
            throw new EngineException($"the engine cannot be started: {program}: {error.Message}");
        }
        finally
        {
            _ = Posix.close(theirs);
        }
    }

    public async Task ServeAsync(ServedConfiguration served)
    {
        await TellOfAdminAsync(served.Admin);
        var (handed, source) = (served.Sockets.Handed, served.Source);
        foreach (var some in handed.Where(socket => !_known.Contains(socket.Slot)).Chunk(MessageChannel.MostHandles))
            await SendAsync(new(EngineWords.Sockets, [.. some.Select(socket => Text(socket.Slot))], [.. some.Select(socket => socket.Handle)]));
        var before = _lentFor;
        Lend(served.Snapshot);
        var answer = Answer(EngineWords.Serving);
        using (var configuration = MemoryFile.Create(ConfigurationFile.Write(served.Snapshot)))
        {
            await SendAsync(new(
                EngineWords.Serve,
                [EngineWords.Version, _folder, _user ?? "", string.Join(' ', handed.Select(socket => $"{socket.Slot}:{socket.Listener}")), source.File, source.Hash, source.At.ToString("O", CultureInfo.InvariantCulture), Text(source.Generation)],
                [(int)configuration.DangerousGetHandle()]));
        }

        if ((await answer).Arguments is { Count: > 0 } refusal)
        {
            Lend(before);
            throw new EngineException(string.Join('\n', refusal));
        }

        _known.Clear();
        _known.UnionWith(handed.Select(socket => socket.Slot));
    }

    /// <summary>Hands over certificates and keys that an engine of another user may not read, where they are not those that it has.</summary>
    /// <param name="next">What is served from now on; null for the same as before.</param>
    private void Lend(Snapshot? next)
    {
        if (_lender is null)
            return;
        lock (_lending)
        {
            _lentFor = next ?? _lentFor;
            if (_lentFor is not { } snapshot || _lender.Look(snapshot) is not { } files)
                return;
            using var file = MemoryFile.Create(LentFile.Write(files));
            _channel.Send(new(EngineWords.Files, [], [(int)file.DangerousGetHandle()]));
        }
    }

    /// <summary>Hands them over anew when they change; the engine sees for itself when a change is complete.</summary>
    private async Task WatchFilesAsync()
    {
        while (await Task.WhenAny(Exited, Task.Delay(LookEvery)) != Exited)
            Lend(next: null);
    }

    /// <summary>Hands the sockets of the admin API over, where they are not those it has; at first also what operators want.</summary>
    private async Task TellOfAdminAsync(AdminService admin)
    {
        if (_admin is null)
        {
            _desk.Changes.Follow(Tell, TellOfBreakers);
            _desk.Clients.Follow(_tellOfClients);
            foreach (var some in _desk.Changes.All.Chunk(ChangesInOneMessage))
                await SendAsync(new(EngineWords.Live, [.. some.SelectMany(LiveChanges.ToWords)]));
        }

        if (_admin is null && _desk.Changes.Holds is { Count: > 0 } holds)
            await SendAsync(new(EngineWords.Hold, [.. holds.SelectMany(hold => new[] { hold.Pool, hold.Hold.ToString() })]));
        if (_admin == admin)
            return;
        await SendAsync(new(EngineWords.Admin, [admin.Token ?? "", admin.Handles.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)], [.. admin.Handles.AsEnumerable(), .. admin.CommandHandles.AsEnumerable()]));
        _admin = admin;
    }

    private void Tell(ServerChange change) => _channel.Send(new(EngineWords.Live, LiveChanges.ToWords(change)));

    private void TellOfBreakers(string pool, BreakerHold hold) => _channel.Send(new(EngineWords.Hold, pool, hold.ToString()));

    /// <summary>Does what the engine asks for.</summary>
    private async Task AnswerAsync(Message asked)
    {
        var answer = new KeeperAnswer(Done: false, []);
        if (asked.Arguments[1] == EngineWords.Keep)
            answer = answer with { Done = await _desk.KeepAsync(LiveChanges.FromWords([.. asked.Arguments.Skip(2)])) };
        else if (asked.Arguments[1] == EngineWords.Hold)
            answer = answer with { Done = await _desk.KeepAsync(asked.Arguments[2], Enum.Parse<BreakerHold>(asked.Arguments[3])) };
        else if (Enum.TryParse<KeeperRequestKind>(asked.Arguments[1], out var kind))
            answer = await _desk.AskAsync(kind, asked.Arguments[^1]);
        string[] head = [asked.Arguments[0], answer.Done ? EngineWords.Yes : ""];
        if (answer.IsLong)
        {
            using var file = MemoryFile.Create(string.Concat(answer.Lines.Select(line => line + "\n")));
            _channel.Send(new(EngineWords.Told, head, [(int)file.DangerousGetHandle()]));
            return;
        }

        // Who has made that many mistakes does not read further.
        var lines = answer.Lines.Take(LinesInAnAnswer).Select(line => line.Length <= LongestLine ? line : line[..LongestLine]);
        _channel.Send(new(EngineWords.Told, [.. head, .. lines]));
    }

    public async Task SetServersAsync(string pool, ValueList<ServerSettings> servers)
    {
        using var list = MemoryFile.Create(ServerListFile.Write(servers));
        await AskAsync(EngineWords.Servers, [pool], [(int)list.DangerousGetHandle()]);
    }

    /// <summary>Ends when the keeper has the clients that it remembers now.</summary>
    public Task RememberAsync() => AskAsync(EngineWords.Remember, [], []);

    public void ReopenLogs() => _channel.Send(new(EngineWords.Reopen));

    public Task IdleAsync(string pool, NetworkAddress server, TimeSpan within) =>
        AskAsync(EngineWords.Idle, [pool, server.ToString(), ((long)within.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)], []);

    public async Task<PoolLoad?> LoadAsync(string pool)
    {
        var words = (await AskAsync(EngineWords.Load, [pool], [])).Arguments;
        return words.Count < 4 ? null : new PoolLoad(Number(words[1]), Number(words[2]), words[3].Length == 0 ? null : Number(words[3]));

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Sends what is answered by the same word and number.</summary>
    private async Task<Message> AskAsync(string word, string[] arguments, int[] handles)
    {
        var number = Text(Interlocked.Increment(ref _asked));
        var answer = Answer(word + number);
        await SendAsync(new(word, [number, .. arguments], handles));
        return await answer;
    }

    public Task<int> StopAsync(TimeSpan grace, Action released, CancellationToken force) => StopAsync(grace, released, keepIdle: false, force);

    /// <param name="grace">How long what is in flight has.</param>
    /// <param name="released">Called when the listening sockets are used no more.</param>
    /// <param name="keepIdle">Whether idle clients may send one more request each, because another engine takes their next connection.</param>
    /// <param name="force">Ends the time early.</param>
    public async Task<int> StopAsync(TimeSpan grace, Action released, bool keepIdle, CancellationToken force)
    {
        _ = KillAfterAsync(grace + Margin);

        // It tells of its clients at its end, and has no use for those of its successor.
        _desk.Clients.Unfollow(_tellOfClients);
        var (releasing, stopping) = (Answer(EngineWords.Released), Answer(EngineWords.Stopped));
        await SendAsync(new(EngineWords.Stop, ((long)grace.TotalMilliseconds).ToString(CultureInfo.InvariantCulture), keepIdle ? EngineWords.KeepIdle : ""));
        await using var forced = force.Register(() =>
        {
            _channel.Send(new(EngineWords.Force));
            _ = KillAfterAsync(Margin);
        });
        await releasing;
        released();
        var stopped = await stopping;
        await _process.Exited;
        return int.Parse(stopped.Arguments[0], CultureInfo.InvariantCulture);
    }

    public void Kill() => _process.Kill();

    /// <summary>An engine that is stuck does not keep anybody from stopping.</summary>
    private async Task KillAfterAsync(TimeSpan time)
    {
        if (await Task.WhenAny(_process.Exited, Task.Delay(time)) == _process.Exited)
            return;
        await Console.Error.WriteLineAsync("steelyard: the engine does not end and is killed");
        _process.Kill();
    }

    public async ValueTask DisposeAsync()
    {
        _desk.Changes.Unfollow(Tell, TellOfBreakers);
        _desk.Clients.Unfollow(_tellOfClients);
        _process.Kill();
        await _process.Exited;
        _channel.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <exception cref="EngineException">Nobody is there to take it.</exception>
    private async Task SendAsync(Message message)
    {
        if (!_channel.Send(message))
            throw await DeathAsync();
    }

    private async Task<EngineException> DeathAsync() => new($"the engine has died ({ExitText.Of(await _process.Exited)})");

    /// <summary>The answer that begins with a word; asked for before it can come.</summary>
    /// <exception cref="EngineException">The engine died before it said so.</exception>
    private Task<Message> Answer(string word)
    {
        var answer = _awaited[word] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_channel.Received.Completion.IsCompleted)
            _ = FailAsync();
        return answer.Task;

        async Task FailAsync() => answer.TrySetException(await DeathAsync());
    }

    private async Task DispatchAsync()
    {
        await foreach (var message in _channel.Received.ReadAllAsync())
        {
            if (message.Word == EngineWords.Ask)
            {
                _ = AnswerAsync(message);
                continue;
            }

            if (message.Word == EngineWords.Clients)
            {
                TakeClients(message.Handles);
                continue;
            }

            var word = message.Word is EngineWords.Servers or EngineWords.Idle or EngineWords.Load or EngineWords.Remember ? message.Word + message.Arguments[0] : message.Word;
            if (_awaited.TryRemove(word, out var answer))
                answer.TrySetResult(message);
        }

        var death = await DeathAsync();
        foreach (var answer in _awaited.Values)
            answer.TrySetException(death);
    }

    /// <summary>Keeps what the engine remembers, unless it is nothing of the kind: the engine is what attackers reach, and the keeper may be root.</summary>
    private void TakeClients(IReadOnlyList<int> handles)
    {
        foreach (var handle in handles)
        {
            var clients = new SafeFileHandle(handle, ownsHandle: true);
            if (MemoryFile.Is(clients))
                _desk.Clients.Take(clients, _tellOfClients);
            else
                clients.Dispose();
        }
    }
}

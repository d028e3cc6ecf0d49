using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Steelyard.Apps;
using Steelyard.Apps.Output;

namespace Steelyard.Keeper;

/// <summary>
/// Where a running keeper takes requests of the same user: a Unix socket named after the configuration's full path.
/// A request is a word, a blank and its argument, and a line break; the answer is lines, <c>out</c> or <c>err</c> before
/// each, and at last <c>end</c> with the exit status.
/// </summary>
internal sealed class ControlSocket : IAsyncDisposable
{
    private const string Ending = ".sock";
    private static readonly TimeSpan s_timeForAnswers = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly KeeperRequests _requests;
    private readonly AppSupervisors _apps;
    private readonly Func<bool, Task<string>> _stop;
    private readonly Task _serving;

    // Until the process ends: whoever waits for that has its connection open so long.
    private readonly ConcurrentBag<Task> _stopAnswers = [];
    private volatile bool _ended;

    private ControlSocket(Socket listener, string path, KeeperRequests requests, AppSupervisors apps, Func<bool, Task<string>> stop)
    {
        (_listener, _path, _requests, _apps, _stop) = (listener, path, requests, apps, stop);
        _serving = ServeAsync();
    }

    /// <summary>Listens; null, and a line on standard error, where that is not possible: signals work all the same.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="requests">What is asked for.</param>
    /// <param name="apps">The apps.</param>
    /// <param name="stop">Begins a stop, at once or when what is in flight has ended; says how it ended.</param>
    public static ControlSocket? Listen(string file, KeeperRequests requests, AppSupervisors apps, Func<bool, Task<string>> stop)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var path = RuntimeFolder.PathToMake(file, Ending);
            if (File.Exists(path) && (Engine.ListeningSockets.SharePlaces || !UnixSockets.Answers(path)))
                File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen();
            return new(listener, path, requests, apps, stop);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard: 'steelyard reload' will not reach this process: {error.Message}");
            listener.Dispose();
            return null;
        }
    }

    /// <summary>Whether a keeper serves a configuration.</summary>
    public static bool IsServed(string file) => RuntimeFolder.PathsFor(file, Ending).Any(UnixSockets.Answers);

    /// <summary>Asks the keeper that serves a configuration.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="kind">What is asked for.</param>
    /// <param name="argument">More of it.</param>
    /// <param name="told">Gets each line that is said, and whether it is about something wrong.</param>
    /// <returns>The exit status; null when nobody serves it.</returns>
    public static async Task<int?> AskAsync(string file, KeeperRequestKind kind, string argument, Action<bool, string> told)
    {
        foreach (var path in RuntimeFolder.PathsFor(file, Ending))
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                return await AskAsync(socket, kind, argument, told);
            }
            catch (SocketException)
            {
                // Nobody listens there; perhaps in the next folder.
                socket.Dispose();
            }
        }

        return null;
    }

    private static async Task<int> AskAsync(Socket socket, KeeperRequestKind kind, string argument, Action<bool, string> told)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"{kind} {argument}\n"));
        using var lines = new StreamReader(stream);
        int? status = null;
        try
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                var text = line.Length > 4 ? line[4..] : "";
                if (!line.StartsWith("end ", StringComparison.Ordinal))
                    told(line.StartsWith("err", StringComparison.Ordinal), text);
                else if (kind != KeeperRequestKind.Stop)
                    return text == "0" ? 0 : 1;

                // The process has told how it stops, and ends with its workers: that is the end of the connection.
                else
                    status = text == "0" ? 0 : 1;
            }
        }
        catch (IOException)
        {
            // It has ended.
        }

        if (status is null)
            told(true, "steelyard: the process that serves it ended before it had answered");
        return status ?? 1;
    }

    public async ValueTask DisposeAsync()
    {
        _ended = true;
        _listener.Dispose();
        await _serving;
        await Task.WhenAny(Task.WhenAll(_stopAnswers), Task.Delay(s_timeForAnswers));
        // A successor may listen there by now.
        if (!UnixSockets.Answers(_path))
            File.Delete(_path);
    }

    private async Task ServeAsync()
    {
        while (!_ended)
        {
            try
            {
                _ = AnswerAsync(await _listener.AcceptAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The run is over, or there are no descriptors for now.
                if (!_ended)
                    await Task.Delay(100);
            }
        }
    }

    private async Task AnswerStopAsync(NetworkStream stream, bool now)
    {
        var line = await _stop(now);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"out {line}\nend {(line == "stopped" ? 0 : 1)}\n"));
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var lines = new StreamReader(stream);
            var words = (await lines.ReadLineAsync() ?? "").Split(' ', 2);
            if (!Enum.TryParse<KeeperRequestKind>(words[0], out var kind))
                return;
            if (kind == KeeperRequestKind.Stop)
            {
                // Known of before the stop begins, which waits for it.
                var answered = new TaskCompletionSource();
                _stopAnswers.Add(answered.Task);
                try
                {
                    await AnswerStopAsync(stream, now: words[^1] == "now");
                }
                finally
                {
                    answered.SetResult();
                }

                await Task.Delay(Timeout.Infinite);
            }

            if (kind == KeeperRequestKind.Logs)
            {
                await LogFeed.WriteAsync(_apps, words[^1], stream);
                return;
            }

            var report = new Report();
            _requests.Ask(kind, words[^1], report);
            var done = await report.Done;
            var said = string.Concat(report.Lines.Select(line => $"{(line.Error ? "err" : "out")} {line.Line}\n"));
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{said}end {(done ? 0 : 1)}\n"));
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // Whoever asked has gone.
        }
    }
}

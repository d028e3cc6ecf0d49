using System.CommandLine;
using Spectre.Console;
using Steelyard.Admin;
using Steelyard.Top;

namespace Steelyard.Commands;

/// <summary><c>steelyard top</c>: what goes on, live, with keys to steer it.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan s_betweenKeys = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        var instance = new RunningInstance();
        var command = instance.AddTo(new Command("top", "Shows servers and what they do, live, with keys to drain, restart and sort. Where the output is no terminal: once."));
        command.SetAction((parsed, cancel) => instance.RunAsync(parsed, "top", connection => RunAsync(connection, instance.WantsJson(parsed), cancel)));
        CommandLine.WithExamples(command,
            "steelyard top                        the one that serves the steelyard.yaml of this folder, or the only one there is",
            "steelyard top --admin 10.0.0.1:8404 --token-file token",
            "steelyard top | head -20             a second of it, without colours");
        return command;
    }

    private static async Task RunAsync(AdminConnection connection, bool json, CancellationToken cancel)
    {
        if (json)
            Console.Write(await connection.AskAsync("GET", "/api/status"));
        else if (Console.IsOutputRedirected || Console.IsInputRedirected)
            await ShowOnceAsync(connection, cancel);
        else
            await ShowLiveAsync(connection, Terminal.Output(), cancel);
    }

    private static async Task ShowOnceAsync(AdminConnection connection, CancellationToken cancel)
    {
        var (look, view) = (new TopLook(), new TopView());
        await foreach (var next in connection.FollowAsync(view.Path, cancel))
        {
            look.Take(next);
            if (look.HasRates)
                break;
        }

        var console = Terminal.Output();
        console.Write(TopScreen.Draw(look, view, console.Profile.Width, height: null));
    }

    private static async Task ShowLiveAsync(AdminConnection connection, IAnsiConsole console, CancellationToken cancel)
    {
        var (look, view) = (new TopLook(), new TopView());
        console.Write(new ControlCode("\e[?1049h"));
        try
        {
            await console.Live(TopScreen.Draw(look, view, console.Profile.Width, console.Profile.Height)).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
            {
                while (true)
                {
                    using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    var (step, watch) = (TopStep.Draw, WatchAsync(connection, look, view.Path, Draw, watching.Token));
                    while (step == TopStep.Draw && !cancel.IsCancellationRequested)
                    {
                        if (watch.IsCompleted)
                            await watch;
                        step = await KeyAsync(connection, look, view, Draw);
                    }

                    await watching.CancelAsync();
                    await watch;
                    if (step != TopStep.AskAnew)
                        return;
                    lock (look)
                        look.Forget();
                }

                void Draw()
                {
                    lock (look)
                        live.UpdateTarget(TopScreen.Draw(look, view, console.Profile.Width, console.Profile.Height));
                }
            });
        }
        finally
        {
            // Who reads keys with .NET has them in another mode, and gives none of it back.
            console.Write(new ControlCode("\e[?1049l\e[?1l\e>"));
        }
    }

    private static async Task WatchAsync(AdminConnection connection, TopLook look, string path, Action draw, CancellationToken cancel)
    {
        try
        {
            await foreach (var next in connection.FollowAsync(path, cancel))
            {
                lock (look)
                    look.Take(next);
                draw();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new AdminProblemException(0, $"the engine has gone: {error.Message}");
        }

        throw new AdminProblemException(0, "the engine has gone");
    }

    /// <summary>Does what the next key means, if there is one.</summary>
    private static async Task<TopStep> KeyAsync(AdminConnection connection, TopLook look, TopView view, Action draw)
    {
        if (!Console.KeyAvailable)
        {
            await Task.Delay(s_betweenKeys);
            return TopStep.Draw;
        }

        TopAction? confirmed;
        TopStep step;
        lock (look)
            step = view.Press(Console.ReadKey(intercept: true), look.Rows, out confirmed);
        if (confirmed is not null)
            view.Line = await DoAsync(connection, confirmed);
        draw();
        return step;
    }

    private static async Task<string> DoAsync(AdminConnection connection, TopAction action)
    {
        try
        {
            await connection.AskAsync(action.Method, action.Path, action.Body);
            return "done";
        }
        catch (AdminProblemException problem)
        {
            return problem.Message;
        }
    }
}

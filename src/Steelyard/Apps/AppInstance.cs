using System.ComponentModel;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Apps;

/// <summary>One running process of an app.</summary>
internal sealed class AppInstance
{
    private const int LinesKept = 10;
    private const int RelayStack = 256 * 1024;
    private static readonly TimeSpan GraceForOutput = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _process;
    private readonly Queue<string> _lastLines = new();
    private readonly TaskCompletionSource _output = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AppInstance(string name, NetworkAddress address, ChildProcess process, SafeFileHandle output)
    {
        (Name, Address, _process) = (name, address, process);
        new Thread(() => Relay(output), RelayStack) { IsBackground = true, Name = name }.Start();
        Exited = WaitForExitAsync();
    }

    /// <summary>The pool and the number, as in <c>web/1</c>.</summary>
    public string Name { get; }

    public NetworkAddress Address { get; }

    /// <summary>How the process ended, in words; its output has been relayed by then.</summary>
    public Task<string> Exited { get; }

    public static AppInstance Start(string name, NetworkAddress address, IReadOnlyList<string> words, string folder, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var program = ProgramPath.Find(words[0], folder, Environment.GetEnvironmentVariable("PATH"))
            ?? throw new AppStartException($"{name} cannot be started: there is no program '{words[0]}'{(words[0].Contains('/') ? $" (seen from {folder})" : " in PATH")}");
        if (!Posix.TryPipe(out var reading, out var theirs))
            throw new AppStartException($"{name} cannot be started: too many open files (ulimit -n)");
        var ours = new SafeFileHandle(reading, ownsHandle: true);
        try
        {
            // Both outputs are one pipe, so that lines stay in their order.
            var process = ChildProcess.Start(new() { Program = program, Words = words, Folder = folder, Environment = environment, Output = theirs });
            return new(name, address, process, ours);
        }
        catch (Win32Exception error)
        {
            ours.Dispose();
            throw new AppStartException($"{name} cannot be started: {program}: {error.Message}");
        }
        finally
        {
            _ = Posix.close(theirs);
        }
    }

    public void Terminate() => _process.Signal(Posix.SIGTERM);

    /// <summary>Ends it and all that it started.</summary>
    public void Kill() => _process.Kill();

    /// <summary>What the instance printed last, indented for an error message; empty when it printed nothing.</summary>
    public string LastLines()
    {
        lock (_lastLines)
            return string.Concat(_lastLines.Select(line => $"\n    {line}"));
    }

    private void Relay(SafeFileHandle output)
    {
        using var stream = new FileStream(output, FileAccess.Read);
        using var lines = new StreamReader(stream, Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            Console.WriteLine($"{Name} | {line}");
            lock (_lastLines)
            {
                if (_lastLines.Count == LinesKept)
                    _lastLines.Dequeue();
                _lastLines.Enqueue(line);
            }
        }

        _output.SetResult();
    }

    private async Task<string> WaitForExitAsync()
    {
        var code = await _process.Exited;

        // A process of its own that it left behind may hold the pipe open for ever.
        await Task.WhenAny(_output.Task, Task.Delay(GraceForOutput));
        return code > 128 ? $"ended with exit code {code} (signal {code - 128})" : $"ended with exit code {code}";
    }
}

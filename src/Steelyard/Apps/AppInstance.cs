using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Steelyard.Config;

namespace Steelyard.Apps;

/// <summary>One running process of an app.</summary>
internal sealed class AppInstance : IDisposable
{
    private const int LinesKept = 10;
    private static readonly TimeSpan GraceForOutput = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly Task _output;

    private AppInstance(string name, NetworkAddress address, Process process)
    {
        (Name, Address, _process) = (name, address, process);
        // Several instances cannot share one terminal's input.
        process.StandardInput.Close();
        _output = Task.WhenAll(RelayAsync(process.StandardOutput), RelayAsync(process.StandardError));
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
        var start = new ProcessStartInfo(program, words.Skip(1))
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        try
        {
            return new(name, address, Process.Start(start)!);
        }
        catch (Win32Exception error)
        {
            throw new AppStartException($"{name} cannot be started: {program}: {error.Message}");
        }
    }

    public void Terminate()
    {
        if (!_process.HasExited)
            UnixSignal.Terminate(_process.Id);
    }

    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>What the instance printed last, indented for an error message; empty when it printed nothing.</summary>
    public string LastLines()
    {
        lock (_lastLines)
            return string.Concat(_lastLines.Select(line => $"\n    {line}"));
    }

    public void Dispose() => _process.Dispose();

    private async Task RelayAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            Console.WriteLine($"{Name} | {line}");
            lock (_lastLines)
            {
                if (_lastLines.Count == LinesKept)
                    _lastLines.Dequeue();
                _lastLines.Enqueue(line);
            }
        }
    }

    private async Task<string> WaitForExitAsync()
    {
        await _process.WaitForExitAsync();
        // A process of its own that it left behind may hold the pipe open for ever.
        await Task.WhenAny(_output, Task.Delay(GraceForOutput));
        // The runtime follows the shells: 128 and the number of the signal.
        var code = _process.ExitCode;
        return code > 128 ? $"ended with exit code {code} (signal {code - 128})" : $"ended with exit code {code}";
    }
}

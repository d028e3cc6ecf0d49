using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Docs;

/// <summary>
/// One part of a page, done as a reader would, in a folder of its own: blocks whose first line is a comment with the name
/// of a file are written, the commands of <c>sh</c> are run, and the lines of <c>text</c> have to be printed, in their
/// order; <c>...</c> in them stands for anything. <c>steelyard up</c>, <c>steelyard run</c> and what ends with <c>&amp;</c>
/// stay, as in a terminal of their own; <c>text up</c> is what such a terminal says from then on.
/// </summary>
internal sealed partial class DocumentedPart : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _ports = [];
    private readonly List<Terminal> _terminals = [];
    private readonly Dictionary<string, string> _environment;
    private string _here;

    public DocumentedPart()
    {
        _here = _folder.At("empty");
        foreach (var name in (string[])["empty", "run"])
            Directory.CreateDirectory(_folder.At(name));
        _environment = new()
        {
            ["PATH"] = $"{Path.GetDirectoryName(SteelyardProcess.Program)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["XDG_RUNTIME_DIR"] = _folder.At("run"),
            ["XDG_STATE_HOME"] = _folder.At("state"),
            ["STATE"] = _folder.At("here"),
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["npm_config_prefer_offline"] = "true",
            ["npm_config_audit"] = "false",
            ["npm_config_update_notifier"] = "false",
        };
    }

    /// <summary>What of the repository a part needs, with its ports.</summary>
    public void Bring(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(DocsTests.At(folder), "*", SearchOption.AllDirectories))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal))
                continue;
            var copy = Path.Combine(_here, Path.GetRelativePath(DocsTests.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetExtension(file) is ".yaml" or ".yml" or ".js" or ".cs" or ".cfg")
                File.WriteAllText(copy, WithPorts(File.ReadAllText(file)));
            else
                File.Copy(file, copy);
        }
    }

    public async Task DoAsync(IEnumerable<DocumentedBlock> blocks)
    {
        var printed = Array.Empty<string>();
        var stays = false;
        foreach (var block in blocks)
        {
            if (block.FileName is { } name)
                Write(name, block);
            else if (block is { Language: "sh", Note: "" })
                (printed, stays) = await RunAsync(block);
            else if (block is { Language: "text", Note: "" } && !stays)
                AssertPrinted(block, printed);
            else if (block.Language == "text")
                await AwaitPrintedAsync(block);
            else if (block is { Language: "sh", Note: "no-test" })
                Assert.True(block.Before.StartsWith("<!-- no-test: ", StringComparison.Ordinal), $"line {block.Number} is not run, and no '<!-- no-test: why -->' stands before it");
            else
                Assert.NotEqual("sh", block.Language);
        }

        while (_terminals is [.., var last])
        {
            _terminals.RemoveAt(_terminals.Count - 1);
            await last.EndAsync();
        }
    }

    private void Write(string name, DocumentedBlock block)
    {
        var path = Path.Combine(_here, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, WithPorts(string.Join('\n', block.Lines)) + "\n");
    }

    // The commands of a block one after the other; what it printed but for what stays, and whether something does at its end.
    private async Task<(string[] Printed, bool Stays)> RunAsync(DocumentedBlock block)
    {
        var (script, output, stays) = (new List<string>(), "", false);
        foreach (var line in WithPorts(string.Join('\n', block.Lines)).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        {
            var command = WithoutBuilding(line);
            stays = Stays().IsMatch(command);
            if (!stays)
            {
                script.Add(command);
                continue;
            }

            output += await ShellAsync(script, block);
            script.Clear();
            var terminal = Terminal.Open(Comment().Replace(command, ""), _environment, _here);
            _terminals.Add(terminal);
            await terminal.ReadyAsync();
        }

        output += await ShellAsync(script, block);
        return (output.Split('\n'), stays);
    }

    private async Task<string> ShellAsync(List<string> script, DocumentedBlock block)
    {
        if (script.All(string.IsNullOrWhiteSpace))
            return "";
        await using var shell = SteelyardProcess.StartProgram("bash", ["-c", $"exec 2>&1; set -e\n{string.Join('\n', script)}\npwd >\"$STATE\""], _environment, _here);
        var status = await shell.ExitAsync();
        Assert.True(status == 0, $"line {block.Number}: exit status {status}\n{string.Join('\n', script)}\n{shell.Output}{string.Concat(_terminals.Select(one => one.Said))}");
        _here = (await File.ReadAllTextAsync(_environment["STATE"], TestContext.Current.CancellationToken)).Trim();
        return shell.Output;
    }

    private void AssertPrinted(DocumentedBlock block, string[] printed)
    {
        var at = 0;
        foreach (var line in Expected(block))
        {
            var found = Array.FindIndex(printed, at, one => IsLike(one, line));
            Assert.True(found >= 0, $"line {block.Number}: nobody printed\n{line}\nbut\n{string.Join('\n', printed)}");
            at = found + 1;
        }
    }

    private async Task AwaitPrintedAsync(DocumentedBlock block)
    {
        foreach (var line in Expected(block))
            await Patience.Until(() => Task.FromResult(_terminals.Exists(one => one.Says(said => IsLike(said, line)))), () => $"line {block.Number}: a terminal that says\n{line}\nbut\n{string.Concat(_terminals.Select(one => one.Said))}");
    }

    private IEnumerable<string> Expected(DocumentedBlock block) => block.Lines.Where(line => line.Trim() is not ("" or "...")).Select(WithPorts);

    // Columns are as wide as what stands in them.
    private static bool IsLike(string said, string line) =>
        Regex.IsMatch(Blanks().Replace(said.Trim(), " "), $"^{string.Join(".*", Blanks().Replace(line.Trim(), " ").Split("...").Select(Regex.Escape))}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private string WithPorts(string text) => Port().Replace(text, match => _ports.TryGetValue(match.Value, out var other) ? other : _ports[match.Value] = Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        foreach (var terminal in _terminals)
            await terminal.DisposeAsync();
        _folder.Dispose();
    }

    [GeneratedRegex(@"(?<![\d.])(8080|8443|8404|9090|3000|3001|3002|3003|6379|6380)(?!\d)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Port();

    [GeneratedRegex(@"^(steelyard (up|run)\b|([A-Z]+=\S+ )*dotnet samples/|.* &( done)?$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Stays();

    // The tests have built all of it, and building it again would take longer than all else.
    private static string WithoutBuilding(string line)
    {
        line = DotnetBuild().Replace(DotnetRun().Replace(line, "steelyard"), "true");
        return DotnetRunSample().Replace(line, match => $"dotnet {match.Groups["folder"].Value}/bin/Release/net10.0/{Path.GetFileNameWithoutExtension(Directory.GetFiles(DocsTests.At(match.Groups["folder"].Value), "*.csproj").Single())}.dll");
    }

    [GeneratedRegex(@"dotnet run --project src/Steelyard( -c Release)? --", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DotnetRun();

    [GeneratedRegex(@"dotnet run --project (?<folder>samples/\S+) -c Release( --)?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DotnetRunSample();

    [GeneratedRegex(@"dotnet build -c Release samples/\S+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DotnetBuild();

    [GeneratedRegex(@"\s+# .*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Blanks();

    /// <summary>A command that stays, and how far of what it says has been read.</summary>
    private sealed class Terminal(string command, SteelyardProcess process) : IAsyncDisposable
    {
        private int _output;
        private int _error;

        public string Said => $"--- {command}\n{process.Output}{process.Error}";

        public static Terminal Open(string command, Dictionary<string, string> environment, string folder) =>
            new(command, SteelyardProcess.StartProgram("bash", ["-c", command.EndsWith("& done", StringComparison.Ordinal) ? $"trap 'kill $(jobs -p); exit 0' TERM\n{command}\nwait" : $"exec env {command.TrimEnd('&', ' ')}"], environment, folder));

        public async Task ReadyAsync()
        {
            if (command.StartsWith("steelyard ", StringComparison.Ordinal))
                await process.LineAsync(command.StartsWith("steelyard whoami", StringComparison.Ordinal) ? "listens on" : "ready");
        }

        public bool Says(Predicate<string> line) => Says(process.Output, line, ref _output) || Says(process.Error, line, ref _error);

        private static bool Says(string all, Predicate<string> line, ref int read)
        {
            var found = Array.FindIndex(all.Split('\n'), read, line);
            if (found >= 0)
                read = found + 1;
            return found >= 0;
        }

        /// <summary>As by Ctrl-C, where it has not ended by itself.</summary>
        public async Task EndAsync()
        {
            if (!process.HasExited)
                process.Signal(PosixSignal.SIGTERM);
            var status = await process.ExitAsync();
            Assert.True(status == 0, $"exit status {status}\n{Said}");
            await DisposeAsync();
        }

        public ValueTask DisposeAsync() => process.DisposeAsync();
    }
}

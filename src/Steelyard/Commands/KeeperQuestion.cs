using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Steelyard.Admin;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>Asks the keeper of a configuration over its control socket, and prints what it says: as it comes, or with <c>--json</c> as the admin API would say it.</summary>
internal static class KeeperQuestion
{
    /// <summary>The option of those commands.</summary>
    public static Option<bool> Json() => new(JsonName) { Description = "Print what became of it in JSON." };

    public static bool WantsJson(ParseResult parsed) => parsed.GetValue<bool>(JsonName);

    private const string JsonName = "--json";

    /// <summary>Asks.</summary>
    /// <param name="command">The command, for messages.</param>
    /// <param name="named">The configuration, or its folder; null for the one of this folder, or the only one there is.</param>
    /// <param name="kind">What is asked for.</param>
    /// <param name="argument">More of it.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> AskAsync(string command, string? named, KeeperRequestKind kind, string argument, bool json)
    {
        var lines = new List<string>();
        var fileOrFolder = named ?? ".";

        // In a folder without a configuration 'steelyard run' may serve.
        var status = RunCommand.NameIn(fileOrFolder) is { } run ? await ControlSocket.AskAsync(run, kind, argument, Take) : null;
        if (status is null)
        {
            var file = ConfigurationArgument.Find(fileOrFolder);
            if (file is null)
            {
                var running = named is null ? await RunningInstance.FilesAsync() : [];
                if (running is not [var only] || kind == KeeperRequestKind.Stop)
                    return CommandLine.Fail(command, ConfigurationArgument.NothingAt(fileOrFolder) + (running.Count == 0 ? "" : $"; served here: {string.Join(", ", running)}"), json);
                file = only;
            }

            status = await ControlSocket.AskAsync(file, kind, argument, Take);
            if (status is null)
                return CommandLine.Fail(command, $"no 'steelyard up' of this user serves {Path.GetFullPath(file)}", json);
        }

        if (json && kind != KeeperRequestKind.Logs)
            Console.WriteLine(JsonSerializer.Serialize(new ReportView(status == 0, lines), AdminJson.Readable.ReportView));
        else if (json && status != 0)
            CommandLine.WriteProblem(string.Join('\n', lines));
        return status.Value;

        void Take(bool wrong, string line)
        {
            if (wrong)
                Console.Error.WriteLine(line);
            if (json && (wrong || kind != KeeperRequestKind.Logs))
                lines.Add(line);
            else if (!wrong)
                Console.WriteLine(kind == KeeperRequestKind.Logs ? LineOf(line, json) : line);
        }
    }

    // An object each in a line of its own, so that one can follow them.
    private static string LineOf(string line, bool json)
    {
        var read = LogView.TryRead(line);
        if (!json)
            return read is null ? line : $"{Time(read)} {read.Worker} | {read.Line}";
        if (read is not null)
            return $"{{\"at\":\"{Time(read)}\",\"worker\":\"{PlainText.Of(read.Worker)}\",\"error\":{(read.Error ? "true" : "false")},\"line\":\"{PlainText.Of(read.Line)}\"}}";
        var at = line.IndexOf(" | ", StringComparison.Ordinal);
        var (worker, text) = at < 0 ? ("", line) : (line[..at], line[(at + 3)..]);
        return $"{{\"worker\":\"{PlainText.Of(worker)}\",\"line\":\"{PlainText.Of(text)}\"}}";
    }

    private static string Time(LogView line) => line.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}

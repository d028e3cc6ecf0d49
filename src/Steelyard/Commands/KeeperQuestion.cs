using System.CommandLine;
using System.Text.Json;
using Steelyard.Admin;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>Asks the keeper of a configuration over its control socket, and prints what it says: as it comes, or with <c>--json</c> as the admin API would say it.</summary>
internal static class KeeperQuestion
{
    /// <summary>The option of those commands.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print what became of it in JSON." };

    /// <summary>Asks.</summary>
    /// <param name="command">The command, for messages.</param>
    /// <param name="fileOrFolder">The configuration.</param>
    /// <param name="kind">What is asked for.</param>
    /// <param name="argument">More of it.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> AskAsync(string command, string fileOrFolder, KeeperRequestKind kind, string argument, bool json)
    {
        var lines = new List<string>();

        // In a folder without a configuration 'steelyard run' may serve.
        var status = RunCommand.NameIn(fileOrFolder) is { } run ? await ControlSocket.AskAsync(run, kind, argument, Take) : null;
        if (status is null)
        {
            if (ConfigurationArgument.TryFind(command, fileOrFolder) is not { } file)
                return CommandLine.Failure;
            status = await ControlSocket.AskAsync(file, kind, argument, Take);
            if (status is null)
            {
                await Console.Error.WriteLineAsync($"steelyard {command}: no 'steelyard up' of this user serves {Path.GetFullPath(file)}");
                return CommandLine.Failure;
            }
        }

        if (json && kind != KeeperRequestKind.Logs)
            Console.WriteLine(JsonSerializer.Serialize(new ReportView(status == 0, lines), AdminJson.Default.ReportView));
        return status.Value;

        void Take(bool wrong, string line)
        {
            if (!json)
                (wrong ? Console.Error : Console.Out).WriteLine(line);
            else if (kind != KeeperRequestKind.Logs)
                lines.Add(line);
            else if (wrong)
                Console.Error.WriteLine(line);
            else
                Console.WriteLine(LineOf(line));
        }
    }

    // A line each, so that one can follow them.
    private static string LineOf(string line)
    {
        var at = line.IndexOf(" | ", StringComparison.Ordinal);
        var (worker, text) = at < 0 ? ("", line) : (line[..at], line[(at + 3)..]);
        return $"{{\"worker\":\"{JsonEncodedText.Encode(worker)}\",\"line\":\"{JsonEncodedText.Encode(text)}\"}}";
    }
}

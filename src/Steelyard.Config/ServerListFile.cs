using Steelyard.Config.Drafts;
using Steelyard.Config.Text;
using Steelyard.Config.Yaml;
using Steelyard.Config.Yaml.Tables;

namespace Steelyard.Config;

/// <summary>Reads a list of servers as a pool has it, from a file of its own.</summary>
public static class ServerListFile
{
    /// <summary>Reads a text; never throws for what it holds.</summary>
    /// <param name="text">A list in YAML, JSON included.</param>
    /// <param name="fileName">What problems call it.</param>
    /// <param name="problem">What is wrong with it first; null where nothing is.</param>
    /// <returns>The servers; null where something is wrong.</returns>
    public static ValueList<ServerSettings>? Parse(string text, string fileName, out Problem? problem)
    {
        var (source, problems) = (new SourceText(fileName, text.StartsWith('\uFEFF') ? text[1..] : text), new ProblemList());
        var servers = Read(source, problems);
        problem = problems.InOrder().FirstOrDefault(one => one.Severity == Severity.Error);
        return problem is null ? servers.ToValueList() : null;
    }

    /// <summary>Writes servers as a text that <see cref="Parse"/> reads as the same.</summary>
    public static string Write(ValueList<ServerSettings> servers) =>
        servers.Count == 0 ? "[]\n" : string.Concat(servers.AsEnumerable().Select(server => $"- {ServerWriter.Write(server)}\n"));

    private static List<ServerSettings> Read(SourceText source, ProblemList problems)
    {
        List<ServerSettings> servers = [];
        if (!CharacterCheck.Passes(source, problems))
            return servers;
        if (YamlTree.Read(source, problems) is not { } root || root is YamlText { IsAbsent: true })
        {
            if (!problems.HasErrors)
                problems.Error(new(source, 0, 0), "the file is empty", "a list of servers, [] for none");
            return servers;
        }

        HashSet<NetworkAddress> seen = [];
        if (!ServerTable.ReadServers(problems, root, out var drafts))
            return servers;
        foreach (var draft in drafts)
        {
            if (draft.Address is not { } address)
                continue;
            if (!seen.Add(address.Value))
                problems.Error(address.Place, $"the server {Shown.Quote(address.Value.ToString())} is given again", "each server once");
            servers.Add(ServerChecks.Server(draft, address, problems));
        }

        return servers;
    }
}

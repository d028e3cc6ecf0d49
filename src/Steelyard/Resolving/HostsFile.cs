using System.Net;

namespace Steelyard.Resolving;

/// <summary>The names of /etc/hosts (hosts(5)).</summary>
internal sealed class HostsFile
{
    private readonly Dictionary<string, List<IPAddress>> _addresses = new(StringComparer.OrdinalIgnoreCase);

    public static HostsFile Parse(string text)
    {
        var file = new HostsFile();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !IPAddress.TryParse(words[0], out var address))
                continue;
            foreach (var name in words.Skip(1))
            {
                if (!file._addresses.TryGetValue(name, out var all))
                    file._addresses[name] = all = [];
                if (!all.Contains(address))
                    all.Add(address);
            }
        }

        return file;
    }

    /// <summary>The addresses of a name, in the order of the file; none where it is not there. localhost and what ends in it are this machine in any case (RFC 6761, 6.3).</summary>
    public IReadOnlyList<IPAddress> Find(string name)
    {
        var host = name.TrimEnd('.');
        if (_addresses.TryGetValue(host, out var all))
            return all;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [];
    }
}

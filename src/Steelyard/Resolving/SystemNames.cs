namespace Steelyard.Resolving;

/// <summary>What this machine says of names, read again where it has changed. May be used from any thread.</summary>
/// <param name="hosts">The file of names.</param>
/// <param name="conf">The file of DNS servers.</param>
internal sealed class SystemNames(string hosts = "/etc/hosts", string conf = "/etc/resolv.conf")
{
    private readonly Kept<HostsFile> _hosts = new(hosts, HostsFile.Parse);
    private readonly Kept<ResolvConf> _conf = new(conf, ResolvConf.Parse);

    public HostsFile Hosts => _hosts.Read();

    public ResolvConf Conf => _conf.Read();

    private sealed class Kept<T>(string path, Func<string, T> parse)
        where T : class
    {
        private readonly Lock _lock = new();
        private (DateTime Written, long Length) _seen;
        private T? _value;

        public T Read()
        {
            lock (_lock)
            {
                try
                {
                    var file = new FileInfo(path);
                    var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
                    if (_value is null || now != _seen)
                        (_value, _seen) = (parse(file.Exists ? File.ReadAllText(path) : ""), now);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // Replaced this moment, or not ours to read: what was known goes on to be.
                    _value ??= parse("");
                }

                return _value;
            }
        }
    }
}

namespace Steelyard.Config;

/// <summary>Where servers of a pool are found while it is served: a name of DNS, a file, or Docker. One of the three is set.</summary>
public sealed record DiscoverSettings
{
    /// <summary>The name that is asked for, in lower case; with a dot at its end no search list is tried. Null for the others.</summary>
    public string? Dns { get; init; }

    /// <summary>The port of the servers, 1 to 65535; 0 with <see cref="DnsRecords.Srv"/>, which says it.</summary>
    public int Port { get; init; }

    /// <summary>What is asked for. Default IPv4, and IPv6 where there is none.</summary>
    public DnsRecords Records { get; init; }

    /// <summary>A list of servers as in a pool, watched while it is served; relative to the folder of the configuration. Null for the others.</summary>
    public string? File { get; init; }

    /// <summary>Containers, or tasks of a service. Null for the others.</summary>
    public DockerSettings? Docker { get; init; }

    /// <summary>How many servers are taken at most: 1 to 10,000; those that are in the pool already go first. Default 1,000.</summary>
    public int MostServers { get; init; } = 1000;

    /// <summary>What servers are called, before a number; null for their addresses (HAProxy: the prefix of server-template).</summary>
    public string? NamePrefix { get; init; }

    /// <summary>The number of the first of them: 0 to 1,000,000. Default 1.</summary>
    public int FirstNumber { get; init; } = 1;

    /// <summary>What each server is that DNS or Docker names, but for its address; null for the defaults. A file says it itself.</summary>
    public ServerSettings? Server { get; init; }
}

/// <summary>The records of DNS that servers are found by.</summary>
public enum DnsRecords
{
    /// <summary>IPv4; IPv6 where the name has no address of IPv4.</summary>
    Ipv4First,

    /// <summary>IPv6; IPv4 where the name has no address of IPv6 (HAProxy: resolve-prefer ipv6).</summary>
    Ipv6First,

    /// <summary>IPv4 alone (nginx: ipv6=off).</summary>
    Ipv4,

    /// <summary>IPv6 alone.</summary>
    Ipv6,

    /// <summary>All addresses of both (nginx: resolve).</summary>
    Both,

    /// <summary>RFC 2782: names with ports, weights and priorities.</summary>
    Srv,
}

/// <summary>How names are looked up, and how long what was found is believed.</summary>
public sealed record ResolverSettings
{
    /// <summary>The servers that are asked, one after the other until one answers; a name among them is looked up as the system does. None for those of /etc/resolv.conf, with /etc/hosts before them.</summary>
    public ValueList<NetworkAddress> Servers { get; init; }

    /// <summary>Whether servers of the file are where their names have an address of IPv6, where they have one of both. Default not (HAProxy: resolve-prefer ipv6).</summary>
    public bool PreferIpv6 { get; init; }

    /// <summary>How long a server may take for an answer: 10 ms to 60 s. Default 2 s (HAProxy: timeout retry, 1 s; resolv.conf: timeout, 5 s).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many times each server is asked at most: 1 to 10. Default 2 (HAProxy: resolve_retries, 3; resolv.conf: attempts, 2).</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>How long an answer is used at least, whatever its time to live: 100 ms to 24 h. Default 1 s.</summary>
    public TimeSpan LeastTtl { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer is used before the name is asked for again, whatever its time to live: 100 ms to 24 h. Default 60 s (HAProxy: hold valid, 10 s; nginx: valid=).</summary>
    public TimeSpan MostTtl { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the last good answer is used when nobody answers, or with a failure: 0 to 24 h. Null, the default, for ever (HAProxy: hold timeout, refused, other; 30 s).</summary>
    public TimeSpan? Hold { get; init; }

    /// <summary>The same when the answer is that there is no such name, or nothing under it: 0 to 24 h. Null for ever. Default 30 s (HAProxy: hold nx).</summary>
    public TimeSpan? HoldEmpty { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a server stays that an answer does not name any more: 0 to 24 h. Default 0 (HAProxy: hold obsolete).</summary>
    public TimeSpan HoldMissing { get; init; }
}

namespace Steelyard.Config.Drafts;

/// <summary>The checks of where servers are found.</summary>
internal static class DiscoverChecks
{
    public static DiscoverSettings Check(DiscoverDraft draft, PoolDraft pool, ProblemList problems)
    {
        var settings = draft.Settings;
        if (draft.Finders > 1)
            problems.Error(draft.Place, "'discover' finds servers in one place", "one of 'dns', 'file', 'docker' and 'service', and a list for several");
        else if (settings is { Dns: not null, Port: 0 } && settings.Records != DnsRecords.Srv)
            problems.Error(draft.Place, "'dns' without a port, which addresses do not say", "a name and a port, as in app:3000, or 'type: srv'");
        else if (settings is { Dns: not null, Port: > 0, Records: DnsRecords.Srv })
            problems.Error(draft.Place, "'dns' with a port beside 'type: srv', whose answers say it", "the name without a port");
        else if (settings.Docker is null && draft is { Finders: 1, DockerKeys: { } key })
            problems.Error(draft.Place, $"'{key}' in 'discover', which is of Docker alone", "'docker' or 'service' beside it");
        if (settings.Docker is { } docker)
            settings = settings with { Docker = draft.Docker with { Find = docker.Find, IsSwarm = docker.IsSwarm } };
        if (settings.File is not null && draft.Server is { } beside)
            problems.Error(beside.Place, "'server' beside 'file', which says of each server itself what it is", "either of them");
        if (pool.Agent is { Value.Port: null } agent && settings.File is null && draft.Server?.AgentPort is null)
            problems.Error(agent.Place, "'agent' without 'port', and servers that are discovered without 'agent-port'", "a port, or 'agent-port' in 'server' of 'discover'");
        return draft.Server is null ? settings : settings with { Server = ServerChecks.Server(draft.Server, new(NetworkAddress.Nowhere, draft.Server.Place), problems) };
    }
}

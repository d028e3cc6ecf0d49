namespace Steelyard.Config.Drafts;

/// <summary>The checks of where servers are found.</summary>
internal static class DiscoverChecks
{
    public static DiscoverSettings Check(DiscoverDraft draft, PoolDraft pool, ProblemList problems)
    {
        var settings = draft.Settings;
        if (settings is { Dns: not null, File: not null })
            problems.Error(draft.Place, "'discover' finds servers in one place", "either 'dns' or 'file'");
        else if (settings is { Dns: not null, Port: 0 } && settings.Records != DnsRecords.Srv)
            problems.Error(draft.Place, "'dns' without a port, which addresses do not say", "a name and a port, as in app:3000, or 'type: srv'");
        else if (settings is { Dns: not null, Port: > 0, Records: DnsRecords.Srv })
            problems.Error(draft.Place, "'dns' with a port beside 'type: srv', whose answers say it", "the name without a port");
        if (settings.File is not null && draft.Server is { } beside)
            problems.Error(beside.Place, "'server' beside 'file', which says of each server itself what it is", "either of them");
        if (pool.Agent is { Value.Port: null } agent && settings.Dns is not null && draft.Server?.AgentPort is null)
            problems.Error(agent.Place, "'agent' without 'port', and servers that are discovered without 'agent-port'", "a port, or 'agent-port' in 'server' of 'discover'");
        return draft.Server is null ? settings : settings with { Server = ServerChecks.Server(draft.Server, new(NetworkAddress.Nowhere, draft.Server.Place), problems) };
    }
}

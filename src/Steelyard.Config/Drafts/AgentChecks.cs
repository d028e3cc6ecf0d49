namespace Steelyard.Config.Drafts;

/// <summary>Whether every server of a pool with agents has one.</summary>
internal static class AgentChecks
{
    public static void Check(PoolDraft pool, ProblemList problems)
    {
        if (pool.Agent is not { } agent)
        {
            if (pool.Servers.FirstOrDefault(server => (server.AgentPort ?? (object?)server.AgentAddress) is not null) is { } lone)
                problems.Error(lone.Place, "a server with 'agent-port' or 'agent-address' in a pool without 'agent'", "'agent' in the pool, as in agent: { interval: 5s }");
            return;
        }

        if (agent.Value.Port is not null)
            return;
        if (pool.App is not null)
            problems.Error(agent.Place, "'agent' without 'port' in a pool with 'app'", "a port");
        else if (pool.Servers.FirstOrDefault(server => server.AgentPort is null) is not null)
            problems.Error(agent.Place, "'agent' without 'port', and a server without 'agent-port'", "a port, or 'agent-port' in every server");
    }
}

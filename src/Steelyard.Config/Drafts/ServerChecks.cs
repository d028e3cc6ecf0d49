namespace Steelyard.Config.Drafts;

/// <summary>The checks of one server.</summary>
internal static class ServerChecks
{
    /// <param name="draft">What was read.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="problems">Where what does not fit is reported.</param>
    public static ServerSettings Server(ServerDraft draft, Located<NetworkAddress> address, ProblemList problems)
    {
        if (draft is { Backup.Value: true, Priority: { } priority })
            problems.Error(priority.Place, "'priority' of a backup, which comes after all others", "one of the two");
        if (draft.Made is null == address.Value.IsOfRequest)
            problems.Error(draft.Made?.Place ?? address.Place, draft.Made is null ? "'address: request' without 'made'" : "'made' beside an address", "both 'address: request' and 'made', or an address alone");
        if (draft is { Made: { } made, Health: not null })
            problems.Error(made.Place, "'health' of a server of which each request says where it is", "'health: none', or nothing");
        if (draft.ClientPort is null && address.Value is { Port: 0, Host.Length: > 0 })
            problems.Error(address.Place, "a server cannot have port 0", "a port between 1 and 65535, or 'client-port'");
        if (draft.ClientPort is not null && address.Value.Host.Length == 0)
            problems.Error(address.Place, "'client-port' of a server without a host", "an address with a host, such as 10.0.0.1:0");
        return new()
        {
            ClientPort = draft.ClientPort,
            Made = draft.Made?.Value,
            Address = address.Value,
            At = draft.At,
            Name = draft.Name?.Value,
            Maintenance = draft.Maintenance,
            Weight = draft.Weight,
            MaxConnections = draft.MaxConnections,
            MinConnections = draft.MinConnections,
            CutsWhenDown = draft.CutsWhenDown,
            CutsBackups = draft.CutsBackups,
            Backup = draft.Backup?.Value ?? false,
            Priority = draft.Priority?.Value ?? 0,
            ProxyProtocol = draft.ProxyProtocol,
            AgentPort = draft.AgentPort,
            AgentAddress = draft.AgentAddress,
            Health = draft.Health,
            Unchecked = draft.Unchecked,
            MaxFails = draft.MaxFails?.Value,
            FailTimeout = draft.FailTimeout?.Value,
            Cookie = draft.Cookie,
            Tls = TlsChecks.Servers(draft.Tls, [address], problems),
        };
    }
}

using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>What a dialect has read of the admin API's settings.</summary>
internal sealed record AdminDraft
{
    public Located<NetworkAddress>? Address { get; init; }

    public string? TokenFile { get; init; }

    public Located<CertificateFiles>? Tls { get; init; }

    public IReadOnlyList<CommandSocketDraft> CommandSockets { get; init; } = [];

    public TimeSpan CommandTimeout { get; init; } = new AdminSettings().CommandTimeout;
}

/// <summary>What a dialect has read of a socket for commands.</summary>
internal sealed record CommandSocketDraft(Place Place)
{
    public Located<NetworkAddress>? Address { get; init; }

    public CommandLevel Level { get; init; } = CommandLevel.Operator;

    public string? Mode { get; init; }
}

/// <summary>The checks across the settings of the admin API.</summary>
internal static class AdminChecks
{
    /// <param name="draft">What was read; null for no API.</param>
    /// <param name="problems">Where what does not fit is reported.</param>
    public static AdminSettings? Check(AdminDraft? draft, ProblemList problems)
    {
        if (draft is null)
            return null;
        if (draft is { Address: { } address, TokenFile: null } && !address.Value.IsLocal)
            problems.Error(address.Place, $"{address.Value} can be reached from other machines, and there is no token", "an address such as 127.0.0.1:8404, or 'token-file' with the file of a token that requests have to bring");
        if (draft is { Tls: { } tls, Address.Value.UnixPath: not null })
            problems.Error(tls.Place, "a Unix socket does not speak TLS", "an address such as 127.0.0.1:8404 in 'address', or no 'tls'");
        List<CommandSocketSettings> commands = [];
        foreach (var socket in draft.CommandSockets)
        {
            if (socket.Address is not { } at)
                continue;
            if (!at.Value.IsLocal)
                problems.Warn(at.Place, $"{at.Value} can be reached from other machines, and commands ask nobody who they are", "a Unix socket, or an address such as 127.0.0.1:9999");
            if (commands.Exists(other => other.Address == at.Value))
                problems.Error(at.Place, $"{Shown.Quote(at.Value.ToString())} takes commands already", "each address once");
            commands.Add(new(at.Value, socket.Level, socket.Mode));
        }

        return new() { Address = draft.Address?.Value, TokenFile = draft.TokenFile, Tls = draft.Tls?.Value, CommandSockets = commands.ToValueList(), CommandTimeout = draft.CommandTimeout };
    }
}

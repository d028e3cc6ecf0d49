using System.Text;
using Steelyard.Admin;
using Steelyard.Config;

namespace Steelyard.Haproxy;

/// <summary>A command that a socket takes.</summary>
/// <param name="Name">Its first words.</param>
/// <param name="Arguments">What follows, as HAProxy's help writes it.</param>
/// <param name="Level">Who may give it.</param>
/// <param name="Meaning">What it does, as HAProxy's help says it.</param>
/// <param name="Answer">Does it; gets the words behind its name.</param>
internal sealed record Command(string Name, string Arguments, CommandLevel Level, string Meaning, Func<CommandDesk, CommandTalk, string[], Task<string>> Answer)
{
    public string[] Words { get; } = Name.Split(' ');
}

/// <summary>Does what is asked for on command sockets.</summary>
/// <param name="desk">What is looked at and changed.</param>
internal sealed class CommandDesk(AdminDesk desk)
{
    private static readonly IReadOnlyList<Command> s_all = [.. LookCommands.All, .. ServerCommands.All, .. HealthCommands.All, .. FrontendCommands.All, .. TableCommands.All, .. ListCommands.All, .. CertificateCommands.All, .. SettledCommands.All, .. TalkCommands.All];

    /// <summary>All there are.</summary>
    public static IReadOnlyList<Command> All => s_all;

    public AdminDesk Desk => desk;

    public Snapshot Snapshot => desk.Served.Snapshot;

    /// <summary>What is counted, in HAProxy's columns.</summary>
    public StatTable Stats { get; } = new(desk);

    /// <summary>How long somebody may say nothing.</summary>
    public TimeSpan Patience => Snapshot.Admin?.CommandTimeout ?? TimeSpan.FromSeconds(10);

    /// <summary>Does what a command says.</summary>
    /// <returns>What is said about it; as in HAProxy it ends with a line's end, but for some.</returns>
    public async Task<string> AnswerAsync(string[] words, CommandTalk talk)
    {
        Command? found = null;
        foreach (var command in s_all)
        {
            if (words.Length >= command.Words.Length && words.AsSpan(0, command.Words.Length).SequenceEqual(command.Words) && (found is null || found.Words.Length < command.Words.Length))
                found = command;
        }

        if (found is null)
            return Help(words, talk);
        if (talk.Level < found.Level)
            return "Permission denied\n";
        try
        {
            return await found.Answer(this, talk, words[found.Words.Length..]);
        }
        catch (CommandException refused)
        {
            return refused.Message;
        }
    }

    /// <summary>The commands that begin like some words, or all.</summary>
    public static string Help(string[] words, CommandTalk talk)
    {
        var allowed = s_all.Where(command => command.Level <= talk.Level).ToList();
        var alike = words.Length == 0 ? allowed : allowed.FindAll(command => command.Words[0] == words[0]);
        var text = new StringBuilder(words.Length == 0 ? "The following commands are valid at this level:\n"
            : alike.Count > 0 ? "Unknown command, but maybe one of the following ones is a better match:\n"
            : "Unknown command: '" + words[0] + "'. Please enter one of the following commands only:\n");
        foreach (var command in alike.Count > 0 ? alike : allowed)
            text.Append($"  {command.Name + (command.Arguments.Length > 0 ? " " + command.Arguments : ""),-39} : {command.Meaning}\n");
        return text.ToString();
    }

    /// <summary>A pool by its name.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public PoolSettings Pool(string name) => Snapshot.Pools.FirstOrDefault(pool => pool.Name == name) ?? throw new CommandException("No such backend.\n");

    /// <summary>A server by BACKEND/SERVER.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public (PoolSettings Pool, ServerSettings Server, Engine.ServerStatus Status) Server(string? path)
    {
        if (path is null || path.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0)
            throw new CommandException("Require 'backend/server'.\n");
        var (pool, name) = (Pool(path[..slash]), path[(slash + 1)..]);
        var server = pool.Servers.FirstOrDefault(server => NameOf(server) == name) ?? throw new CommandException("No such server.\n");
        foreach (var status in desk.Balancer.Servers)
        {
            if (status.Pool == pool.Name && status.Address == server.Address)
                return (pool, server, status);
        }

        throw new CommandException("No such server.\n");
    }

    /// <summary>What a server is called.</summary>
    public static string NameOf(ServerSettings server) => server.Name ?? server.Address.ToString();

    /// <summary>What a listener is called.</summary>
    public static string NameOf(ListenerSettings listener) => listener.Name ?? listener.Bind[0].ToString();

    /// <summary>Lets the keeper change what is served.</summary>
    /// <exception cref="CommandException">It does not.</exception>
    public async Task AdjustAsync(params string[] words)
    {
        var answer = await desk.Keeper.AskAsync(Keeper.KeeperRequestKind.Adjust, string.Join('\t', words));
        if (!answer.Done)
            throw new CommandException(string.Join('\n', answer.Lines) + "\n");
    }

    /// <summary>Lets a server be what is wanted.</summary>
    /// <exception cref="CommandException">It cannot.</exception>
    public async Task ChangeAsync(Engine.ServerChange change)
    {
        // The keeper first: what was answered outlives this engine.
        if (!await desk.Keeper.KeepAsync(change) || !await desk.Balancer.ChangeAsync(change))
            throw new CommandException("No such server.\n");
    }
}

/// <summary>A command is refused.</summary>
internal sealed class CommandException(string message) : Exception(message);

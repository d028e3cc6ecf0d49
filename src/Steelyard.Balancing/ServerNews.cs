namespace Steelyard.Balancing;

/// <summary>What is said of a pool's servers from outside: by checks, by their agents, and by operators.</summary>
public static class ServerNews
{
    /// <summary>Takes the result of a check of a server's health.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="server">One of it.</param>
    /// <param name="up">Whether it counts as up.</param>
    /// <param name="fault">What was wrong at the last check.</param>
    /// <param name="status">The status of its answer; 0 for none.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public static void Checked(this Pool pool, Server server, bool up, ProbeFault fault, int status, long now)
    {
        if (server.IgnoresChecks)
            return;
        pool.Judge(server, up, fault, status, now);
    }

    /// <summary>Lets checks, or the agent, of a server count from now on, or not: until another word, over reloads.</summary>
    public static void SetHearing(Server server, Hearing what, bool counts) => server.SetHearing(what, counts);

    /// <summary>Takes a server for up or down, until something else is said of it.</summary>
    public static void Judge(this Pool pool, Server server, bool up, ProbeFault fault, int status, long now)
    {
        var was = server.Serves;
        if (!server.Health.Set(up, fault, status))
            return;
        if (up)
        {
            // It is another server now, as far as anybody knows.
            server.Outlier?.Forgive();
            server.Return(now);
        }

        pool.Refresh(now);
        CutAfter(pool, server, was);
    }

    /// <summary>Takes what the agent of a server says.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="server">One of it.</param>
    /// <param name="reply">What it said.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public static void Heard(this Pool pool, Server server, in AgentReply reply, long now)
    {
        if (!server.IgnoresAgent)
            pool.TakeReply(server, reply, now);
    }

    /// <summary>The same, whether its agent counts or not.</summary>
    public static void TakeReply(this Pool pool, Server server, in AgentReply reply, long now)
    {
        var was = server.Serves;
        if (!server.Heard(reply))
            return;
        if (!was && server.Serves)
            server.Return(now);

        pool.Refresh(now);
        CutAfter(pool, server, was);
    }

    /// <summary>Takes whether a server says by its check that it wants no new clients.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="server">One of it.</param>
    /// <param name="drains">Whether it does.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public static void DrainByCheck(this Pool pool, Server server, bool drains, long now)
    {
        var was = server.Serves;
        if (server.IgnoresChecks || !server.SetDrainedByCheck(drains))
            return;
        pool.Refresh(now);
        CutAfter(pool, server, was);
    }

    /// <summary>Sets a server's weight until the program ends.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="server">One of it.</param>
    /// <param name="weight">0 to 256; null for what the configuration says.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public static void SetWeight(this Pool pool, Server server, int? weight, long now)
    {
        if (weight is { } given)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(weight));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(given, 256, nameof(weight));
        }

        server.SetWeight(weight ?? -1);
        pool.Refresh(now);
    }

    /// <summary>Sets what is wanted of a server until the program ends.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="server">One of it.</param>
    /// <param name="state">What is wanted.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    public static void SetState(this Pool pool, Server server, ServerState state, long now)
    {
        var was = server.Serves;
        if (server.Wanted == ServerState.Maintenance && state == ServerState.Ready)
            server.Return(now);

        server.SetWanted(state);
        pool.Refresh(now);
        CutAfter(pool, server, was);
    }

    // After the shares have changed, so that who is cut and comes again gets another.
    private static void CutAfter(Pool pool, Server server, bool was)
    {
        if (was == server.Serves || pool.Cut is not { } cut)
            return;
        if (was && server.Settings.CutsWhenDown)
            cut(server);
        if (was || !server.Settings.CutsBackups || server.Settings.Backup)
            return;
        foreach (var other in pool.Members)
        {
            if (other.Settings.Backup)
                cut(other);
        }
    }
}

using Steelyard.Balancing;

namespace Steelyard.Simulate;

/// <summary>The servers of a run, and what happens to requests once they have left the balancer.</summary>
internal sealed class Site(Scenario scenario, ulong seed, Agenda agenda, List<SimulatedRequest> requests, Outcome outcome)
{
    private readonly long _network = NetworkOf(scenario);
    private readonly long _connectTimeout = (long)scenario.Timeouts.Connect.TotalMicroseconds;
    private readonly long _end = (long)scenario.Duration.TotalMicroseconds;

    /// <summary>All of them, those too that have not joined yet.</summary>
    public SimulatedServer[] Servers { get; } = [.. scenario.Servers.Select((model, i) => new SimulatedServer(model, i))];

    /// <summary>The time from the balancer to a server, in microseconds.</summary>
    public static long NetworkOf(Scenario scenario) => (long)(scenario.Network * 1000);

    /// <summary>What stands behind a server of the pool.</summary>
    public SimulatedServer ModelOf(Server server) =>
        // Those that join stand behind those that were there before.
        Servers[server.Index];

    /// <summary>Puts down the first pause of each server that has any.</summary>
    public void Begin()
    {
        foreach (var server in Servers)
        {
            if (server.Model.PauseEvery > 0)
                PlanPause(server.Index);
        }
    }

    /// <summary>A server stops for a while, and will again.</summary>
    public void Pause(int index)
    {
        Servers[index].Pause(agenda.Now, (long)(Servers[index].Model.PauseFor * 1000));
        PlanPause(index);
    }

    /// <summary>How a probe would end that is sent now.</summary>
    /// <param name="index">The server.</param>
    /// <param name="asks">Whether it waits for an answer, and not for a connection alone.</param>
    /// <returns>Whether it would pass, and in how many microseconds.</returns>
    public (bool Passes, long Takes) ProbeOf(int index, bool asks) => Servers[index].Mood switch
    {
        ServerMood.Well => (true, Math.Max(0, asks ? Servers[index].PausedUntil - agenda.Now : 0) + (2 * _network)),
        ServerMood.Failing => (!asks, 2 * _network),
        ServerMood.Dead => (false, 2 * _network),
        ServerMood.Hanging when !asks => (true, 2 * _network),
        _ => (false, long.MaxValue),
    };

    /// <summary>A request reaches its server.</summary>
    public void Reach(int index)
    {
        var request = requests[index];
        var server = ModelOf(request.Server!);
        request.Reached = agenda.Now;
        switch (server.Mood)
        {
            case ServerMood.Failing:
                Reply(index, ServerFailure.None, 500);
                break;
            case ServerMood.Dead:
                Reply(index, ServerFailure.Refused, 0);
                break;
            case ServerMood.Gone when !server.TakeKept():
                agenda.Add(request.Sent + _connectTimeout, EntryKind.ConnectTimeout, index, request.Mark);
                break;
            case ServerMood.Well when server.HasHand:
                Work(server, index);
                break;
            case ServerMood.Well when server.IsFull:
                Reply(index, ServerFailure.Refused, 0);
                break;
            case ServerMood.Well:
                server.Wait(index, request.Mark);
                break;
        }
    }

    private void Work(SimulatedServer server, int index)
    {
        var request = requests[index];
        if (outcome.Counts(request.Came))
            outcome.Wait.Add(agenda.Now - request.Reached + request.Waited);
        var dice = Dice.For(seed, ((ulong)request.Number << 4) + (ulong)request.Made + 16);
        var done = server.Begin(index, agenda.Now, ref dice);
        request.PausedBefore = server.PausedInAll;
        agenda.Add(done, EntryKind.Finish, index, request.Mark);
    }

    /// <summary>A server has done a request, if it was not stopped or lost meanwhile.</summary>
    public void Finish(int index)
    {
        var request = requests[index];
        var server = ModelOf(request.Server!);
        if (server.PausedInAll > request.PausedBefore)
        {
            agenda.Add(agenda.Now + server.PausedInAll - request.PausedBefore, EntryKind.Finish, index, request.Mark);
            request.PausedBefore = server.PausedInAll;
            return;
        }

        // It may have been lost with its server meanwhile.
        if (!server.Finish(index))
            return;
        Reply(index, ServerFailure.None, 200);
        StartWaiting(server);
    }

    /// <summary>A server that has a hand free begins what waits for it.</summary>
    public void StartWaiting(SimulatedServer server)
    {
        while (server.HasHand && server.TakeWaiting(out var next))
        {
            // Nobody works for those that have gone away meanwhile.
            if (requests[next.Request].Mark == next.Mark)
                Work(server, next.Request);
        }
    }

    private void Reply(int index, ServerFailure failure, int status)
    {
        var request = requests[index];
        (request.Failure, request.Status) = (failure, status);
        agenda.Add(agenda.Now + _network, EntryKind.Hear, index, request.Mark);
    }

    private void PlanPause(int index)
    {
        var at = agenda.Now + (long)(Dice.For(seed, ((ulong)index << 40) + (ulong)agenda.Now).Exponential(Servers[index].Model.PauseEvery) * 1000);
        if (at < _end)
            agenda.Add(at, EntryKind.Pause, index);
    }

    /// <summary>Has something happen to servers.</summary>
    public void Befall(Incident incident)
    {
        foreach (var server in Servers)
        {
            if (incident.Zone is null ? incident.Servers.Contains(server.Index) : server.Model.Zone == incident.Zone)
                Befall(server, incident);
        }
    }

    private void Befall(SimulatedServer server, Incident incident)
    {
        switch (incident.What)
        {
            case IncidentKind.Slow:
                server.Slow(incident.Amount);
                break;
            case IncidentKind.Pause:
                server.Pause(agenda.Now, (long)(incident.Amount * 1000));
                break;
            case IncidentKind.Recover:
                server.Start(agenda.Now);
                break;
            case IncidentKind.Fail:
                server.Become(ServerMood.Failing);
                break;
            case IncidentKind.Hang:
                server.Become(ServerMood.Hanging);
                break;
            case IncidentKind.Vanish:
                server.Become(ServerMood.Gone);
                break;
            case IncidentKind.Die:
            case IncidentKind.Restart:
                foreach (var (request, mark) in server.Become(ServerMood.Dead))
                {
                    if (mark is null || requests[request].Mark == mark)
                        Reply(request, ServerFailure.ClosedEarly, 0);
                }

                if (incident.What == IncidentKind.Restart)
                    agenda.Add(agenda.Now + (long)(incident.Amount * 1000), EntryKind.Back, server.Index);
                break;
        }
    }
}

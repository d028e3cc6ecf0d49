using System.Globalization;
using Steelyard.Apps;
using Steelyard.Apps.Upkeep;
using Steelyard.Discovery;

namespace Steelyard.Keeper;

/// <summary>What the keeper knows of itself, and of the workers of apps, this moment.</summary>
/// <param name="Process">Its process.</param>
/// <param name="Since">When it started.</param>
/// <param name="Reloads">Configurations taken up since, the first not among them.</param>
/// <param name="FailedReloads">Those that changed nothing, for something was wrong with them.</param>
/// <param name="Engines">Engines started so far.</param>
/// <param name="Apps">The apps.</param>
/// <param name="Differences">What operators have made of the configuration.</param>
internal sealed record KeeperState(int Process, DateTimeOffset Since, int Reloads, int FailedReloads, int Engines, IReadOnlyList<AppState> Apps, IReadOnlyList<LiveDifference> Differences)
{
    /// <summary>What finds servers.</summary>
    public IReadOnlyList<DiscoveryState> Discoveries { get; init; } = [];

    /// <summary>Looks at the apps.</summary>
    public static IReadOnlyList<AppState> Look(AppSupervisors apps)
    {
        var all = apps.All;
        if (all.Count == 0)
            return [];
        var slots = all.Select(app => (app, app.Slots)).ToList();
        var uses = ProcessGroups.Look([.. slots.SelectMany(pair => pair.Slots).Select(slot => slot.IsAlive ? slot.Worker!.Process : 0)]);
        return [.. slots.Select(pair => new AppState(pair.app.Pool, [.. pair.Slots.Select(slot => Look(slot, uses))]))];
    }

    private static WorkerState Look(WorkerSlot slot, Dictionary<int, GroupUse> uses)
    {
        var (worker, alive) = (slot.Worker, slot.IsAlive);
        var state = alive ? worker!.Leaving ? "stopping" : worker.Serving ? "serving" : "starting" : slot.Replacing || !slot.Keeping.IsCompleted ? "waiting" : "stopped";
        var address = worker?.Reach.Address?.ToString() ?? "";
        if (!alive)
            return new(slot.Number, state, 0, default, slot.RestartCount, 0, 0, 0, address);
        var use = uses.GetValueOrDefault(worker!.Process);
        return new(slot.Number, state, worker.Process, worker.Lived, slot.RestartCount, use.Memory, use.CpuSeconds, worker.BusyBy(use.CpuSeconds), address);
    }

    /// <summary>Lines for <see cref="FromLines"/>.</summary>
    public IReadOnlyList<string> ToLines()
    {
        var lines = new List<string> { Line("keeper", Process, Since.ToUnixTimeMilliseconds(), Reloads, FailedReloads, Engines) };
        foreach (var app in Apps)
        {
            lines.Add(Line("app", app.Pool));
            foreach (var worker in app.Workers)
                lines.Add(Line("worker", worker.Number, worker.State, worker.Process, (long)worker.Lived.TotalMilliseconds, worker.Restarts, worker.Memory, worker.CpuSeconds, worker.Busy, worker.Address));
        }

        lines.AddRange(Discoveries.Select(one => Line("found", one.Pool, one.Source, one.Age is { } age ? (long)age.TotalMilliseconds : "", one.Failures, one.Why ?? "", string.Join(' ', one.Servers))));
        lines.AddRange(Differences.Select(difference => Line("differs", difference.Pool, difference.Server, difference.Setting, difference.File, difference.Live)));
        return lines;
    }

    private static string Line(params IEnumerable<object> words) => string.Join('\t', words.Select(word => Convert.ToString(word, CultureInfo.InvariantCulture)));

    /// <summary>The state that <see cref="ToLines"/> wrote; null where it is none.</summary>
    public static KeeperState? FromLines(IReadOnlyList<string> lines)
    {
        KeeperState? state = null;
        var apps = new List<AppState>();
        var workers = new List<WorkerState>();
        var differences = new List<LiveDifference>();
        var discoveries = new List<DiscoveryState>();
        foreach (var words in lines.Select(line => line.Split('\t')))
        {
            switch (words)
            {
                case ["keeper", var process, var since, var reloads, var failed, var engines]:
                    state = new(Number(process), DateTimeOffset.FromUnixTimeMilliseconds(Long(since)), Number(reloads), Number(failed), Number(engines), apps, differences) { Discoveries = discoveries };
                    break;
                case ["app", var pool]:
                    apps.Add(new(pool, workers = []));
                    break;
                case ["worker", var number, var what, var process, var lived, var restarts, var memory, var cpu, var busy, var address]:
                    workers.Add(new(Number(number), what, Number(process), TimeSpan.FromMilliseconds(Long(lived)), Number(restarts), Long(memory), Real(cpu), Real(busy), address));
                    break;
                case ["found", var pool, var source, var age, var failures, var why, var servers]:
                    discoveries.Add(new(pool, source, servers.Split(' ', StringSplitOptions.RemoveEmptyEntries), age.Length == 0 ? null : TimeSpan.FromMilliseconds(Long(age)), Long(failures), why.Length == 0 ? null : why));
                    break;
                case ["differs", var pool, var server, var setting, var file, var live]:
                    differences.Add(new(pool, server, setting, file, live));
                    break;
            }
        }

        return state;

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

        static double Real(string text) => double.Parse(text, CultureInfo.InvariantCulture);

        static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);
    }
}

/// <summary>The workers of a pool.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Workers">Its workers, by their numbers.</param>
internal sealed record AppState(string Pool, IReadOnlyList<WorkerState> Workers);

/// <summary>A worker.</summary>
/// <param name="Number">Its number in the pool, from 1.</param>
/// <param name="State">starting, serving, stopping; waiting to be started again; stopped for good.</param>
/// <param name="Process">Its process; 0 for none.</param>
/// <param name="Lived">How long that has lived.</param>
/// <param name="Restarts">How often one was started for one that had ended by itself.</param>
/// <param name="Memory">What it holds with all it has started, in bytes.</param>
/// <param name="CpuSeconds">Time on processors that these have used so far.</param>
/// <param name="Busy">How many processors they keep busy, on average since the look before.</param>
/// <param name="Address">Where it is in its pool; empty for nowhere.</param>
internal sealed record WorkerState(int Number, string State, int Process, TimeSpan Lived, int Restarts, long Memory, double CpuSeconds, double Busy, string Address);

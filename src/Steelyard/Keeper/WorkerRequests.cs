using System.Globalization;
using Steelyard.Apps;

namespace Steelyard.Keeper;

/// <summary>What operators ask of the workers of apps.</summary>
internal static class WorkerRequests
{
    /// <summary>The most workers that an app may be scaled to.</summary>
    public const int Most = 1024;

    /// <summary>More or fewer of them.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="wanted">The pool, and a number behind <c>=</c>, <c>+</c> or <c>-</c>; <c>=+</c> and <c>=-</c> are the latter.</param>
    /// <param name="report">Gets what there is to say.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <returns>Whether it is done.</returns>
    public static async Task<bool> ScaleAsync(AppSupervisors apps, string wanted, Report report, CancellationToken cancel)
    {
        var sign = wanted.AsSpan().LastIndexOfAny('=', '+', '-');
        if (sign < 1 || Find(apps, PoolOf(wanted, sign), report) is not { } app)
            return false;
        var number = int.TryParse(wanted.AsSpan(sign + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var read) ? read : 0;
        var count = wanted[sign] switch { '+' => app.Count + number, '-' => app.Count - number, _ => number };
        if (count is < 1 or > Most)
        {
            report.Warn($"steelyard: {app.Pool} cannot have {count.ToString(CultureInfo.InvariantCulture)} workers; from 1 to {Most}");
            return false;
        }

        if (app.App.Scale is { } scale && (count < scale.Min || count > scale.Max))
        {
            report.Warn($"steelyard: {app.Pool} has from {scale.Min} to {scale.Max} workers (scale), not {count.ToString(CultureInfo.InvariantCulture)}");
            return false;
        }

        return await TryAsync(
            async () =>
            {
                var before = app.Count;
                await app.ScaleAsync(count, cancel);
                report.Say($"scaled: {app.Pool} has {Workers(count)}, before {before.ToString(CultureInfo.InvariantCulture)}{(app.App.Scale is not null ? "; it goes on to go by its work (scale)" : count == AppSupervisor.CountOf(app.App) ? "" : $"; 'instances' says {AppSupervisor.CountOf(app.App).ToString(CultureInfo.InvariantCulture)}, which counts again at the next start and when it changes")}");
            },
            $"{app.Pool} has as many workers as before",
            report);
    }

    /// <summary>The pool that is to have more or fewer workers.</summary>
    /// <param name="wanted">The pool, and a number behind a sign.</param>
    /// <param name="sign">Where the sign is.</param>
    public static string PoolOf(string wanted, int sign) => wanted[..(sign > 1 && wanted[sign] != '=' && wanted[sign - 1] == '=' ? sign - 1 : sign)];

    /// <summary>Replaces them.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="pool">Which; empty for all.</param>
    /// <param name="report">Gets what there is to say.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <returns>Whether it is done.</returns>
    public static async Task<bool> RestartAsync(AppSupervisors apps, string pool, Report report, CancellationToken cancel)
    {
        IReadOnlyList<AppSupervisor> which = apps.All;
        if (pool.Length > 0)
        {
            if (Find(apps, pool, report) is not { } one)
                return false;
            which = [one];
        }

        if (which.Count == 0)
        {
            report.Warn("steelyard: the configuration has no 'app'");
            return false;
        }

        foreach (var app in which)
        {
            if (!await TryAsync(() => app.ReplaceAsync(app.App, cancel), $"no restart of {app.Pool}", report))
                return false;
            report.Say($"restarted: {app.Pool} has {Workers(app.Count)}");
        }

        return true;
    }

    private static async Task<bool> TryAsync(Func<Task> change, string otherwise, Report report)
    {
        try
        {
            await change();
            return true;
        }
        catch (AppStartException error)
        {
            report.Warn($"steelyard: {otherwise}: {error.Message}");
            return false;
        }
        catch (OperationCanceledException)
        {
            report.Warn($"steelyard: {otherwise}: this program stops");
            return false;
        }
    }

    private static AppSupervisor? Find(AppSupervisors apps, string pool, Report report)
    {
        if (apps.Find(pool) is { } app)
            return app;
        report.Warn(apps.All.Count == 0
            ? "steelyard: the configuration has no 'app'"
            : $"steelyard: no pool with an 'app' is called '{pool}'; there is {string.Join(", ", apps.All.Select(one => one.Pool))}");
        return null;
    }

    private static string Workers(int count) => count == 1 ? "1 worker" : $"{count.ToString(CultureInfo.InvariantCulture)} workers";
}

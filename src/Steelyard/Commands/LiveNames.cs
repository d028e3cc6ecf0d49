using System.CommandLine.Completions;
using System.Text.Json.Serialization.Metadata;
using Steelyard.Admin;

namespace Steelyard.Commands;

/// <summary>The pools and servers of the one running instance, for a shell that completes; nothing where there is none, or several.</summary>
internal static class LiveNames
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    public static IEnumerable<CompletionItem> Pools() => AskForPools().Select(pool => new CompletionItem(pool.Name));

    /// <summary>Servers behind their pools: by the name that one was given, and by its address.</summary>
    public static IEnumerable<CompletionItem> Servers() =>
        AskForPools().SelectMany(pool => pool.Members.SelectMany<ServerView, string>(member => member.Name is null ? [member.Address] : [member.Name, member.Address]).Select(name => new CompletionItem($"{pool.Name}/{name}")));

    /// <summary>Pools with an app, with a word behind them.</summary>
    public static IEnumerable<CompletionItem> Apps(string behind = "") => AskForApps().Select(app => new CompletionItem(app.Pool + behind));

    /// <summary>Pools with an app, and each of its workers.</summary>
    public static IEnumerable<CompletionItem> Workers() =>
        AskForApps().SelectMany(app => app.Workers.Select(worker => $"{app.Pool}/{worker.Number}").Prepend(app.Pool)).Select(name => new CompletionItem(name));

    private static PoolView[] AskForPools() => Ask("/api/pools", AdminJson.Readable.PoolViewArray);

    private static AppView[] AskForApps() => Ask("/api/apps", AdminJson.Readable.AppViewArray);

    private static T[] Ask<T>(string path, JsonTypeInfo<T[]> type)
    {
        try
        {
            var file = ConfigurationArgument.InThisFolder;
            var running = RunCommand.NameIn(".") is { } run ? AdminConnection.Local(run) : [];
            if (running.Count == 0)
                running = AdminConnection.Local(file);
            if (running.Count == 0 && file is not null)
                running = AdminConnection.Local(file: null);
            if (running is not [var only])
                return [];
            using (only)
            {
                var asked = only.GetAsync(path, type);
                return asked.Wait(s_patience) ? asked.Result : [];
            }
        }
        catch (Exception error) when (error is AdminProblemException or AggregateException or IOException)
        {
            // Somebody presses Tab: there is nobody to tell.
            return [];
        }
    }
}

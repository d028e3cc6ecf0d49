using System.CommandLine.Completions;
using Steelyard.Admin;

namespace Steelyard.Commands;

/// <summary>The pools and servers of the one running instance, for a shell that completes; nothing where there is none, or several.</summary>
internal static class LiveNames
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    public static IEnumerable<CompletionItem> Pools() => Ask().Select(pool => new CompletionItem(pool.Name));

    public static IEnumerable<CompletionItem> Servers() => Ask().SelectMany(pool => pool.Members.Select(member => new CompletionItem($"{pool.Name}/{member.Address}")));

    private static PoolView[] Ask()
    {
        try
        {
            var file = ConfigurationArgument.InThisFolder;
            var running = AdminConnection.Local(file);
            if (running.Count == 0 && file is not null)
                running = AdminConnection.Local(file: null);
            if (running is not [var only])
                return [];
            using (only)
            {
                var asked = only.GetAsync("/api/pools", AdminJson.Default.PoolViewArray);
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

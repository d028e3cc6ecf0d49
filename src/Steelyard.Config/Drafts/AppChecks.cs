using Steelyard.Config.Text;

namespace Steelyard.Config.Drafts;

/// <summary>What has to fit together in an app.</summary>
internal static class AppChecks
{
    public static AppSettings? App(AppDraft? draft, ProblemList problems)
    {
        if (draft is not { Command: { } command })
            return null;
        var app = draft.Settings with { Command = command.Value };
        var usesSocket = app.Command.Any(word => word.Contains("{socket}", StringComparison.Ordinal));
        if (usesSocket && app.Listen is WorkerListen.Port or WorkerListen.Activation or WorkerListen.Cluster or WorkerListen.None)
            problems.Error(command.Place, "'{socket}' in the command of an app that listens on no Unix socket", "'listen: socket', or a command without it");
        if (app.Listen == WorkerListen.None && app.Ready.On is ReadySign.Listening or ReadySign.Http)
            problems.Error(draft.Place, "an app that listens on nothing cannot show by it that it is ready", "'ready' on notify, log or delay");
        if (app.ListensBy != WorkerListen.Cluster)
        {
            if (app.Ready.On == ReadySign.Signal)
                problems.Error(draft.Place, "'ready' on a signal that only workers of a Node cluster can send", "'notify', or 'listen: cluster'");
            if (app.Port is not null)
                problems.Error(draft.Place, "'port' of an app that is no Node cluster", "'{port}' in the command, or 'listen: cluster'");
            if (app.Stop.Message is not null)
                problems.Error(draft.Place, "'message' to workers of no Node cluster", "a 'signal', or 'listen: cluster'");
        }

        if (app.Ready is { On: ReadySign.Log, Text: null })
            problems.Error(draft.Place, "'ready' on a line of the log, without 'text'", "the text that the line contains");
        if (app.Group is not null && app.User is null)
            problems.Error(draft.Place, "'group' without 'user'", "both, or 'user' alone for that user's own group");
        if (app.Restart.Delay > app.Restart.MostDelay)
            problems.Error(draft.Place, $"'restart' begins with a pause of {DurationText.Write(app.Restart.Delay)}, longer than its longest of {DurationText.Write(app.Restart.MostDelay)}", "'delay' at most as long as 'most-delay'");
        return app;
    }
}

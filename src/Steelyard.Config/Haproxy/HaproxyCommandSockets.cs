using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The lines of global by which a running process is reached.</summary>
internal static class HaproxyCommandSockets
{
    public static IEnumerable<DirectiveRow<HaproxyUse>> Rows { get; } =
    [
        DirectiveRow<HaproxyUse>.Done("stats socket", "G", "<path>|<address> [mode <mode>] [level user|operator|admin] [...]", "Where HAProxy's commands are taken, see [the command socket](#the-command-socket). `user`, `group`, `expose-fd` and the like change nothing: the socket belongs to whoever starts the program.", Read),
        DirectiveRow<HaproxyUse>.Done("stats timeout", "G", "<time>", "How long somebody on a command socket may say nothing.", use =>
        {
            if (use.TryTakeTime("a time", out var time) && time > TimeSpan.Zero)
                use.File.CommandTimeout = time > HaproxyTimeouts.Longest ? HaproxyTimeouts.Longest : time;
        }),
        DirectiveRow<HaproxyUse>.Done("daemon", "G", "", "Under the name `haproxy` the program leaves its terminal, unless `-db`, `-d` or `-Ws` say otherwise; as `steelyard up` it stays.", use => use.File.Source.Daemon.Detach = true),
        DirectiveRow<HaproxyUse>.Done("pidfile", "G", "<file>", "The file of the process's number, under the name `haproxy` and where `-p` names none.", use => use.File.Source.Daemon.PidFile = use.TryTake("a file", out var word) ? word.Text : null),
    ];

    private static void Read(HaproxyUse use)
    {
        if (!use.TryTake("a path or an address", out var where))
            return;
        var text = where.Text;
        foreach (var prefix in (string[])["unix@", "ipv4@", "ipv6@"])
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? (prefix == "unix@" && text[5..] is { Length: > 0 } path && !path.StartsWith('/') ? "unix:" + path : text[5..]) : text;
        if (text.StartsWith('/'))
            text = "unix:" + text;
        else if (text.Length > 0 && !text.AsSpan().ContainsAny(':', '\0') && !text.StartsWith("fd@", StringComparison.Ordinal))
            text = "unix:" + Path.GetFullPath(text);
        if (!NetworkAddress.TryParse(text.StartsWith("*:", StringComparison.Ordinal) ? text[1..] : text, out var address, out _))
        {
            use.Error(where, $"{Shown.Quote(where.Text)} is no place to listen", "such as /run/haproxy/admin.sock or ipv4@127.0.0.1:9999");
            return;
        }

        var draft = new CommandSocketDraft(use.Line) { Address = new(address, where.Place) };
        while (use.HasMore)
        {
            var word = use.Take();
            switch (word.Text)
            {
                case "level" when use.TryTake("user, operator or admin", out var level):
                    if (!Enum.TryParse<CommandLevel>(level.Text, ignoreCase: true, out var known) || !char.IsAsciiLetterLower(level.Text[0]))
                        use.Error(level, $"{Shown.Quote(level.Text)} is no level", "user, operator or admin");
                    else
                        draft = draft with { Level = known };
                    break;
                case "mode" when use.TryTake("permissions", out var mode):
                    var digits = mode.Text.TrimStart('0');
                    if (digits.Length > 3 || !digits.All(digit => digit is >= '0' and <= '7'))
                        use.Error(mode, $"{Shown.Quote(mode.Text)} are no permissions", "such as 660");
                    else
                        draft = draft with { Mode = digits.PadLeft(3, '0') };
                    break;
                case "user" or "group" or "uid" or "gid" or "process" or "thread" or "name" or "severity-output" or "maxconn" or "backlog" or "id" or "namespace" or "shards" when use.TryTake("a word", out _):
                    use.Problems.Note(word.Place, $"'{word.Text}' of a command socket has no effect here: it belongs to whoever starts the program");
                    break;
                case "expose-fd" when use.TryTake("listeners", out _):
                    use.Problems.Note(word.Place, "'expose-fd' has no effect here: a reload keeps its sockets, and -sf finds them by itself");
                    break;
                case "accept-netscaler-cip" or "defer-accept" or "tfo" or "v4v6" or "v6only":
                    break;
                default:
                    use.Error(word, $"{Shown.Quote(word.Text)} is not known behind 'stats socket'", "mode, level, user, group, expose-fd");
                    return;
            }
        }

        use.File.CommandSockets.Add(draft);
    }
}

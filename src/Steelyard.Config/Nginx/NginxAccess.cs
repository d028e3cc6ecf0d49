using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Nginx;

/// <summary>Who may ask: allow, deny, auth_basic, satisfy, limit_except.</summary>
/// <param name="scope">What variables stand for.</param>
/// <param name="rules">Where what refuses a request goes.</param>
internal sealed class NginxAccess(NginxScope scope, List<Located<RuleSettings>> rules)
{
    private const int LongestUsers = 1024 * 1024;

    private static readonly TimeSpan s_longestDelay = TimeSpan.FromHours(24);

    private ProblemList Problems => scope.File.Problems;

    /// <summary>What a block says of it, and the block of limit_except within.</summary>
    public static void Read(NginxLevel level, NginxScope scope, List<Located<RuleSettings>> rules)
    {
        var access = new NginxAccess(scope, rules);
        if (level.Blocks.Find(block => block.Context == 'X') is not { } except)
        {
            access.Read(level, null);
            return;
        }

        // In its place, for all other methods.
        var listed = Listed(level)!;
        access.Read(level, listed);
        access.Read(except, new NotCondition(listed));
    }

    /// <summary>That a request has one of the methods that limit_except names; null where there is none.</summary>
    public static Condition? Listed(NginxLevel level)
    {
        if (level.Blocks.Find(block => block.Context == 'X') is not { } except)
            return null;
        List<string> methods = [.. except.Directive!.Words.Skip(1).Select(word => word.Text)];
        if (methods.Contains("GET"))
            methods.Add("HEAD");
        return new TestCondition(new VariableExpression(TemplateVariable.Method), TestKind.Is, methods.ToValueList());
    }

    /// <summary>Whose connections a server of stream closes.</summary>
    public static IReadOnlyList<Located<RuleSettings>> OfStream(NginxLevel level, NginxScope scope)
    {
        List<Located<RuleSettings>> rules = [];
        var access = new NginxAccess(scope, rules);
        var addresses = access.Addresses(level);
        if (addresses.Exists(each => !each.IsAllowed))
            access.Refuse(new() { Action = RuleAction.Close }, null, First(addresses, isAllowed: false), addresses[0].Line.Place);
        return rules;
    }

    /// <summary>The line of auth_request that counts; null where nobody is asked.</summary>
    public static NginxDirective? Asks(NginxLevel level) => level.Find("auth_request") is { } line && line[1] != "off" ? line : null;

    /// <summary>Who is asked for: with <c>satisfy any</c> nobody who comes from the right address; null for everybody.</summary>
    public static Condition? AsksFor(NginxLevel level, NginxScope scope)
    {
        if (level.Find("satisfy")?[1] != "any" || Asks(level) is null)
            return null;
        var access = new NginxAccess(scope, []);
        var allowed = First(access.Addresses(level), isAllowed: true);
        return allowed is ConstantCondition { Holds: false } ? null : new NotCondition(allowed);
    }

    /// <summary>What is remembered of the answer.</summary>
    public static IReadOnlyList<Located<RuleSettings>> AnswerRules(NginxLevel level, NginxScope scope)
    {
        if (level.Find("satisfy")?[1] == "any" && new NginxAccess(scope, []).PasswordOf(level) is not null)
            scope.File.Problems.Error(Asks(level)!.Place, "\"auth_request\" beside \"auth_basic\" and \"satisfy any\" is not done here", "\"satisfy all\"");
        if (level.Has("try_files") && level.Has("proxy_pass"))
            scope.File.Problems.Error(Asks(level)!.Place, "\"auth_request\" beside \"try_files\" and \"proxy_pass\" is not done here", "a location for each");
        var answer = scope with { OfResponse = true };
        List<Located<RuleSettings>> rules = [];
        foreach (var line in level.All("auth_request_set"))
        {
            if (NginxVariables.TryRead(line[2], answer, line.Words[2].Place, out var value))
                rules.Add(new(new() { Action = RuleAction.SetVariable, Name = line[1][1..], Value = value }, line.Place));
        }

        return rules;
    }

    /// <summary>Notes a line of allow or deny among all of its block, whose order counts.</summary>
    public static void Note(NginxUse use)
    {
        use.Level.Add(use.Directive);
        use.Level.Add(new([use.Directive.Words[0] with { Text = "allow/deny" }, .. use.Directive.Words], null));
    }

    private void Read(NginxLevel level, Condition? when)
    {
        var addresses = Addresses(level);
        var password = PasswordOf(level);
        if (password is null && level.Find("satisfy")?[1] == "any" && Asks(level) is not null)
            return;
        if (password is null || level.Find("satisfy")?[1] != "any")
        {
            if (addresses.Exists(each => !each.IsAllowed))
                Refuse(new() { Action = RuleAction.Deny, Status = 403 }, when, First(addresses, isAllowed: false), addresses[0].Line.Place);
            if (password is { } asked)
                Refuse(asked.Answer, when, new NotCondition(asked.Known), asked.Place);
            return;
        }

        // Whoever comes from the right address needs no password.
        Refuse(password.Value.Answer, when, NginxSteps.Both(new NotCondition(First(addresses, isAllowed: true)), new NotCondition(password.Value.Known)), password.Value.Place);
    }

    private List<(NginxDirective Line, bool IsAllowed, Condition? Fits)> Addresses(NginxLevel level) =>
        level.All("allow/deny").Select(line => (Line: line, IsAllowed: line[1] == "allow", Fits: FitsOf(line))).ToList();

    private void Refuse(RuleSettings answer, Condition? when, Condition? unless, Place place) =>
        rules.Add(new(answer with { When = NginxSteps.Both(when, unless is ConstantCondition { Holds: true } ? null : unless) }, place));

    /// <summary>That the first line that fits is one of these.</summary>
    private static Condition First(List<(NginxDirective Line, bool IsAllowed, Condition? Fits)> lines, bool isAllowed)
    {
        Condition first = new ConstantCondition(false);
        foreach (var (_, allows, fits) in Enumerable.Reverse(lines))
        {
            if (fits is null)
                first = new ConstantCondition(allows == isAllowed);
            else if (allows == isAllowed)
                first = first is ConstantCondition { Holds: var holds } ? holds ? first : fits : new AnyCondition([fits, first]);
            else
                first = first is ConstantCondition { Holds: var anyway } ? anyway ? new NotCondition(fits) : first : new AllCondition([new NotCondition(fits), first]);
        }

        return first;
    }

    /// <summary>Whom a line is about; null for everybody.</summary>
    private Condition? FitsOf(NginxDirective line)
    {
        var what = line.Words[2];
        if (what.Text == "all")
            return null;
        if (what.Text == "unix:")
            return new TestCondition(new FetchExpression(FetchKind.PeerPort), TestKind.Is, ["0"]);
        if (NginxMaps.TryReadNetwork(what.Text, out var network))
            return new TestCondition(new VariableExpression(TemplateVariable.Client), TestKind.Network, [NetworkText.Write(network)]);
        Problems.Error(what.Place, $"invalid parameter \"{what.Text}\"", "an address, a network, unix: or all");
        return new ConstantCondition(false);
    }

    /// <summary>Who is let in by a password, and what everybody else is told; null where none is asked for.</summary>
    private (Condition Known, RuleSettings Answer, Place Place)? PasswordOf(NginxLevel level)
    {
        if (level.Find("auth_basic") is not { } realm || realm[1] == "off" || level.Find("auth_basic_user_file") is not { } named
            || !NginxVariables.TryRead(realm[1], scope, realm.Words[1].Place, out var name))
            return null;
        var users = scope.File.Users(named);
        TextTemplate challenge = TextTemplate.Of([new("Basic realm=\""), .. name.Parts, new("\"")]);
        var answer = new FixedResponse(401, "401 Unauthorized\nThis site asks for a user and a password.\n", "text/plain") { Headers = [new HeaderLine("WWW-Authenticate", challenge)], Refuses = true };
        return (users.Count == 0 ? new ConstantCondition(false) : new TestCondition(new FetchExpression(FetchKind.BasicCredentials), TestKind.User, users),
            new() { Action = RuleAction.Respond, Respond = answer, Delay = level.Time("auth_delay") is { } delay && delay > TimeSpan.Zero ? delay < s_longestDelay ? delay : s_longestDelay : null }, realm.Place);
    }

    /// <summary>The lines of a file of users.</summary>
    public static ValueList<string> UsersOf(NginxDirective named, NginxFile file)
    {
        if (named[1].Contains('$', StringComparison.Ordinal))
        {
            file.Problems.Error(named.Words[1].Place, "a file of users whose name goes by the request is not read here", "a file");
            return [];
        }

        var (place, path) = (named.Words[1].Place, file.PathOf(named[1]));
        if (file.Source.ReadFile(path, place, file.Problems) is not { Text: var text })
            return [];
        if (text.Length > LongestUsers)
        {
            file.Problems.Error(place, $"the file has more than {LongestUsers} bytes", "fewer users");
            return [];
        }

        List<string> users = [];
        foreach (var line in text.Split('\n'))
        {
            var entry = line.TrimEnd('\r');
            if (entry.Length == 0 || entry[0] == '#' || !entry.Contains(':', StringComparison.Ordinal))
                continue;

            // Behind the password anything may be said.
            var parts = entry.Split(':');
            if (parts[1].Length == 0 || users.Exists(other => other.StartsWith(parts[0] + ":", StringComparison.Ordinal)))
                continue;
            if (!TestTable.IsPattern(TestKind.User, $"{parts[0]}:{parts[1]}", ignoreCase: false, out var mistake))
                file.Problems.Error(place, $"the password of {Shown.Quote(parts[0])}: {mistake.Message}", mistake.Expected);
            else
                users.Add($"{parts[0]}:{parts[1]}");
        }

        return users.ToValueList();
    }
}

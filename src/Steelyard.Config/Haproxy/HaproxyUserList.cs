using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Expressions;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>A userlist: who may come in, with which password, and in which groups they are.</summary>
internal sealed class HaproxyUserList
{
    private const string Between = "|";

    private readonly List<(string Name, string Line, bool IsHashed)> _users = [];
    private readonly List<(string Group, string User)> _groups = [];

    /// <summary>Reads a line of it.</summary>
    public void Read(IReadOnlyList<Word> words, ProblemList problems)
    {
        if (words is [{ Text: "group" }, var group, ..])
            ReadNames(words, 2, "users", user => _groups.Add((group.Text, user)));
        else if (words is [{ Text: "user" }, var name, { Text: "insecure-password" or "password" } kind, var password, ..])
            ReadUser(words, name.Text, password, kind.Text == "password", problems);
        else
            problems.Error(words[0].Place, $"{Shown.Quote(words[0].Text)} is not known in a userlist", "user <name> insecure-password <password>, user <name> password <hash>, or group");
    }

    private void ReadUser(IReadOnlyList<Word> words, string name, Word password, bool isHashed, ProblemList problems)
    {
        // HAProxy asks the system's crypt whether it knows the method; each does know these.
        if (isHashed && !password.Text.StartsWith('$') && password.Text.Length != 13)
        {
            problems.Error(password.Place, $"{Shown.Quote(password.Text)} is no hash of a password that crypt(3) makes", "such as $5$... or $6$..., by 'mkpasswd -m sha-512'");
            return;
        }

        _users.Add((name, $"{name}:{password.Text}", isHashed));
        ReadNames(words, 4, "groups", group => _groups.Add((group, name)));
    }

    private static void ReadNames(IReadOnlyList<Word> words, int from, string word, Action<string> add)
    {
        if (words.Count <= from + 1 || words[from].Text != word)
            return;
        foreach (var name in words[from + 1].Text.Split(',', StringSplitOptions.RemoveEmptyEntries))
            add(name);
    }

    /// <summary>Whether the request is of one of its users.</summary>
    public Expression IsOneOf() => Found(_ => "1", TextTemplate.Literal("0"));

    /// <summary>The groups of the user whom the request is of, as <see cref="PatternOf"/> finds them; absent where it is of none.</summary>
    public Expression Groups() => Found(name => $"{Between}{string.Join(Between, _groups.Where(group => group.User == name).Select(group => group.Group))}{Between}", null);

    /// <summary>What a text of groups contains where a group is among them.</summary>
    public static string PatternOf(string group) => Between + group + Between;

    private MapExpression Found(Func<string, string> of, TextTemplate? otherwise) => new(
        new FetchExpression(FetchKind.BasicCredentials),
        _users.Select(user => new MapCase(user.IsHashed ? TestKind.User : TestKind.Is, false, user.Line, TextTemplate.Literal(of(user.Name)))).ToValueList(),
        otherwise);
}

using System.Globalization;
using System.Net;
using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The values that are one text, each with its range.</summary>
internal static class ScalarForms
{
    private static readonly System.Buffers.SearchValues<char> s_nameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    /// <summary>What something is called in logs, metrics and statistics.</summary>
    public static Form<string> Name { get; } = Form.OfText(
        "a name of 1 to 64 letters, digits and - _ . :",
        (string text, out string name, out Mistake mistake) =>
        {
            name = text;
            mistake = text.Length is 0 or > 64 || text.AsSpan().ContainsAnyExcept(s_nameCharacters) ? new($"{Shown.Quote(text)} cannot be a name", "1 to 64 letters, digits and - _ . :") : default;
            return mistake.Message is null;
        });

    private static readonly System.Buffers.SearchValues<char> s_userCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    public static Form<TimeSpan> Duration(TimeSpan least, TimeSpan most)
    {
        var range = $"from {DurationText.Write(least)} to {DurationText.Write(most)}";
        return Form.OfText(
            $"a duration {range}, {DurationText.Example}",
            (string text, out TimeSpan value, out Mistake mistake) =>
            {
                if (DurationText.TryParse(text, out value, out mistake) && (value < least || value > most))
                    mistake = new($"{Shown.Quote(text)} is out of range", $"a duration {range}");
                return mistake.Message is null;
            },
            DurationText.Write);
    }

    public static Form<ByteSize> Size(ByteSize least, ByteSize most) => Form.OfText(
        $"a size from {least} to {most}",
        (string text, out ByteSize value, out Mistake mistake) =>
        {
            if (ByteSize.TryParse(text, out value, out mistake) && (value < least || value > most))
                mistake = new($"{Shown.Quote(text)} is out of range", $"a size from {least} to {most}");
            return mistake.Message is null;
        },
        size => size.ToString());

    public static Form<int> Number(int least, int most) => Form.OfText(
        $"a whole number from {least} to {most}",
        (string text, out int value, out Mistake mistake) =>
        {
            var read = DecimalText.TryParse(text, least, most, out var number, out mistake);
            value = (int)Math.Clamp(number, int.MinValue, int.MaxValue);
            return read;
        },
        number => number.ToString(CultureInfo.InvariantCulture));

    public static Form<string> MediaType { get; } = Form.OfText(
        "a media type, such as application/json",
        (string text, out string type, out Mistake mistake) =>
        {
            type = text;
            mistake = text.Length is < 3 or > 200 || !text.Contains('/') || text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0
                ? new($"{Shown.Quote(text)} is not a media type", "a media type, such as application/json")
                : default;
            return mistake.Message is null;
        },
        type => type);

    public static Form<bool> Switch { get; } = OneOf([("true", true, ""), ("false", false, "")]);

    public static Form<int> Percent { get; } = PercentFrom(0, 100);

    public static Form<int> PercentFrom(int least, int most) => Form.OfText(
        $"a percentage from {least}% to {most}%, such as {(least > 20 ? 125 : 20)}%",
        (string text, out int value, out Mistake mistake) =>
        {
            (value, mistake) = (0, default);
            if (!text.EndsWith('%'))
                mistake = new($"{Shown.Quote(text)} is not a percentage", null, DecimalText.LeadingDigits(text) == text.Length && text.Length is > 0 and < 4 ? text + "%" : null);
            else if (DecimalText.TryParse(text[..^1], least, most, out var number, out mistake))
                value = (int)number;
            return mistake.Message is null;
        },
        percent => percent.ToString(CultureInfo.InvariantCulture) + "%");

    /// <summary>A value, or a word for none.</summary>
    public static Form<T?> OrWord<T>(Form<T> form, string word)
        where T : struct
    {
        var accepts = $"{form.Accepts}, or {word}";
        return new(
            accepts,
            (Drafts.ProblemList problems, YamlNode node, out T? value) =>
            {
                value = null;
                if (node is not YamlText text)
                    return Form.RefuseKind(problems, node, accepts);
                if (text.Value == word)
                    return true;
                if (text.Value.Length > 0 && char.IsAsciiLetter(text.Value[0]))
                {
                    problems.Error(text.Place, $"{Shown.Quote(text.Value)} is not understood", accepts, problems.Names.Nearest(text.Value, [word]));
                    return false;
                }

                var read = form.Read(problems, node, out var plain);
                value = read ? plain : null;
                return read;
            },
            value => value is { } plain ? form.Write!(plain) : word);
    }

    /// <summary>A list of words, or one, that are one value together.</summary>
    public static Form<T> FlagsOf<T>(string accepts, IReadOnlyList<(string Word, T Value, string Description)> words, Func<T, T, T> with, Func<T, T, bool> has)
        where T : struct
    {
        accepts += ", or none";
        var list = Form.ListOf(accepts, OneOf(words), orOne: true);
        return new(
            accepts,
            (Drafts.ProblemList problems, YamlNode node, out T value) =>
            {
                value = default;
                if (node is YamlText { Value: "none" })
                    return true;
                if (!list.Read(problems, node, out var read))
                    return false;
                foreach (var one in read)
                    value = with(value, one);
                return true;
            },
            value => words.Where(word => has(value, word.Value)).Select(word => word.Word).ToArray() is { Length: > 0 } all ? $"[{string.Join(", ", all)}]" : "none");
    }

    public static Form<T> OneOf<T>(IReadOnlyList<(string Word, T Value, string Description)> words, string otherwise = "")
    {
        var names = words.Select(w => w.Word).ToArray();
        var accepts = Shown.OneOf(names) + otherwise;
        return new(
            accepts,
            (Drafts.ProblemList problems, YamlNode node, out T value) =>
            {
                value = default!;
                if (node is not YamlText text)
                    return Form.RefuseKind(problems, node, accepts);
                foreach (var word in words)
                {
                    if (word.Word == text.Value)
                    {
                        value = word.Value;
                        return true;
                    }
                }

                problems.Error(text.Place, $"{Shown.Quote(text.Value)} is not known", accepts, problems.Names.Nearest(text.Value, names));
                return false;
            },
            value => words.First(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word);
    }

    public static Form<NetworkAddress> BindAddress { get; } = Form.OfText<NetworkAddress>(
        "host:port, :port for every address, [ipv6]:port or unix:/path",
        (string text, out NetworkAddress value, out Mistake mistake) =>
        {
            mistake = default;
            if (text == NetworkAddress.AppWord)
                value = NetworkAddress.OfApp;
            else if (!NetworkAddress.TryParse(text, out value!, out var expected))
                mistake = new($"{Shown.Quote(text)} is not an address to bind", expected, SuggestBind(text));
            else if (value.Greets || value.IsOfRequest)
                mistake = new($"{Shown.Quote(text)} is {(value.Greets ? "the address of a worker" : "no address to bind")}", "host:port, :port, [ipv6]:port or unix:/path");
            return mistake.Message is null;
        });

    /// <summary>The address of a server.</summary>
    public static Form<NetworkAddress> ServerAddress { get; } = AddressOfServer(orPort0: false);

    /// <summary>The same where something else may say the port.</summary>
    public static Form<NetworkAddress> ServerAddressOrPort0 { get; } = AddressOfServer(orPort0: true);

    private static Form<NetworkAddress> AddressOfServer(bool orPort0) => Form.OfText<NetworkAddress>(
        "host:port, [ipv6]:port or unix:/path",
        (string text, out NetworkAddress value, out Mistake mistake) =>
        {
            mistake = default;
            if (text.Contains("://", StringComparison.Ordinal) && !text.StartsWith("unix:", StringComparison.Ordinal))
                (value, mistake) = (null!, new($"{Shown.Quote(text)} is a URL, not an address", "host:port, without a scheme or a path"));
            else if (!NetworkAddress.TryParse(text, out value!, out var expected))
                mistake = new($"{Shown.Quote(text)} is not the address of a server", expected.Replace("host:port, :port", "host:port", StringComparison.Ordinal));
            else if (value.UnixPath is null && value.Host.Length == 0 && !value.IsOfRequest)
                mistake = new("a server needs a host before its port", "host:port", $"127.0.0.1{value}");
            else if (!orPort0 && value.UnixPath is null && value.Port == 0 && !value.IsOfRequest)
                mistake = new("a server cannot have port 0", "a port between 1 and 65535");
            return mistake.Message is null;
        });

    public static Form<IPNetwork> Network { get; } = Form.OfText<IPNetwork>("an address or a network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8", NetworkText.TryParse);

    public static Form<string> Host { get; } = Form.OfText<string>("a host name, or *.name for every name below it", HostText.TryParsePattern);

    /// <summary>A host name without wildcards, as a certificate has it.</summary>
    public static Form<string> ServerName { get; } = Form.OfText(
        "a host name",
        (string text, out string value, out Mistake mistake) =>
        {
            if (HostText.TryParsePattern(text, out value, out mistake) && value.StartsWith('*'))
                mistake = new($"{Shown.Quote(text)} is not the name of one host", "a host name");
            return mistake.Message is null;
        },
        name => name);

    /// <summary>The name of an account, as useradd(8) takes it. That it exists is seen when it is used.</summary>
    public static Form<string?> User { get; } = Account("user");

    /// <summary>The same of a group.</summary>
    public static Form<string?> Group { get; } = Account("group");

    private static Form<string?> Account(string kind) => Form.OfText(
        $"the name of a {kind}, such as www-data",
        (string text, out string? value, out Mistake mistake) =>
        {
            var fits = text.Length is > 0 and <= 32 && !text.AsSpan().ContainsAnyExcept(s_userCharacters) && text[0] != '-';
            (value, mistake) = (text, fits ? default : new Mistake($"{Shown.Quote(text)} cannot be the name of a {kind}", $"the name of a {kind}, such as www-data"));
            return fits;
        },
        name => name!);

    public static Form<string> Path { get; } = Form.OfText<string>("a path, or the start of one and * such as /v1/*", PathText.TryParsePattern);

    /// <summary>What of a request it is known by.</summary>
    public static Form<RequestKey> RequestKey { get; } = Form.OfText<RequestKey>(Config.RequestKey.Accepts, Config.RequestKey.TryParse!, key => key.ToString());

    /// <summary>What a route names. That the pool exists is checked when all are known.</summary>
    public static Form<string> PoolReference { get; } = Form.OfText(
        "the name of a pool",
        (string text, out string value, out Mistake mistake) =>
        {
            (value, mistake) = (text, text.Length == 0 ? new Mistake("the name of the pool is empty") : default);
            return mistake.Message is null;
        });

    public static Form<ValueList<string>> Command { get; } = new(
        "a command line, or a list of its words",
        (Drafts.ProblemList problems, YamlNode node, out ValueList<string> value) =>
        {
            value = default;
            var mistake = default(Mistake);
            if (node is YamlText text)
            {
                CommandText.TrySplit(text.Value, out value, out mistake);
            }
            else if (node is YamlList list && list.Items.All(item => item is YamlText))
            {
                value = list.Items.Select(item => ((YamlText)item).Value).ToValueList();
                mistake = CommandText.FindMistake(value);
            }
            else
            {
                var wrong = node is YamlList words ? words.Items.First(item => item is not YamlText) : node;
                return Form.RefuseKind(problems, wrong, node is YamlList ? "a word of the command" : Command!.Accepts);
            }

            if (mistake.Message is not null)
                problems.Error(node.Place, mistake);
            else if (CommandText.FindUnknownPlaceholder(value) is { } unknown)
                problems.Warn(node.Place, $"{Shown.Quote(unknown)} in the command stands for nothing", $"{Shown.List(CommandText.Placeholders)}; other braces reach the program as they are");
            return mistake.Message is null;
        });

    private static string? SuggestBind(string text) =>
        text.Length is > 0 and < 6 && DecimalText.LeadingDigits(text) == text.Length ? ":" + text
        : text.StartsWith("*:", StringComparison.Ordinal) && text.Length < 9 ? text[1..]
        : text.StartsWith('/') && text.Length < 60 ? "unix:" + text
        : null;
}

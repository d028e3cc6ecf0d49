namespace Steelyard.Config.Haproxy;

/// <summary>Conditions on the program and its environment (HAProxy's manual, 2.4): behind <c>.if</c> in a file, and <c>-cc</c> on a command line.</summary>
internal static class HaproxyCondition
{
    /// <summary>What a condition may be.</summary>
    internal const string Accepts = "defined(NAME), feature(NAME), streq(A,B), strneq(A,B), strstr(A,B), version_atleast(V), version_before(V), openssl_version_atleast(V), openssl_version_before(V), enabled(NAME), with ! && || and parentheses";

    private static readonly string[] s_features = ["ACCEPT4", "CRYPT_H", "EPOLL", "GETADDRINFO", "LIBCRYPT", "LINUX_SPLICE", "OPENSSL", "PCRE2", "PCRE2_JIT", "PRCTL", "PROMEX", "SYSTEMD", "TFO", "THREAD", "THREAD_DUMP", "ZLIB"];

    private static readonly string[] s_others =
    [
        "51DEGREES", "BACKTRACE", "CLOSEFROM", "CPU_AFFINITY", "DEVICEATLAS", "DL", "ENGINE", "EVPORTS", "KQUEUE", "LINUX_TPROXY", "LUA", "MEMORY_PROFILING", "NETFILTER", "NS", "OBSOLETE_LINKER", "OT", "PCRE", "PCRE_JIT", "POLL", "PROCCTL",
        "QUIC", "RT", "SLZ", "STATIC_PCRE", "STATIC_PCRE2", "TPROXY", "WURFL",
    ];

    /// <summary>The version of HAProxy whose files are read.</summary>
    public static Version Version { get; } = new(2, 6, 0);

    /// <summary>The names that <c>feature</c> knows, in their order: with a plus what Steelyard has what they stand for of, with a minus the others.</summary>
    public static string Features { get; } = string.Join(' ', s_features.Select(name => (Name: name, Sign: '+')).Concat(s_others.Select(name => (Name: name, Sign: '-'))).OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => $"{one.Sign}{one.Name}"));

    /// <summary>Whether a condition holds.</summary>
    /// <param name="text">The condition.</param>
    /// <param name="isDefined">Whether there is a variable of the environment.</param>
    /// <param name="holds">Whether it holds; without a meaning where it is not understood.</param>
    /// <param name="found">What is not understood of it.</param>
    /// <returns>Whether it is understood.</returns>
    public static bool TryEvaluate(string text, Func<string, bool> isDefined, out bool holds, out string found)
    {
        ArgumentNullException.ThrowIfNull(text);
        var reader = new Reader(text, isDefined);
        holds = reader.Read();
        found = reader.Wrong ?? "";
        return reader.Wrong is null;
    }

    private sealed class Reader(string text, Func<string, bool> isDefined)
    {
        private int _at;

        /// <summary>The first thing that was not understood; null for nothing.</summary>
        public string? Wrong { get; private set; }

        public bool Read()
        {
            var holds = Either();
            if (_at < text.Length)
                Refuse(text[_at..]);
            return holds;
        }

        private bool Either()
        {
            var holds = Both();
            while (Skip("||"))
                holds |= Both();
            return holds;
        }

        private bool Both()
        {
            var holds = One();
            while (Skip("&&"))
                holds &= One();
            return holds;
        }

        private bool One()
        {
            if (Skip("!"))
                return !One();
            if (Skip("("))
            {
                var inner = Either();
                if (!Skip(")"))
                    Refuse(text[Math.Min(_at, text.Length)..]);
                return inner;
            }

            var start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
                _at++;
            var name = text[start.._at];
            return name.Length == 0 || name.All(char.IsAsciiDigit) ? name.Any(digit => digit != '0') : Call(name, Arguments());
        }

        private List<string> Arguments()
        {
            if (_at >= text.Length || text[_at] != '(')
                return [];
            var end = text.IndexOf(')', _at);
            if (end < 0)
            {
                Refuse(text[_at..]);
                end = text.Length;
            }

            var arguments = text[Math.Min(_at + 1, end)..end];
            _at = Math.Min(end + 1, text.Length);
            return [.. arguments.Split(',').Select(argument => argument.Trim())];
        }

        private bool Call(string name, List<string> arguments)
        {
            switch (name)
            {
                case "defined" when arguments is [var variable]:
                    return isDefined(variable);
                case "feature" when arguments is [var feature]:
                    return s_features.Contains(feature);
                case "streq" when arguments is [var one, var other]:
                    return one == other;
                case "strneq" when arguments is [var one, var other]:
                    return one != other;
                case "strstr" when arguments is [var whole, var part]:
                    return whole.Contains(part, StringComparison.Ordinal);
                case "version_atleast" when arguments is [var least]:
                    return VersionOf(least) <= Version;
                case "version_before" when arguments is [var before]:
                    return Version < VersionOf(before);
                case "openssl_version_atleast" or "enabled":
                    return true;
                case "openssl_version_before":
                    return false;
                default:
                    Refuse(name);
                    return false;
            }
        }

        private bool Skip(string sign)
        {
            while (_at < text.Length && text[_at] == ' ')
                _at++;
            if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) != 0)
                return false;
            _at += sign.Length;
            while (_at < text.Length && text[_at] == ' ')
                _at++;
            return true;
        }

        private void Refuse(string found) => Wrong ??= found;
    }

    private static Version VersionOf(string text)
    {
        var digits = new string([.. text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.')]).Trim('.');
        return System.Version.TryParse(digits.Contains('.', StringComparison.Ordinal) ? digits : digits + ".0", out var version) ? new(version.Major, version.Minor, Math.Max(version.Build, 0)) : new(0, 0, 0);
    }
}

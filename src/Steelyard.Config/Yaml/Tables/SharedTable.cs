using Steelyard.Config.Text;

namespace Steelyard.Config.Yaml.Tables;

/// <summary>The keys of <c>shared</c>.</summary>
internal static class SharedTable
{
    private static readonly System.Buffers.SearchValues<char> s_prefixCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:{}");

    private static readonly Form<string> s_prefix = Form.OfText(
        "the beginning of names, such as shop",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.Length is 0 or > 64 || text.AsSpan().ContainsAnyExcept(s_prefixCharacters) ? new($"{Shown.Quote(text)} cannot be what names begin with", "1 to 64 letters, digits and - _ . : { }") : default;
            return mistake.Message is null;
        },
        prefix => prefix);

    private static readonly Form<string?> s_text = Form.OrNull(Form.OfText(
        "1 to 512 characters",
        (string text, out string value, out Mistake mistake) =>
        {
            value = text;
            mistake = text.Length is 0 or > 512 ? new($"the text has {text.Length} characters", "1 to 512 characters") : default;
            return mistake.Message is null;
        }));

    public static DirectiveTable<SharedSettings> Table { get; } = new(
        "'shared'",
        "the address of a Redis such as 127.0.0.1:6379, or a mapping with 'redis'",
        "The Redis over which several balancers share the clients that pools remember (`sticky` with `learn` or `on`) and the limits that say `shared: true`. No request waits for it, and without it each balancer goes by what it knows itself. `shared: 10.0.0.2:6379` is short for `{ redis: 10.0.0.2:6379 }`. More in [Shared state](shared-state.md).",
        [["redis"]],
        [
            new Directive<SharedSettings, NetworkAddress>(
                "redis",
                ScalarForms.ServerAddress,
                "Where it listens.",
                shared => shared.Redis,
                (shared, value) => shared with { Redis = value }),
            new Directive<SharedSettings, string?>(
                "user",
                s_text,
                "The user that it is told (Redis 6: `ACL SETUSER`); its default user when left out.",
                shared => shared.User,
                (shared, value) => shared with { User = value }),
            new Directive<SharedSettings, string?>(
                "password",
                s_text,
                "The password.",
                shared => shared.Password,
                (shared, value) => shared with { Password = value }),
            new Directive<SharedSettings, string?>(
                "password-file",
                Form.OrNull(TlsTable.File),
                "Instead of `password`, the file whose first line it is. It is read at the start and at a reload, by whoever starts the balancer.",
                shared => shared.PasswordFile,
                (shared, value) => shared with { PasswordFile = value }),
            new Directive<SharedSettings, bool>(
                "tls",
                ScalarForms.Switch,
                "Whether it is spoken to over TLS. Its certificate has to be good for the host in `redis`.",
                shared => shared.Tls,
                (shared, value) => shared with { Tls = value }),
            new Directive<SharedSettings, string?>(
                "ca",
                Form.OrNull(TlsTable.File),
                "The file of the authorities that are believed; those of the system when left out.",
                shared => shared.Authorities,
                (shared, value) => shared with { Authorities = value }),
            new Directive<SharedSettings, int>(
                "database",
                ScalarForms.Number(0, 1023),
                "Which of its databases.",
                shared => shared.Database,
                (shared, value) => shared with { Database = value }),
            new Directive<SharedSettings, string>(
                "prefix",
                s_prefix,
                "What the names of all keys and channels there begin with. Balancers with the same prefix share.",
                shared => shared.Prefix,
                (shared, value) => shared with { Prefix = value }),
            new Directive<SharedSettings, string?>(
                "key",
                Form.OrNull(StickyTable.Secret),
                "What clients are hashed with before they leave, the same in all balancers that share; made of the password when left out, or of the prefix where there is none.",
                shared => shared.Secret,
                (shared, value) => shared with { Secret = value }),
            new Directive<SharedSettings, TimeSpan>(
                "every",
                ScalarForms.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
                "How often changes are sent. Between two times each balancer counts alone.",
                shared => shared.Every,
                (shared, value) => shared with { Every = value }),
        ]);
}

using System.Diagnostics;
using System.Text;
using Steelyard.Balancing;
using Steelyard.Balancing.Sticky;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Logging;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Sticky;

/// <summary>
/// Whose client a request's is, and what the client is told to be known again by. Used again and again; owned by an
/// exchange.
/// </summary>
internal sealed class Affinity(ExchangeContext context)
{
    private StickyCookies? _cookies;
    private StickyClients? _clients;

    // What the client is known by, hashed; only where it has such a thing.
    private UInt128? _key;
    private StickyCookie _seen;

    // Seconds of Unix; 0 where cookies have no dates.
    private long _time;

    private bool _ignored;

    // The server has set the cookie itself.
    private bool _setByServer;

    /// <summary>The server the client belongs to; null for none.</summary>
    public Server? Owner { get; private set; }

    /// <summary>The server that the request's route names, whoever the client belongs to; null for none.</summary>
    public Server? Named { get; private set; }

    /// <summary>Whether the server is chosen in any state.</summary>
    public bool Forced { get; private set; }

    /// <summary>Whether the server the client belongs to was down when the request came.</summary>
    public bool OwnerWasDown { get; private set; }

    /// <summary>Whether what the client brings was not looked at.</summary>
    public bool Unused => _ignored || Yielded;

    private bool Yielded => Named is not null && context.Server == Named;

    /// <summary>What the client's cookie says, where the pool knows clients by one.</summary>
    public StickyCookieState Seen => _seen.State;

    /// <summary>There is nothing to see to in the answer.</summary>
    public bool IsOff => _cookies is null && _clients is null;

    /// <summary>Forgets the request before.</summary>
    public void Forget() => (_cookies, _clients, Owner, Named, _ignored, Forced) = (null, null, null, null, false, false);

    /// <summary>Sees whose client it is, once it is known whose servers the request is for.</summary>
    public void Begin(Pool pool)
    {
        BeginSession(pool);
        if ((_cookies = pool.Cookies) is null)
            return;
        _time = _cookies.Settings.IsDated ? new DateTimeOffset(context.Events.Network.UtcNow).ToUnixTimeSeconds() : 0;
        _seen = CookieLine.Read(context.Request.Fields, context.Head, _cookies, _time);
        Owner = _seen.Server < 0 ? null : pool.Servers[_seen.Server];
        (_ignored, Forced) = (false, false);
        if (_cookies.Variable is { } name && context.Scope.Variables is { } variables && variables.TryGet(name, out var told))
        {
            (_ignored, Forced) = (told.SequenceEqual("ignore"u8), told.SequenceEqual("force"u8));
            Owner = _ignored ? null : Owner;
        }

        OwnerWasDown = Owner is { Serves: false };
    }

    /// <summary>The same where no request is read.</summary>
    public void BeginSession(Pool pool)
    {
        // After a fallback, that of the pool before.
        Owner = null;
        Named = context.Route?.Server is { } named ? pool.Twin(named) : null;
        if ((_clients = pool.Clients) is null)
            return;
        var key = context.Plan.ClientKeys[pool.Name].Read(context.Scope);
        _key = key.IsEmpty ? null : _clients.Table.KeyOf(key);
        Owner = _key is { } known && _clients.LooksUp ? _clients.OwnerOf(known, context.Events.Now) : null;
    }

    /// <summary>A server was chosen; a client that is known by what is its own before the server answers belongs to it now.</summary>
    public void Chosen(Server server)
    {
        if (_clients is { Remembers: true } && _key is { } key && server != Owner && (Owner is not null || _clients.Learned.IsEmpty))
            _clients.Remember(key, server, context.Events.Now);
    }

    private StickySettings Settings => _cookies!.Settings;

    /// <summary>What stands for the server that has answered; empty for one that keeps no clients.</summary>
    private ReadOnlySpan<byte> Value => _cookies!.Value(context.Server!.Index);

    /// <summary>Whether a field of the answer is not passed on as it came.</summary>
    public bool Changes(in Field field, ReadOnlySpan<byte> head)
    {
        if (field.NameLength != 10 || !Ascii.EqualsIgnoreCase(field.Name(head), "set-cookie"u8) || !IsOwn(field.Value(head), out var value))
            return false;
        if (_cookies is null)
        {
            Learn(value);
            return false;
        }

        _setByServer = true;
        var changes = Settings.Kind == StickyKind.Insert ? !Settings.Preserve : Settings.Kind != StickyKind.Passive && !Value.IsEmpty;
        context.Record.Cookie = !changes ? CookieFate.Passed : Settings.Kind == StickyKind.Insert ? CookieFate.Deleted : CookieFate.Rewritten;
        return changes;
    }

    /// <summary>Remembers whose client has a value from now on.</summary>
    private void Learn(ReadOnlySpan<byte> value)
    {
        value = HttpBytes.Trim(value.IndexOf((byte)';') is >= 0 and var end ? value[..end] : value);
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
            value = value[1..^1];
        if (!value.IsEmpty)
            _clients!.Remember(_clients.Table.KeyOf(value), context.Server!, context.Events.Now);
    }

    /// <summary>Writes what becomes of a cookie that <see cref="Changes"/> has found.</summary>
    public void WriteChanged(ref BlockWriter writer, ReadOnlySpan<byte> cookie)
    {
        if (Settings.Kind == StickyKind.Insert)
            return;
        var isOwn = IsOwn(cookie, out var value);
        Debug.Assert(isOwn, "The cookie was found before.");
        var end = value.IndexOf((byte)';');
        writer.Write(_cookies!.LineStart.Span);
        writer.Write(Value);
        if (Settings.Kind == StickyKind.Prefix)
        {
            writer.Write([CookieLine.Delimiter]);
            writer.Write(value);
        }
        else if (end >= 0)
        {
            writer.Write(value[end..]);
        }

        writer.Write("\r\n"u8);
    }

    /// <summary>Writes the cookie that the client gets from us, behind the server's fields.</summary>
    public void WriteOwn(ref BlockWriter writer, ResponseHead response, ReadOnlySpan<byte> head)
    {
        var setByServer = _setByServer;
        _setByServer = false;
        if (_cookies is null || _ignored || Settings.Kind != StickyKind.Insert || (setByServer && Settings.Preserve) || (Settings.PostOnly && context.Request.Method != KnownMethod.Post))
            return;
        var same = context.Server == Owner || Yielded;
        if (same && !_cookies.IsToBeDatedAnew(_seen, _time))
            return;
        writer.Write(_cookies.LineStart.Span);
        context.Record.Cookie = same ? CookieFate.Updated : CookieFate.Inserted;
        if (Value.IsEmpty)
        {
            // A server that keeps no clients: what the client has names another one.
            writer.Write("; Expires=Thu, 01-Jan-1970 00:00:01 GMT"u8);
        }
        else
        {
            Span<byte> value = stackalloc byte[StickyCookies.LongestValue];
            writer.Write(value[.._cookies.Write(context.Server!.Index, same ? _seen.FirstSeen : 0, _time, value)]);
        }

        writer.Write(_cookies.LineEnd(context.Client.Forwarded.Scheme(context.Request, context.Head).SequenceEqual("https"u8)));
        if (Settings.NoCache && MayBeCached(response, head))
            writer.Write("Cache-Control: private\r\n"u8);
    }

    private bool IsOwn(ReadOnlySpan<byte> cookie, out ReadOnlySpan<byte> value)
    {
        var equals = cookie.IndexOf((byte)'=');
        value = equals < 0 ? default : cookie[(equals + 1)..];
        return equals >= 0 && HttpBytes.Trim(cookie[..equals]).SequenceEqual((_cookies is null ? _clients!.Learned : _cookies.Name).Span);
    }

    /// <summary>Whether a shared cache might keep the answer, and the cookie with it (RFC 9111, 3; RFC 9110, 15.1): one that says how long it is good, or by what it is asked for again.</summary>
    private bool MayBeCached(ResponseHead response, ReadOnlySpan<byte> head)
    {
        if (context.Request.Method is not (KnownMethod.Get or KnownMethod.Head or KnownMethod.Options) || response.Status is not (200 or 203 or 204 or 206 or 300 or 301 or 308 or 404 or 405 or 410 or 414 or 501))
            return false;
        var (isWorthIt, isStale) = (false, false);
        bool? isStaleToShared = null;
        foreach (ref readonly var field in response.Fields.All)
        {
            var name = field.Name(head);
            isWorthIt |= Ascii.EqualsIgnoreCase(name, "etag"u8) || Ascii.EqualsIgnoreCase(name, "last-modified"u8) || Ascii.EqualsIgnoreCase(name, "expires"u8);
            if (!Ascii.EqualsIgnoreCase(name, "cache-control"u8))
                continue;
            var list = field.Value(head);
            while (!list.IsEmpty)
            {
                var directive = HttpBytes.NextMember(ref list);
                var equals = directive.IndexOf((byte)'=');
                var word = equals < 0 ? directive : directive[..equals];

                // With fields behind it, it is about those alone.
                if (equals < 0 && (Ascii.EqualsIgnoreCase(word, "private"u8) || Ascii.EqualsIgnoreCase(word, "no-store"u8) || Ascii.EqualsIgnoreCase(word, "no-cache"u8)))
                    return false;
                var isShared = Ascii.EqualsIgnoreCase(word, "s-maxage"u8);
                if (equals < 0 || (!isShared && !Ascii.EqualsIgnoreCase(word, "max-age"u8)))
                    continue;
                isWorthIt = true;
                var isNothing = directive[(equals + 1)..].SequenceEqual("0"u8);
                if (isShared)
                    isStaleToShared = isNothing;
                else
                    isStale |= isNothing;
            }
        }

        // To a shared cache its own age goes before the other (RFC 9111, 5.2.2.10).
        return isWorthIt && !(isStaleToShared ?? isStale);
    }
}

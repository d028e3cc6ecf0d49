using System.Globalization;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Explain;

/// <summary>Takes a question apart, and finds the listener it is about.</summary>
internal sealed class QuestionReader
{
    private const string Accepted = "a method and a URL, as in 'GET http://example.com/path'";

    private readonly Question _question;
    private readonly string _method = "GET";
    private readonly string _target;
    private readonly bool _secure;

    /// <exception cref="QuestionException">It is no request.</exception>
    public QuestionReader(Question question)
    {
        _question = question;
        var words = question.Request.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2)
            throw new QuestionException($"'{question.Request}' is not a request; expected {Accepted}");
        if (words.Length == 2)
            _method = words[0];
        var url = words[^1];
        var scheme = url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? 7 : url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        if (scheme == 0 && url[0] is not ('/' or '*') && _method != "CONNECT")
            throw new QuestionException($"'{url}' is neither a URL nor a path; expected {Accepted}");
        _secure = scheme == 8;
        if (scheme > 0)
        {
            // As it was written: what a URL parser would tidy up is what the balancer has to see.
            var end = url.AsSpan(scheme).IndexOfAny("/?#");
            Authority = end < 0 ? url[scheme..] : url.Substring(scheme, end);
            _target = end < 0 ? "/" : url[(scheme + end)..];
            if (_target[0] != '/')
                _target = "/" + _target;
        }
        else
        {
            _target = url;
            Authority = _method == "CONNECT" ? url : null;
        }

        // A client keeps what stands behind it.
        if (_target.IndexOf('#') is var mark and >= 0)
            _target = _target[..mark];
        NamesHost = Authority is not null;
        foreach (var field in question.Fields)
        {
            if (field.Name.Equals("host", StringComparison.OrdinalIgnoreCase))
                (Authority, NamesHost) = (null, true);
        }
    }

    /// <summary>Host and port of the URL; null where it has none, or a Host field is given.</summary>
    public string? Authority { get; }

    /// <summary>Whether it says whom it is for, as a client has to.</summary>
    public bool NamesHost { get; }

    /// <summary>The request as a client would send it.</summary>
    public byte[] Head()
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{_method} {_target} HTTP/1.1\r\n");
        if (Authority is not null)
            head.Append(CultureInfo.InvariantCulture, $"Host: {Authority}\r\n");
        foreach (var field in _question.Fields)
            head.Append(CultureInfo.InvariantCulture, $"{field.Name}: {field.Value}\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>The name a TLS client would ask for; empty for none.</summary>
    public string ServerName => _secure && Authority is not null ? Encoding.UTF8.GetString(RouteTable.HostOf(Encoding.UTF8.GetBytes(Authority))) : "";

    /// <summary>The listener it comes to.</summary>
    /// <param name="listeners">Those there are.</param>
    /// <param name="note">What was assumed; null for nothing.</param>
    /// <exception cref="QuestionException">It cannot be told.</exception>
    public ListenerSettings FindListener(ReadOnlySpan<ListenerSettings> listeners, out string? note)
    {
        note = null;
        if (_question.Listener is { } wanted)
            return Find(listeners, listener => listener.Bind.AsSpan().Contains(wanted)) ?? throw new QuestionException($"no listener binds {wanted}; there {Listed(listeners)}");
        var port = PortOf(Authority);
        if (Find(listeners, listener => Binds(listener, port) && (listener.Tls is not null == _secure || Authority is null)) is { } exact)
            return exact;
        if (listeners.Length == 1)
        {
            note = Authority is null || Binds(listeners[0], port) ? null : $"nothing listens on port {port}; this is the only listener";
            return listeners[0];
        }

        // Ports may be mapped on the way here.
        ListenerSettings? alike = null;
        foreach (var listener in listeners)
        {
            if (listener.Tls is not null != _secure || listener.Mode != ListenerMode.Http)
                continue;
            if (alike is not null)
                throw new QuestionException($"it is not clear which listener is meant: there {Listed(listeners)}; name one with its address");
            alike = listener;
        }

        note = $"nothing listens on port {port} for {(_secure ? "https" : "http")}; this is the only listener that speaks it";
        return alike ?? throw new QuestionException($"no listener speaks {(_secure ? "https" : "http")}; there {Listed(listeners)}");
    }

    private int PortOf(string? authority)
    {
        var fallback = _secure ? 443 : 80;
        if (authority is null)
            return fallback;
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') && int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : fallback;
    }

    private static bool Binds(ListenerSettings listener, int port)
    {
        foreach (var address in listener.Bind)
        {
            if (address.UnixPath is null && address.Port == port)
                return true;
        }

        return false;
    }

    private static ListenerSettings? Find(ReadOnlySpan<ListenerSettings> listeners, Predicate<ListenerSettings> matches)
    {
        foreach (var listener in listeners)
        {
            if (matches(listener))
                return listener;
        }

        return null;
    }

    private static string Listed(ReadOnlySpan<ListenerSettings> listeners)
    {
        var names = new List<string>();
        foreach (var listener in listeners)
            names.Add(string.Join(", ", (IEnumerable<NetworkAddress>)listener.Bind) + (listener.Tls is null ? "" : " (TLS)") + (listener.Mode == ListenerMode.Tcp ? " (TCP mode)" : ""));
        return $"{(names.Count == 1 ? "is" : "are")} {string.Join("; ", names)}";
    }
}

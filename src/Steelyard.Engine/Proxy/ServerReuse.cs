using System.Text;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>Whether a server's connection is used again after an answer, by whom, and for how long it waits for that.</summary>
internal sealed class ServerReuse(ExchangeContext context)
{
    private long _idleMilliseconds;

    /// <summary>Sees how long the connection may be kept after this answer, and for whom.</summary>
    public void Judge(ResponseHead response, UpstreamConnection upstream)
    {
        var head = context.ResponseEdit.Or(upstream.Input.Head);
        _idleMilliseconds = IdleMilliseconds(response, head);
        if (AuthenticatesConnection(response, head))
            upstream.Restrict(UseOfLoggedIn);
    }

    /// <summary>How long the connection may be kept: a second less than the server says it will keep it.</summary>
    private long IdleMilliseconds(ResponseHead response, ReadOnlySpan<byte> head)
    {
        var ours = context.Timeouts.ServerIdle;
        var theirs = response.KeepAliveSeconds(head);
        return theirs < 0 ? ours : Math.Min(ours, Math.Max((theirs * 1000) - 1000, 1));
    }

    /// <summary>
    /// NTLM and Negotiate are known to authenticate connections, not requests: nobody else may be taken for who has done
    /// that over this one (RFC 4559, 6; HAProxy makes such a connection private, and so goes on with its client).
    /// </summary>
    private bool AuthenticatesConnection(ResponseHead response, ReadOnlySpan<byte> head)
    {
        if (context.HeadHeld && context.Request.Fields.IndexOf(KnownField.Authorization) is >= 0 and var index && IsOfConnection(context.Request.Fields.All[index].Value(context.Head)))
            return true;
        if (response.Status is not (401 or 407))
            return false;
        foreach (ref readonly var field in response.Fields.All)
        {
            if (IsOfConnection(field.Value(head)) && Ascii.EqualsIgnoreCase(field.Name(head)[Math.Max(field.NameLength - "-authenticate".Length, 0)..], "-authenticate"u8))
                return true;
        }

        return false;
    }

    // Behind a proxy the next request of this connection may be somebody else's.
    private ConnectionUse UseOfLoggedIn =>
        context.Client.Forwarded.IsTrusted || context.Client.IsTakenElsewhere ? ConnectionUse.OneRequest : ConnectionUse.LoggedIn;

    private static bool IsOfConnection(ReadOnlySpan<byte> value) =>
        Ascii.EqualsIgnoreCase(value[..Math.Min(value.Length, 4)], "ntlm"u8) || Ascii.EqualsIgnoreCase(value[..Math.Min(value.Length, 9)], "negotiate"u8);

    /// <summary>
    /// A server that knows of no body with these methods would read it as the next request, and answer that on a
    /// connection somebody else uses by then (RFC 9110, 9.3.1).
    /// </summary>
    private bool BodyMayBeTakenForRequest() =>
        context.Request.Body.HasBody && context.Request.Method is (KnownMethod.Get or KnownMethod.Head or KnownMethod.Delete or KnownMethod.Options or KnownMethod.Trace);

    /// <summary>Keeps the connection for the next request, if both sides are through with this one and agree to.</summary>
    public void KeepOrClose(ResponseHead response, UpstreamConnection upstream, bool bodySent)
    {
        var framing = response.Body(context.Request.AnsweredAs);
        if (context.Switched || upstream.Use == ConnectionUse.OneRequest || !bodySent || BodyMayBeTakenForRequest() || context.Loop.Draining || !response.KeepAlive || framing.Kind == BodyKind.UntilClose || !upstream.Input.IsEmpty || upstream.Transport.Aborted
            || !upstream.Transport.IsQuiet())
        {
            context.CloseUpstream();
            return;
        }

        upstream.Input.Release();
        context.Client.Transport.EndsWith = null;
        context.Upstream = null;
        if (upstream.Use == ConnectionUse.AnyClient)
            upstream.Home.Keep(upstream, _idleMilliseconds);
        else
            context.Client.Keep(upstream, context.Pool!, context.Server!, _idleMilliseconds);
    }
}

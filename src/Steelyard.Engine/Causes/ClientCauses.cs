using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Causes;

/// <summary>What clients do, and what they may not.</summary>
internal static class ClientCauses
{
    public static IReadOnlyList<CauseRow> Rows { get; } =
    [
        CauseRow.Of(
            Cause.ClientGone,
            "client-gone",
            "The client closed its connection before it had its answer.",
            "A person who gave up, a client whose own timeout is shorter, a page that was left, a phone that lost its network. Counted as status 499, as nginx has it.",
            "In the access log the termination begins with `C`, and its second letter says when: `R` in the request, `Q` in the queue, `C` while connecting, `H` before the answer, `D` in it. The times say how long it was patient.",
            "Nothing where it is a few. Many with the same time are a timeout of a client or of a proxy before this one."),
        CauseRow.Of(
            Cause.ClientStalled,
            "client-stalled",
            "The client did not take its answer.",
            "The client read nothing for `timeouts: client-body` (30 s), or more slowly than `limits: response-rate`, while its answer was being sent; the connection was reset.",
            "In the access log the termination begins with `cD`.",
            "Nothing where it is a few: phones lose their network. For clients that are meant to be slow, lower `limits: response-rate`."),
        CauseRow.Of(
            Cause.HeaderTimeout,
            "header-timeout",
            "The request head did not arrive in time.",
            "The first byte of a request came, and its head was not complete within `timeouts: client-header` (10 s).",
            "In the access log the request is `<BADREQ>` and the termination begins with `cR`.",
            "Nothing where it is a few. Many at once are an attack that holds connections (Slowloris), which this limit ends; `max-connections-per-address` bounds what one client can hold."),
        CauseRow.Of(
            Cause.BodyTimeout,
            "body-timeout",
            "The request body did not arrive in time.",
            "Nothing of the body came for `timeouts: client-body` (30 s), it came more slowly than `limits: request-rate`, or it was still coming when `timeouts: request` was over.",
            "In the access log the termination begins with `cD` or `cH`, and the bytes received say how far it came.",
            "For clients on slow lines, lower `limits: request-rate`; bodies in which little happens for long need `request-rate: none`."),
        CauseRow.Of(
            Cause.BadBody,
            "bad-body",
            "The chunked request body is not well formed.",
            "The body says that it comes in chunks, and breaks RFC 9112, 7.1. If the first chunks were on their way to a server, its connection was closed before the end.",
            "`steelyard errors` names the client. docs/http.md lists what is refused.",
            "Mend the client. Clients that end lines with a bare LF are read by a `tolerant` listener."),
        CauseRow.Of(
            Cause.BodyTooLarge,
            "body-too-large",
            "The request body is larger than this site accepts.",
            "The body is beyond `limits: body`, by its length, or as its chunks came.",
            "`steelyard errors` names the client and the path.",
            "Raise `limits: body`, or leave it out: there is no limit then."),
        CauseRow.Of(
            Cause.NoRoute,
            "no-route",
            "No route of this listener matches the host and path.",
            "Every route of the listener asks for another host, path, method, field or parameter.",
            "`steelyard explain --request URL` says of each route why it does not match.",
            "Add the route, or one without conditions for everything else."),
        CauseRow.Of(
            Cause.RateExceeded,
            "rate-exceeded",
            "Too many requests have come in a short time.",
            "The client is beyond a `rate-limit` of the listener, the route or the pool. `Retry-After` and `RateLimit` say when there is room again.",
            "`steelyard errors` names clients and paths; in the access log the termination begins with `PR`.",
            "Raise `rate` or `burst` where honest clients meet the limit. Where many come from one address, choose another `key`."),
        CauseRow.Of(
            Cause.TooManyAtOnce,
            "too-many-at-once",
            "Too many requests of the same client are under way.",
            "The client is beyond a `concurrency` limit of the listener, the route or the pool.",
            "`steelyard errors` names clients and paths; in the access log the termination begins with `PR`.",
            "Raise `most` where honest clients meet the limit: browsers send several requests at once."),
    ];
}

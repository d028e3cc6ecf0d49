using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Causes;

/// <summary>What goes wrong with servers, and in the load balancer itself.</summary>
internal static class ServerCauses
{
    public static IReadOnlyList<CauseRow> Rows { get; } =
    [
        CauseRow.Of(
            Cause.NoServer,
            "no-server",
            "The pool has no server that takes requests.",
            "The pool of the route is empty, or every server in it is down by its checks, left out because its requests failed, drained, in maintenance, or has weight 0.",
            "`steelyard status` shows each server of the pool with its state; `steelyard explain --live --request URL` says of each why it was left out. Standard error of `steelyard up` names servers as they go down and why.",
            "Bring a server back: start it, mend what its check finds (`health`), or `steelyard ready POOL/SERVER` where an operator took it out. `panic` lets requests through to servers that seem ill while most of them do."),
        CauseRow.Of(
            Cause.QueueFull,
            "queue-full",
            "Every server has as much to do as it may, and too many requests wait for one.",
            "Each server of the pool is at its `max-connections`, and as many requests as `queue: most` says wait already. The answer carries `Retry-After: 1`.",
            "`steelyard status` shows what each server has to do; `/metrics` has the queue's length over time.",
            "More servers or workers, a higher `max-connections` if the servers can do more at once, or a longer queue where waiting is better than being refused. docs/overload.md says how they play together."),
        CauseRow.Of(
            Cause.QueueTimeout,
            "queue-timeout",
            "Every server has as much to do as it may, and none had room in time.",
            "The request has waited in the pool's queue for `timeout` of the pool's `queue`, or `timeouts: queue`, or, where neither is set, `timeouts: connect`.",
            "In the access log the time in the queue (`Tw`) is as long as the timeout and the termination begins with `sQ`. `steelyard status` shows what each server has to do.",
            "More servers or workers, a higher `max-connections`, or more patience. A server that answers more slowly than before has the same effect as more traffic: look at its times first."),
        CauseRow.Of(
            Cause.ConnectFailed,
            "connect-refused",
            "No server of the pool accepted a connection.",
            "Each server that was tried refused the connection: nothing listens at its address, its Unix socket is not there, or its name did not resolve. A refusal costs no attempt, so all servers that take requests were asked.",
            "`steelyard errors` names the last server that was tried. From the machine of the balancer, `curl -v http://SERVER/` shows the same. A server whose name did not resolve is named on standard error at the start and at each reload.",
            "Start the server, or mend its address. With `health` set, a server that is not there is found before a request is."),
        CauseRow.Of(
            Cause.ConnectTimeout,
            "connect-timeout",
            "No server of the pool accepted a connection in time.",
            "The machine of the server did not answer within `timeouts: connect` (3 s): it is off, unreachable, behind a firewall that drops packets, or its queue of new connections is full.",
            "In the access log the termination begins with `sC`. `ss -ltn` on the server shows a full queue (Recv-Q as large as Send-Q); `curl -v` from the balancer shows a machine that does not answer.",
            "Mend the network or the server. A queue that is full belongs to an app that accepts too slowly: more workers, or a larger backlog in its `listen()`."),
        CauseRow.Of(
            Cause.TlsFailed,
            "tls-failed",
            "The TLS handshake with the server failed.",
            "The connection opened, and what followed was not TLS, or none that both understand: a server that speaks plain HTTP on this port, TLS before 1.2 only, or one that asks for a certificate and did not get or like it.",
            "`openssl s_client -connect SERVER` shows the handshake.",
            "Take `tls` away from a pool that speaks plain HTTP, or give the certificate that the server asks for (`tls: certificate`)."),
        CauseRow.Of(
            Cause.CertificateUntrusted,
            "certificate-untrusted",
            "The server's certificate is not valid: no authority that is believed here vouches for it.",
            "The server's certificate leads to none of the system's authorities, nor to those of `tls: ca`. A server that sends its own certificate without those in between causes the same; nothing is fetched from the network.",
            "`openssl s_client -connect SERVER -showcerts` shows what the server sends.",
            "Name the authority in `tls: ca` of the pool or server, or let the server send its whole chain."),
        CauseRow.Of(
            Cause.CertificateExpired,
            "certificate-expired",
            "The server's certificate is not valid: it has expired, or its time has not come.",
            "The time of the server's certificate is over or has not begun, by the clock of the balancer.",
            "`openssl s_client -connect SERVER | openssl x509 -noout -dates`; `date` on the balancer.",
            "Renew the certificate on the server, or set the clock right."),
        CauseRow.Of(
            Cause.CertificateForOther,
            "certificate-for-other",
            "The server's certificate is not valid: it is for another name.",
            "The certificate names neither the host of the server's address nor what `tls: name` says.",
            "`openssl s_client -connect SERVER | openssl x509 -noout -ext subjectAltName`.",
            "Say in `tls: name` of the pool or server for whom the certificate is."),
        CauseRow.Of(
            Cause.ServerClosed,
            "server-closed",
            "The server closed the connection before it answered.",
            "The server took the request and hung up: a crash, a restart, a limit of its own. GET and the like were tried on other servers first, so either those failed too, the pool's budget for retries was spent, or the request may not be repeated (POST, or a body too large to keep).",
            "`steelyard errors` names the server and the time; standard error of `steelyard up` does too. Look into the server's log at that second. In the access log the termination begins with `SH`.",
            "Mend the server. Where it closes kept connections sooner than the balancer does, set `timeouts: server-idle` below the server's own limit. docs/limits.md says what is retried."),
        CauseRow.Of(
            Cause.BadResponse,
            "bad-response",
            "The server's answer is not valid HTTP.",
            "The head of the answer breaks RFC 9112 or uses a transfer coding other than chunked: a bare line feed, two lengths that disagree, a head beyond `limits: header`, a 101 that nobody asked for.",
            "`curl -v` straight to the server shows the answer; docs/http.md lists what is refused. In the access log the termination begins with `PH`.",
            "Mend the server, or raise `limits: header` where its head is merely large."),
        CauseRow.Of(
            Cause.ResponseDenied,
            "response-denied",
            "A rule of this site keeps the server's answer back.",
            "A rule with `deny` in the `response-rules` of the pool or of the listener holds for the answer (HAProxy: `http-response deny`).",
            "`steelyard check` shows the rules of a file; the error log names the pool and the server.",
            "Change the rule, or what the server answers."),
        CauseRow.Of(
            Cause.StatusRetried,
            "status-retried",
            "The answer has a status that another server is asked for.",
            "The answer's status is one of the pool's `retries: on`, and the next server gets the request. A client never sees this as an end: where there is no other server, the answer is passed on as it is.",
            "The access log counts the attempts (`%rc`), with `+` where the request went to another server.",
            "Nothing, unless it happens often: then the server has something to mend."),
        CauseRow.Of(
            Cause.StatusReplaced,
            "status-replaced",
            "The answer was replaced by the breaker's fallback.",
            "The answer's status counts as a failure by `breaker: on`, and the pool's breaker has a `fallback`, which the client got instead.",
            "The access log has the status of the fallback, and beside it this cause in JSON, or `LH` in httplog.",
            "Mend what the server answers. `breaker: on` says which statuses count."),
        CauseRow.Of(
            Cause.BreakerOpen,
            "breaker-open",
            "Too many of the requests before this one have failed, so it was not sent to a server.",
            "The pool's `breaker` is open, or that of every server that was left. `Retry-After` says when it tries again.",
            "Standard error of `steelyard up` says when it opened, tried and closed. The failures before it are in `steelyard errors`.",
            "Mend what the requests before it failed of. docs/overload.md says what opens a breaker, and how to hold one open or closed."),
        CauseRow.Of(
            Cause.BreakerTimeout,
            "breaker-timeout",
            "The request was not answered in the time that the pool's breaker allows.",
            "`timeout` of the pool's `breaker` has passed before the head of an answer came, with the wait in the queue and all attempts.",
            "The times in the access log say where it went: in the queue (`Tw`), to the server (`Tc`), or at it (`Tr`).",
            "Mend what takes so long, or give the breaker a longer `timeout`."),
        CauseRow.Of(
            Cause.ServerTimeout,
            "server-timeout",
            "The server did not answer in time.",
            "The server has the request and has not begun to answer within `timeouts: server-response` (60 s). It may still be at work, so the request was not sent elsewhere; `retries: on: [ timeout ]` sends it.",
            "In the access log the termination begins with `sH`, and `Tr` is -1. `steelyard errors` names the server.",
            "Look at what the server does in that time. For work that takes longer, raise `timeouts: server-response`, or answer at once and let the client ask again."),
        CauseRow.Of(
            Cause.RequestTimeout,
            "request-timeout",
            "The request was not answered in the time that it may take altogether.",
            "`timeouts: request` has passed, from the first byte of the request, with all attempts at all servers. The last one may still be at work.",
            "The times in the access log say where it went.",
            "Raise `timeouts: request`, or leave it out: the other timeouts bound what does nothing."),
        CauseRow.Of(
            Cause.ServerClosedInBody,
            "server-closed-in-body",
            "The server broke off in the middle of its answer.",
            "The answer had begun, and the server's connection ended before the length it had announced, or its last chunk. The client got what came before, and an end that it cannot take for the whole's.",
            "`curl` says `transfer closed with outstanding read data remaining`. In the access log the termination begins with `SD`.",
            "Look into the server's log at that second: a crash, a restart without draining, a limit on time or memory."),
        CauseRow.Of(
            Cause.ServerStalledInBody,
            "server-stalled-in-body",
            "The server stopped in the middle of its answer.",
            "The answer had begun, and nothing came of its rest within `timeouts: server-body` (60 s).",
            "In the access log the termination begins with `sD`.",
            "For answers with long pauses (events, long polling) let the server send something now and then, or raise `timeouts: server-body`."),
        CauseRow.Of(
            Cause.OutOfResources,
            "out-of-resources",
            "The load balancer is out of descriptors, ports or memory for connections.",
            "Not the servers' fault: a connection to a server could not even be begun here. A single server address takes about 28,000 connections from one machine; `ulimit -n` counts those of clients and of servers together.",
            "`cat /proc/PID/limits` and `ls /proc/PID/fd | wc -l` of the engine; `ss -s`.",
            "Raise the limit of descriptors (`LimitNOFILE` of the unit), name a server by several addresses, or bound what comes in (`limits: connections`)."),
        CauseRow.Of(
            Cause.RewriteLoop,
            "rewrite-loop",
            "The rules of this site send the request round in a circle.",
            "Rules of routes (`reroute`, `go-to`; nginx's `rewrite ... last`) have sent the request on more than ten times, each time to a route that sends it on again.",
            "`steelyard explain --request URL` shows which route takes the path, and `steelyard convert` its rules.",
            "Let the rule that changes the path not match what it makes of it, or end with `stop` (nginx: `break`)."),
        CauseRow.Of(
            Cause.FileCut,
            "file-cut",
            "A file became shorter while it was sent.",
            "The length that the client had been told could not be kept any more, so its connection was broken off. Somebody writes the file in its place, as a copy onto it does.",
            "In the access log the termination is `PD`; the request line names the file.",
            "Write another file beside it and rename it: who reads the old one reads it to its end."),
        CauseRow.Of(
            Cause.Stopped,
            "stopped",
            "The load balancer stopped before the request was done.",
            "The time that `shutdown` gives to what is in flight was over, or a second signal ended it at once. The same is said of an engine that an upgrade has replaced.",
            "Standard output of `steelyard up` says how many exchanges were cut.",
            "Give `shutdown` more time, if the requests are worth waiting for."),
    ];
}

using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Explain;

/// <summary>What rules and routes make of a request, up to the choice of a server.</summary>
/// <param name="Pool">The pool that it goes to; null where something else answers.</param>
/// <param name="Refusal">Why it is refused; null where it is not.</param>
/// <param name="Given">What is answered without a server; null for nothing.</param>
internal readonly record struct AskedEnd(Pool? Pool = null, Refusal? Refusal = null, GivenAnswer? Given = null);

/// <summary>
/// Does with a request that is asked about what <see cref="Exchange"/> does with one that came, in its order and with its
/// parts, up to the choice of a server. What waits, counts or is limited plays no part, and whoever is asked first (nginx:
/// auth_request) is taken to let it go on.
/// </summary>
/// <param name="asked">The request; its head is held.</param>
/// <param name="routes">The listener it comes to.</param>
internal sealed class AskedExchange(AskedRequest asked, AskedRoutes routes)
{
    private readonly byte[] _pathRoom = new byte[(int)ByteSize.FromKibibytes(16).Bytes];

    public AskedEnd Run() =>
        routes.Rules is { } rules && rules.RunOnRequest(asked, out var answer) is not RuleVerdict.GoOn and var verdict ? Follow(verdict, answer) : Serve();

    private AskedEnd Serve()
    {
        if (RouteFinder.Find(asked, routes.Table, _pathRoom, out var ofRule) is not RuleVerdict.GoOn and var verdict)
            return Follow(verdict, ofRule);
        var route = asked.Route;
        if (route.AccessRules is { } access && access.RunOnRequest(asked, out ofRule) is not RuleVerdict.GoOn and var ofAccess)
            return Follow(ofAccess, ofRule);
        if (route.Answer is { } answer)
            return Give(answer);
        if (route.Files is { } files)
            return Give(files);
        if (route.Statistics is not null)
            return new(Given: new(Told(200)));
        if (route.ChoosePool(asked) is not { } pool)
            return Refuse(new(Cause.NoServer));
        (asked.Pool, asked.Place) = (pool, $"pool {pool.Name}");
        return routes.RulesOf(pool) is { } rules && rules.RunOnRequest(asked, out ofRule) is not RuleVerdict.GoOn and var ofPool ? Follow(ofPool, ofRule) : new(pool);
    }

    private AskedEnd Follow(RuleVerdict verdict, LocalAnswer? answer)
    {
        switch (verdict)
        {
            case RuleVerdict.Reroute:
                asked.Turns++;
                return Serve();
            case RuleVerdict.Answer:
                if (answer!.IsDenial && asked.PageFor(answer.Status) is { } page)
                    return Show(page, answer.Status);
                if (answer.IsDenial)
                    asked.TellOwnStatus();
                return Give(answer);
            case RuleVerdict.Close:
                return new(Refusal: new(0, "A rule closes the connection without an answer."));
            default:
                return Refuse(RouteFinder.OutcomeOf(verdict));
        }
    }

    private AskedEnd Give(StaticFiles files)
    {
        switch (files.Find(asked, out var path, out var status))
        {
            case FileVerdict.Found or FileVerdict.Folder:
                return new(Given: new(Told(200)) { File = path });
            case FileVerdict.Slash:
                return Give(files.SlashAnswer);
            case FileVerdict.Elsewhere:
                asked.Turns++;
                return Serve();
            default:
                return asked.PageFor(status) is { } page ? Show(page, status) : Give(files.Tells(status));
        }
    }

    // HTTP/1.0 may leave the host out.
    private AskedEnd Give(LocalAnswer answer) => answer.NamesHost && asked.Request.Authority(asked.Head).IsEmpty && !asked.Request.AsNginx
        ? Refuse(new(Cause.BadRequest, Detail: HeadError.Host))
        : new(Given: new(Told(answer.Status)) { Location = answer.LocationFor(asked.Scope) is { } location ? Encoding.UTF8.GetString(location) : null });

    private int Told(int status) => asked.ToldStatus > 0 ? asked.ToldStatus : status;

    private AskedEnd Refuse(Outcome outcome)
    {
        if (routes.Listener.GatewayStatuses)
            outcome = outcome.ToldAsGateway();
        return outcome.Status > 0 && asked.PageFor(outcome.Status) is { } page ? Show(page, outcome.Status) : new(Refusal: new(outcome.Status, outcome.Sentence));
    }

    private AskedEnd Show(ErrorPages.Page page, int status) => asked.GoTo(page, status, keeps: page is { Redirect: null, Path: null }) switch
    {
        PageStep.Route => Serve(),
        PageStep.Redirect => Give(page.Redirect!),
        _ => Refuse(RouteFinder.OutcomeOf(RuleVerdict.TooLarge)),
    };
}

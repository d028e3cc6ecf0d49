using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
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
/// parts, up to the choice of a server. What waits, counts or is limited plays no part.
/// </summary>
/// <param name="asked">The request; its head is held.</param>
/// <param name="listener">The listener it comes to.</param>
/// <param name="table">The routes of the listener.</param>
internal sealed class AskedExchange(AskedRequest asked, ListenerSettings listener, RouteTable table)
{
    private readonly byte[] _pathRoom = new byte[(int)ByteSize.FromKibibytes(16).Bytes];
    private bool _onErrorPage;
    private int _toldStatus;

    public AskedEnd Run() =>
        RuleSet.From(listener.Rules) is { } rules && rules.RunOnRequest(asked, out var answer) is not RuleVerdict.GoOn and var verdict ? Follow(verdict, answer) : Serve();

    private AskedEnd Serve()
    {
        if (RouteFinder.Find(asked, table, _pathRoom, out var ofRule) is not RuleVerdict.GoOn and var verdict)
            return Follow(verdict, ofRule);
        var route = asked.Route!;
        if (route.Answer is { } answer)
            return Give(answer);
        if (route.Files is { } files)
            return Give(files);
        if (route.ChoosePool(asked.Scope) is not { } pool)
            return Refuse(new(Cause.NoServer));
        (asked.Pool, asked.Place) = (pool, $"pool {pool.Name}");
        return RuleSet.From(pool.Settings.Rules) is { } rules && rules.RunOnRequest(asked, out ofRule) is not RuleVerdict.GoOn and var ofPool ? Follow(ofPool, ofRule) : new(pool);
    }

    private AskedEnd Follow(RuleVerdict verdict, LocalAnswer? answer) => verdict switch
    {
        RuleVerdict.Answer => answer!.IsDenial && ErrorPageFor(answer.Status) is { } page ? Show(page, answer.Status) : Give(answer),
        RuleVerdict.Close => new(Refusal: new(0, "A rule closes the connection without an answer.")),
        _ => Refuse(RouteFinder.OutcomeOf(verdict)),
    };

    private AskedEnd Give(StaticFiles files)
    {
        switch (files.Find(asked, out var path, out var status))
        {
            case FileVerdict.Found or FileVerdict.Folder:
                return new(Given: new(_toldStatus > 0 ? _toldStatus : 200) { File = path });
            case FileVerdict.Slash:
                return Give(files.SlashAnswer);
            case FileVerdict.Elsewhere:
                asked.Turns++;
                return Serve();
            default:
                return ErrorPageFor(status) is { } page ? Show(page, status) : Give(files.Tells(status));
        }
    }

    private AskedEnd Give(LocalAnswer answer) => new(Given: new(_toldStatus > 0 ? _toldStatus : answer.Status) { Location = answer.LocationFor(asked.Scope) is { } location ? Encoding.UTF8.GetString(location) : null });

    private AskedEnd Refuse(Outcome outcome)
    {
        if (listener.GatewayStatuses)
            outcome = outcome.ToldAsGateway();
        return outcome.Status > 0 && ErrorPageFor(outcome.Status) is { } page ? Show(page, outcome.Status) : new(Refusal: new(outcome.Status, outcome.Sentence));
    }

    private ErrorPages.Page? ErrorPageFor(int status) => !_onErrorPage && asked.Route is { ErrorPages: { } pages } ? pages.Find(status) : null;

    private AskedEnd Show(ErrorPages.Page page, int status)
    {
        _onErrorPage = true;
        if (page.Redirect is { } redirect)
            return Give(redirect);
        (_toldStatus, asked.GoesTo, asked.Pool) = (page.As ?? status, page.Route, null);
        asked.Turns++;
        return RuleEdits.AskFor(asked, page.Path) ? Serve() : Refuse(RouteFinder.OutcomeOf(RuleVerdict.TooLarge));
    }
}

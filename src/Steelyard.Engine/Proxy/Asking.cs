using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The question within one exchange whether its request may go on (nginx: auth_request): while it is asked the exchange goes
/// by another path, and its answer is for <see cref="Take"/> alone. Owned by the exchange.
/// </summary>
internal sealed class Asking(ExchangeContext context)
{
    // On whose behalf it is asked, and what the client asks for; null where nothing is asked.
    private Route? _route;
    private RequestQuestion _question;

    /// <summary>It is asked, and not answered yet.</summary>
    public bool IsUnderWay => _route is not null;

    /// <summary>Whoever was asked has let the request go on, and its route goes by that.</summary>
    public bool IsAllowed { get; set; }

    /// <summary>Whoever was asked has said how a client shows who it is.</summary>
    public bool IsChallenged { get; private set; }

    /// <summary>Forgets the exchange before.</summary>
    public void Forget() => (_route, IsAllowed) = (null, false);

    /// <summary>Asks for something else first.</summary>
    /// <returns>Whether there was room for what is asked for.</returns>
    public bool Begin()
    {
        (_route, _question, IsChallenged) = (context.Route, context.Request.Question, false);
        context.Turns++;
        return RuleEdits.AskWithin(context, _route.Ask!.Path);
    }

    /// <summary>Remembers what is wanted of the answer.</summary>
    public void Take(ResponseHead response, InputBuffer input)
    {
        context.TakeResponse(response, input);
        foreach (ref readonly var field in response.Fields.All)
        {
            if (!Ascii.EqualsIgnoreCase(field.Name(context.ResponseBytes), "WWW-Authenticate"u8))
                continue;
            context.Variables.Set(AskedFirst.ChallengeName, field.Value(context.ResponseBytes));
            IsChallenged = true;
        }

        _route!.Ask!.Rules?.RunOnResponse(context);
    }

    /// <summary>Goes on with the request for whose sake it was asked.</summary>
    public void End()
    {
        var route = _route!;
        _route = null;
        context.Request.Restore(_question);
        (context.Pool, context.TargetChanged, context.GoesTo) = (null, false, null);
        context.EnterRoute(route);
    }
}

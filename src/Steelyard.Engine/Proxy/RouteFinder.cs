using Steelyard.Engine.Http1;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>Finds the route of a request, again where the rules of one send it on.</summary>
internal static class RouteFinder
{
    /// <param name="request">The request; its head is held.</param>
    /// <param name="routes">Those there are.</param>
    /// <param name="pathRoom">Room for a path in the form that routes are compared with.</param>
    /// <param name="answer">What the client gets, where that is the verdict.</param>
    public static RuleVerdict Find(RoutedRequest request, RouteTable routes, byte[] pathRoom, out LocalAnswer? answer)
    {
        answer = null;
        for (; request.Turns <= RoutedRequest.MostTurns; request.Turns++)
        {
            var name = request.GoesTo;
            (request.TargetChanged, request.GoesTo) = (false, null);
            if ((name is null ? Match(request, routes, pathRoom) : routes.Find(name)) is not { } route)
                return RuleVerdict.NoRoute;
            request.EnterRoute(route);

            // nginx: as soon as a location is found, whoever answers there.
            if (request.Request.AsNginx && name is null && request.Request.Body.Kind == BodyKind.Counted && request.Request.Body.Length > (route.MostBody ?? long.MaxValue))
                return RuleVerdict.BodyTooLarge;
            var verdict = route.Rules is { } rules ? rules.RunOnRequest(request, out answer) : RuleVerdict.GoOn;
            if (verdict != RuleVerdict.Reroute)
                return verdict;
        }

        return RuleVerdict.Loops;
    }

    /// <summary>Enters the route that a request asks for, and does nothing of what its rules say.</summary>
    /// <returns>Whether there is one.</returns>
    public static bool Enter(RoutedRequest request, RouteTable routes, byte[] pathRoom)
    {
        if (Match(request, routes, pathRoom) is not { } route)
            return false;
        request.EnterRoute(route);
        return true;
    }

    private static Route? Match(RoutedRequest request, RouteTable routes, byte[] pathRoom)
    {
        var path = PathOf(request, pathRoom);
        return routes.Asks ? routes.Match(request.Scope, path) : routes.Match(request.Request, request.Head, path);
    }

    /// <summary>The path of a request in the form that routes are compared with.</summary>
    public static ReadOnlySpan<byte> PathOf(RoutedRequest request, byte[] room)
    {
        var path = request.Request.Path(request.Head);
        return PathNormalizer.IsNeeded(path) ? PathNormalizer.Normalize(request.Request, path, room) : path;
    }

    /// <summary>What becomes of a request that rules let neither through nor answer.</summary>
    public static Outcome OutcomeOf(RuleVerdict verdict) => verdict switch
    {
        RuleVerdict.NoRoute => new(Cause.NoRoute),
        RuleVerdict.Loops => new(Cause.RewriteLoop),
        RuleVerdict.BodyTooLarge => new(Cause.BodyTooLarge),
        _ => new(Cause.BadRequest, Detail: HeadError.TooLarge),
    };
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>
/// Loads the session of a client that has one once it is known which endpoint answers, and that it may use it. A session
/// of ASP.NET Core that the app uses before it is loaded holds its thread meanwhile.
/// </summary>
internal sealed class SessionLoading(SessionHabits habits) : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>After all that leave candidates out.</summary>
    public override int Order => int.MaxValue;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => true;

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        if (httpContext.Features.Get<SessionOnUse>() is not { } session)
            return Task.CompletedTask;
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i) && habits.MayUse(candidates[i].Endpoint))
                return session.LoadAheadAsync();
        }

        return Task.CompletedTask;
    }
}

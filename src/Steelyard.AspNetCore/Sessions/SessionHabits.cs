using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>
/// Which endpoints use their session, as far as was seen: theirs is loaded before they run, without holding a thread, and
/// the store is not asked for the others. One that nobody has seen yet may use it.
/// </summary>
internal sealed class SessionHabits
{
    private readonly ConditionalWeakTable<Endpoint, StrongBox<bool>> _seen = [];

    /// <summary>Whether one may use its session.</summary>
    public bool MayUse(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<NoSessionNeeded>() is null && (!_seen.TryGetValue(endpoint, out var uses) || uses.Value);

    /// <summary>One has used it, which once is enough.</summary>
    public void Used(Endpoint endpoint) => _seen.GetValue(endpoint, static _ => new()).Value = true;

    /// <summary>One has served a request without it.</summary>
    public void NotUsed(Endpoint endpoint) => _seen.TryAdd(endpoint, new());
}

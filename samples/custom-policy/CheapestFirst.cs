using Steelyard.Balancing;

namespace CustomPolicy;

/// <summary>The file names the cheapest server first: it gets all it can do well, and what is more goes to the next. Where all have that, who has least.</summary>
/// <param name="mostEach">How many requests at once a server does well.</param>
internal sealed class CheapestFirst(int mostEach) : IServerPolicy
{
    public int Choose(in ServerChoices servers)
    {
        var least = -1;
        for (var i = 0; i < servers.Count; i++)
        {
            if (!servers.MayBeChosen(i))
                continue;
            if (servers[i].Active < mostEach)
                return i;
            if (least < 0 || servers[i].Active < servers[least].Active)
                least = i;
        }

        return least;
    }
}

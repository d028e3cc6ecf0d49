using System.Net;
using Steelyard.Config;

namespace Steelyard.Engine.Explain;

/// <summary>A request that somebody wants to know the way of, without sending it.</summary>
public sealed record Question
{
    /// <summary>Method and target, as in <c>GET http://host/path</c>; the method may be left out, and so may scheme and host.</summary>
    public required string Request { get; init; }

    /// <summary>Further fields, as they would be sent; one named Host takes the place of the URL's host.</summary>
    public ValueList<QuestionField> Fields { get; init; }

    /// <summary>The address it comes from. Default 127.0.0.1.</summary>
    public IPAddress From { get; init; } = IPAddress.Loopback;

    /// <summary>The listener it comes to, by one of its addresses; null for the one that the URL's port belongs to.</summary>
    public NetworkAddress? Listener { get; init; }

    /// <summary>How many times it is asked, each request ending before the next: 1 to 1,000,000.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>When it comes, for cookies that have dates. Default long ago.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Whether to say of every route how it stands to the request, which costs as much as there are routes; else of the one it takes.</summary>
    public bool Compares { get; init; } = true;

    /// <summary>What the lots are drawn from; the same seed, the same lots.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>A field of a request.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
public sealed record QuestionField(string Name, string Value);

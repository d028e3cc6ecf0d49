using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>Where copies of a route's requests go, compiled. Immutable, shared by all loops.</summary>
internal sealed class Mirror
{
    private Mirror(MirrorSettings settings)
    {
        Paths = Array.ConvertAll(settings.Paths.AsSpan().ToArray(), path => new TemplateBytes(path));
        SendsBody = settings.SendsBody;
    }

    /// <summary>What a route says; null where nothing is copied.</summary>
    public static Mirror? From(MirrorSettings? settings) => settings is null or { Paths.Count: 0 } ? null : new(settings);

    /// <summary>What each copy asks for; the query is that of the request.</summary>
    public TemplateBytes[] Paths { get; }

    /// <summary>Whether copies have the request's body.</summary>
    public bool SendsBody { get; }
}

namespace Steelyard.Fuzz.Targets;

/// <summary>Takes any bytes; throws where something does not hold that always must.</summary>
internal delegate void FuzzTarget(ReadOnlySpan<byte> input);

/// <summary>What can be fuzzed. The unit tests run the same code over the corpus.</summary>
internal static class FuzzTargets
{
    public static readonly SortedDictionary<string, FuzzTarget> All = new(StringComparer.Ordinal)
    {
        ["body"] = BodyTarget.Run,
        ["client-hello"] = ClientHelloTarget.Run,
        ["compose"] = ConfigurationTarget.RunCompose,
        ["configuration"] = ConfigurationTarget.Run,
        ["ecosystem"] = ConfigurationTarget.RunEcosystem,
        ["haproxy"] = ConfigurationTarget.RunHaproxy,
        ["nginx"] = ConfigurationTarget.RunNginx,
        ["proxy-header"] = ProxyHeaderTarget.Run,
        ["request-head"] = RequestHeadTarget.Run,
        ["response-head"] = ResponseHeadTarget.Run,
    };

    public static void Require(bool condition, string what)
    {
        if (!condition)
            throw new InvalidOperationException(what);
    }
}

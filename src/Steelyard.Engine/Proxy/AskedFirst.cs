using Steelyard.Config;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>Who is asked by a request within whether a request may go on, compiled (nginx: auth_request). Immutable, shared by all loops.</summary>
/// <param name="path">Path and query that are asked for.</param>
/// <param name="rules">What is remembered of the answer.</param>
internal sealed class AskedFirst(TextTemplate path, ValueList<RuleSettings> rules)
{
    private const int Unauthorized = 401;
    private const int Forbidden = 403;
    private const int OurFault = 500;

    private static readonly LocalAnswer s_unauthorized = LocalAnswer.Plain(Unauthorized);
    private static readonly LocalAnswer s_challenge = LocalAnswer.From(new FixedResponse(Unauthorized, "401 Unauthorized\n", "text/plain") { Headers = [new HeaderLine("WWW-Authenticate", TextTemplate.Parse("{variable('ask.challenge')}"))], Refuses = true });
    private static readonly LocalAnswer s_forbidden = LocalAnswer.Plain(Forbidden);
    private static readonly LocalAnswer s_fault = LocalAnswer.Plain(OurFault);

    /// <summary>The name of the variable that keeps WWW-Authenticate.</summary>
    public static byte[] ChallengeName { get; } = "ask.challenge"u8.ToArray();

    public TemplateBytes Path { get; } = new(path);

    /// <summary>What is remembered of the answer; null for nothing.</summary>
    public RuleSet? Rules { get; } = RuleSet.From(rules);

    /// <summary>What a client is told that may not go on; null for one that may.</summary>
    /// <param name="status">The status of the answer.</param>
    /// <param name="isChallenged">Whether it said how a client shows who it is.</param>
    public static LocalAnswer? RefusalFor(int status, bool isChallenged) => status switch
    {
        >= 200 and < 300 => null,
        Unauthorized => isChallenged ? s_challenge : s_unauthorized,
        Forbidden => s_forbidden,
        _ => s_fault,
    };
}

using Steelyard.Micro;
using Steelyard.Tests.Loops;

namespace Steelyard.Tests;

/// <summary>The gate of bench/micro as a test: the steps of the request path, once warm, allocate nothing.</summary>
public sealed class RequestPathAllocation
{
    public static TheoryData<string> Steps => new(new RequestPath().Steps.Select(step => step.Name));

    [Theory, MemberData(nameof(Steps))]
    public void A_step_of_the_request_path_allocates_nothing(string name) => OnLoop.OnThread(() =>
    {
        var (_, run) = new RequestPath().Steps.Single(step => step.Name == name);
        Repeat(run);
        Steady.RequireNone(() => Repeat(run));
    });

    private static void Repeat(Action run)
    {
        for (var i = 0; i < 1_000; i++)
            run();
    }
}

using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>How long a connection stands of which one side has ended, beside the real HAProxy.</summary>
public sealed class HaproxyHalfClosed
{
    // Between the short times that a line may give and the long ones that count otherwise.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(3);

    /// <summary>Lines of the section, whether the client ends first, and whether the connection is over soon then.</summary>
    public static TheoryData<string, bool, bool> Lines => new()
    {
        { "timeout client-fin 700", false, true },
        { "timeout client-fin 700", true, false },
        { "timeout server-fin 700", true, true },
        { "timeout server-fin 700", false, false },
        { "timeout tunnel 700\n timeout client-fin 20s", false, false },
        { "timeout tunnel 20s\n timeout server-fin 700", true, true },
    };

    [Theory, MemberData(nameof(Lines))]
    public async Task A_connection_stands_as_long(string lines, bool clientEnds, bool isOverSoon)
    {
        await using var origin = RecordingOrigin.Start();
        var configuration = $"""
            listen both
             mode tcp
             bind ADDRESS
             timeout client 20s
             timeout server 20s
             timeout connect 5s
             {lines}
             server one {origin.Address}

            """;
        var (theirs, ours) = await SideBySide.Haproxy(configuration, async connect =>
        {
            using var client = await connect();
            using var server = await origin.Accept();
            var (one, other) = clientEnds ? ((RawSocket)client, (RawSocket)server) : (server, client);
            one.FinishSending();
            await other.ReadEnding();
            var ending = one.ReadEnding();
            return await Task.WhenAny(ending, Task.Delay(s_soon, TestContext.Current.CancellationToken)) == ending;
        });
        Assert.Equal((isOverSoon, isOverSoon), (theirs, ours));
    }
}

using Steelyard.Config;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>
/// One file of another program's under that program, and then under Steelyard: the same questions to both, and what came
/// of them. In its text ADDRESS is where the program listens.
/// </summary>
internal static class SideBySide
{
    /// <summary>Beside the real HAProxy.</summary>
    /// <param name="configuration">The text of a haproxy.cfg.</param>
    /// <param name="ask">Asks one of the two over connections that it opens, and returns what is to be the same of both.</param>
    public static Task<(T Theirs, T Ours)> Haproxy<T>(string configuration, Func<Func<Task<RawClient>>, Task<T>> ask) =>
        Haproxy(configuration, (connect, _) => ask(connect));

    /// <summary>The same where one has to look into Steelyard, which there is none of while HAProxy is asked.</summary>
    public static Task<(T Theirs, T Ours)> Haproxy<T>(string configuration, Func<Func<Task<RawClient>>, TestBalancer?, Task<T>> ask) =>
        Ask(ForeignProxy.StartHaProxy(configuration), "haproxy.cfg", configuration, ask);

    /// <summary>Beside the real nginx.</summary>
    /// <param name="configuration">The text of an nginx.conf, without what <see cref="ForeignProxy.StartNginx(string)"/> adds.</param>
    /// <param name="ask">The same.</param>
    public static Task<(T Theirs, T Ours)> Nginx<T>(string configuration, Func<Func<Task<RawClient>>, Task<T>> ask) =>
        Ask(ForeignProxy.StartNginx(configuration), "nginx.conf", configuration, (connect, _) => ask(connect));

    private static async Task<(T Theirs, T Ours)> Ask<T>(ForeignProxy other, string name, string configuration, Func<Func<Task<RawClient>>, TestBalancer?, Task<T>> ask)
    {
        T theirs;
        await using (other)
            theirs = await ask(other.Connect, null);
        using var folder = new TemporaryFolder();
        await using var balancer = TestBalancer.Start(ConfigurationFile.Read(folder.Write(name, configuration.Replace("ADDRESS", "127.0.0.1:0", StringComparison.Ordinal))));
        return (theirs, await ask(() => RawClient.Connect(balancer.Address), balancer));
    }
}

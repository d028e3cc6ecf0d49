using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>Answers that are sent no faster than the configuration says, on simulated time.</summary>
public sealed class LimitedAnswers
{
    private const int BodyLength = 10_000;

    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();
    private static readonly byte[] Answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {BodyLength}\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n\r\n{new string('x', BodyLength)}");

    private static TextTemplate Text(string text) => TextTemplate.Parse(text);

    private static long MillisecondsOf(RouteSettings route)
    {
        using var proxy = new SimulatedProxy(seed: 1, SimulatedConditions.Clean, servers: 1, adjust: snapshot => snapshot with { Listeners = [snapshot.Listeners[0] with { Routes = [route] }] });
        proxy.Driver.Listen(SimulatedProxy.FirstServerPort, new CannedServer(proxy.Events, Answer));
        var client = new CannedClient(proxy.Events, Request, Answer.Length) { Goal = 1 };
        var begun = proxy.Events.Now;
        client.Start(proxy.Connect());
        proxy.RunUntil(() => client.Answers == 1);
        return proxy.Events.Now - begun;
    }

    [Fact]
    public void An_answer_takes_the_time_that_its_rate_gives_it()
    {
        var route = new RouteSettings { Pool = "origin" };

        Assert.InRange(MillisecondsOf(route), 0, 500);

        // The bytes of one second go ahead.
        Assert.InRange(MillisecondsOf(route with { Bandwidth = new() { Rate = Text("1000") } }), 9_000, 10_500);
        Assert.InRange(MillisecondsOf(route with { Bandwidth = new() { Rate = Text("1000"), After = Text("5000") } }), 4_000, 5_500);
        Assert.InRange(MillisecondsOf(route with { Bandwidth = new() { Rate = Text("1000"), OfServers = Text("500") } }), 18_500, 21_000);
        Assert.InRange(MillisecondsOf(route with { Bandwidth = new() { Rate = Text("none") } }), 0, 500);
    }

    [Fact]
    public void What_rules_say_goes_before()
    {
        RouteSettings route = new() { Pool = "origin", Bandwidth = new() { Rate = Text("1000") }, Rules = [new() { Action = RuleAction.SetBandwidth, Value = Text("5k") }] };

        Assert.InRange(MillisecondsOf(route), 900, 1_500);
        Assert.InRange(MillisecondsOf(route with { ResponseRules = [new() { Action = RuleAction.SetBandwidth, Value = Text("0") }] }), 0, 500);
    }
}

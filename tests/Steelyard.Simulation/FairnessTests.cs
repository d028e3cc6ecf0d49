using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>What never has to wait must not keep the loop from everybody else.</summary>
public sealed class FairnessTests
{
    [Fact]
    public void A_thousand_requests_in_one_packet_do_not_keep_another_client_waiting()
    {
        // No route matches, so every answer is there at once and nothing ever waits.
        using var proxy = new SimulatedProxy(seed: 1, SimulatedConditions.Clean with { Capacity = 4 * 1024 * 1024 }, adjust: snapshot => snapshot with
        {
            Listeners = [snapshot.Listeners[0] with { Routes = [new RouteSettings { Path = "/only", Pool = "origin" }] }],
        });
        var request = Encoding.ASCII.GetBytes("GET /n HTTP/1.1\r\nHost: x\r\n\r\n");
        var greedy = proxy.Connect();
        var modest = proxy.Connect();
        while (greedy.ConnectError() != 0 || modest.ConnectError() != 0)
            proxy.Events.Turn(0);
        byte[] many = [.. Enumerable.Repeat(request, 1000).SelectMany(bytes => bytes)];
        Assert.Equal(many.Length, greedy.Send(many));
        Assert.Equal(request.Length, modest.Send(request));

        var answer = new byte[1024];
        while (modest.Receive(answer) <= 0)
            proxy.Events.Turn(0);

        Assert.InRange(proxy.Loop.Counters.Requests, 1, 50);
        greedy.Close();
        modest.Close();
        proxy.AssertNothingIsLeft();
    }
}

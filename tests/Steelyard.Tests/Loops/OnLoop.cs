using System.Runtime.ExceptionServices;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Fuzz.Targets;

namespace Steelyard.Tests.Loops;

/// <summary>Gives a test the thread of a loop: a thread is a loop's for good, so each test takes a new one.</summary>
internal static class OnLoop
{
    /// <summary>A loop whose clock stands until the test moves it.</summary>
    public static void Run(Action<EventLoop, StillNetwork> test) => OnThread(() =>
    {
        var network = new StillNetwork();
        var loop = new EventLoop(0, network);
        loop.Enter();
        test(loop, network);
    });

    /// <summary>Moves the clock and lets the loop do what is due.</summary>
    public static void AdvanceTo(this EventLoop loop, StillNetwork network, long time)
    {
        network.Time = time;
        loop.Turn(0);
    }

    /// <summary>A loop of the kernel's that serves until the test stops it.</summary>
    public static Thread Start(out EventLoop loop)
    {
        var started = loop = new EventLoop(0, new KernelDriver());
        var thread = new Thread(() =>
        {
            started.Run();
            started.Network.Dispose();
        });
        thread.Start();
        return thread;
    }

    public static void OnThread(Action test)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                test();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}

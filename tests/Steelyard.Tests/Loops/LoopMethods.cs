using System.Runtime.CompilerServices;
using Steelyard.Engine.Loops;

namespace Steelyard.Tests.Loops;

/// <summary>Async methods of a loop: results, exceptions, always back on their loop, and nothing allocated.</summary>
public sealed class LoopMethods
{
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<int> AddAfter(Waiter waiter, int a, int b)
    {
        var wake = await waiter.Wait(TimerEntry.Never);
        return wake == Wake.Ready ? a + b : -1;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<int> AddTwice(Waiter waiter, int a, int b) => await AddAfter(waiter, a, b) + await AddAfter(waiter, a, b);

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private static async ValueTask FailAfter(Waiter waiter)
    {
        await waiter.Wait(TimerEntry.Never);
        throw new InvalidDataException("after");
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<string> Catch(Waiter waiter)
    {
        try
        {
            await FailAfter(waiter);
            return "nothing";
        }
        catch (InvalidDataException failure)
        {
            return failure.Message;
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<int> Now(int value)
    {
        await default(ValueTask);
        return value;
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private static async ValueTask FailNow()
    {
        await default(ValueTask);
        throw new InvalidDataException("now");
    }

    [Fact]
    public void A_result_comes_through_every_suspension() => OnLoop.Run((loop, _) =>
    {
        var waiter = new Waiter(loop);
        var sum = AddTwice(waiter, 2, 3);
        Assert.False(sum.IsCompleted);
        waiter.Complete(Wake.Ready);
        Assert.False(sum.IsCompleted);
        waiter.Complete(Wake.Ready);
        Assert.True(sum.IsCompletedSuccessfully);
        Assert.Equal(10, sum.AsTask().Result);
    });

    [Fact]
    public void A_method_that_never_waits_is_complete_at_once() => OnLoop.Run((_, _) =>
    {
        var value = Now(5);
        Assert.True(value.IsCompletedSuccessfully);
        Assert.Equal(5, value.AsTask().Result);
    });

    [Fact]
    public void An_exception_reaches_who_awaits_before_and_after_a_suspension() => OnLoop.Run((loop, _) =>
    {
        var waiter = new Waiter(loop);
        var caught = Catch(waiter);
        waiter.Complete(Wake.Ready);
        Assert.Equal("after", caught.AsTask().Result);

        var failed = FailNow();
        Assert.True(failed.IsFaulted);
        Assert.Throws<InvalidDataException>(() => failed.GetAwaiter().GetResult());
    });

    [Fact]
    public void A_box_that_failed_serves_the_next_call_as_new() => OnLoop.Run((loop, _) =>
    {
        var waiter = new Waiter(loop);
        for (var i = 0; i < 3; i++)
        {
            var caught = Catch(waiter);
            waiter.Complete(Wake.Ready);
            Assert.Equal("after", caught.AsTask().Result);
        }
    });

    [Fact]
    public void A_result_is_taken_once() => OnLoop.Run((loop, _) =>
    {
        var waiter = new Waiter(loop);
        var sum = AddAfter(waiter, 1, 2);
        waiter.Complete(Wake.Ready);
        var awaiter = sum.GetAwaiter();
        Assert.Equal(3, awaiter.GetResult());
        Assert.Throws<InvalidOperationException>(() => awaiter.GetResult());
    });

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private static async ValueTask WaitOutside(Task elsewhere, TaskCompletionSource<(EventLoop? Loop, int Thread)> resumed)
    {
        await elsewhere.ConfigureAwait(false);
        resumed.SetResult((EventLoop.Current, Environment.CurrentManagedThreadId));
    }

    [Fact]
    public async Task What_was_woken_by_another_thread_goes_on_on_its_own_loop()
    {
        var thread = OnLoop.Start(out var loop);
        var resumed = new TaskCompletionSource<(EventLoop? Loop, int Thread)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var elsewhere = new TaskCompletionSource();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(
            _ =>
            {
                var task = WaitOutside(elsewhere.Task, resumed);
                Assert.False(task.IsCompleted);
                waiting.SetResult();
            },
            loop);
        await waiting.Task;

        elsewhere.SetResult();

        Assert.Equal((loop, thread.ManagedThreadId), await resumed.Task);
        loop.Stop();
        thread.Join();
    }

    [AsyncMethodBuilder(typeof(LoopMethod))]
    private static async ValueTask Machine(Waiter waiter, int[] phases, int number)
    {
        while (true)
        {
            phases[number] = await FirstPhase(waiter) + await SecondPhase(waiter);
            if (phases[number] < 0)
                return;
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<int> FirstPhase(Waiter waiter) => await waiter.Wait(TimerEntry.Never) == Wake.Ready ? 1 : -10;

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private static async ValueTask<int> SecondPhase(Waiter waiter)
    {
        var first = await FirstPhase(waiter);
        return first + await FirstPhase(waiter);
    }

    [Fact]
    public void Sixty_four_machines_that_change_phase_together_allocate_nothing() => OnLoop.Run((loop, _) =>
    {
        const int Machines = 64;
        var (waiters, phases, machines) = (new Waiter[Machines], new int[Machines], new Task[Machines]);
        for (var i = 0; i < Machines; i++)
        {
            waiters[i] = new Waiter(loop);
            machines[i] = Machine(waiters[i], phases, i).AsTask();
        }

        Turns(100);
        Steady.RequireNone(() => Turns(1_000));

        Assert.All(phases, phase => Assert.Equal(3, phase));
        Assert.DoesNotContain(machines, machine => machine.IsCompleted);

        void Turns(int count)
        {
            // All at once, then every other one ahead by a phase, so that all are in different methods together.
            for (var turn = 0; turn < count; turn++)
            {
                for (var i = 0; i < Machines; i++)
                {
                    if (turn % 3 == 0 || (turn + i) % 2 == 0)
                        waiters[i].Complete(Wake.Ready);
                }
            }
        }
    });
}

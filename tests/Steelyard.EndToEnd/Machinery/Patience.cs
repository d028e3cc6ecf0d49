using System.Runtime.CompilerServices;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>Every wait of a test ends: with what it waits for, or with a failure that names it.</summary>
internal static class Patience
{
    /// <summary>Long beside anything that should happen, for the machine may be busy.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<T> Patiently<T>(this Task<T> task, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await ((Task)task).Patiently(what);
        return await task;
    }

    public static async Task Patiently(this Task task, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        try
        {
            await task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException($"Nothing came of {what} in {Limit.TotalSeconds} s.", timeout);
        }
    }

    /// <summary>Waits for what no event tells.</summary>
    public static async Task Until(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var since = Environment.TickCount64;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 - since < Limit.TotalMilliseconds, $"Never came true: {what}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The same, where one has to ask for it.</summary>
    /// <param name="condition">Whether it is so.</param>
    /// <param name="missing">What is missing, for the message.</param>
    public static async Task Until(Func<Task<bool>> condition, Func<string> missing)
    {
        var since = Environment.TickCount64;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 - since < Limit.TotalMilliseconds, $"Never came true: {missing()}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}

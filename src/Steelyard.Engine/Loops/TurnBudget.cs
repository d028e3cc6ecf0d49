using System.Runtime.CompilerServices;

namespace Steelyard.Engine.Loops;

/// <summary>
/// How much one transfer may move before it lets the loop's other connections have their turn: two ends as fast as the
/// loop itself would never make it wait. Owned by its loop.
/// </summary>
internal struct TurnBudget(EventLoop loop)
{
    /// <summary>About a tenth of a millisecond of a core.</summary>
    public const int BytesPerTurn = 512 * 1024;

    private long _turn;
    private int _spent;

    /// <summary>Counts bytes that were moved.</summary>
    /// <returns>Whether it is time for <see cref="EventLoop.NextTurn"/>.</returns>
    public bool Spend(int bytes)
    {
        if (_turn != loop.Turns)
            (_turn, _spent) = (loop.Turns, 0);
        _spent += bytes;
        return _spent >= BytesPerTurn;
    }
}

/// <summary>Awaited to go on after the loop has served everybody else once.</summary>
internal readonly struct NextTurnAwaitable(EventLoop loop) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public NextTurnAwaitable GetAwaiter() => this;

    public void OnCompleted(Action continuation) => loop.RunNextTurn(continuation);

    public void UnsafeOnCompleted(Action continuation) => loop.RunNextTurn(continuation);

    public void GetResult()
    {
    }
}

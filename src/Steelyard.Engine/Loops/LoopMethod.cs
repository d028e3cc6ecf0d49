using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

#pragma warning disable CA1822 // The compiler asks for instance methods of these names.

namespace Steelyard.Engine.Loops;

/// <summary>
/// Builds async methods that live on an event loop: they allocate nothing in steady state, carry no
/// ExecutionContext, and always resume on the loop they started on.
/// </summary>
/// <remarks>
/// The pooled builder of the runtime keeps one box per thread and method, so as soon as several connections are
/// inside the same method it allocates again; this one keeps a free list (<see cref="LoopBox{T,M}"/>).
/// </remarks>
internal struct LoopMethod<T>
{
    private LoopBox<T>? _box;
    private ExceptionDispatchInfo? _failure;
    private T _result;

    public static LoopMethod<T> Create() => default;

    public readonly ValueTask<T> Task =>
        _box is not null ? new(_box, _box.Version)
        : _failure is not null ? ValueTask.FromException<T>(_failure.SourceException)
        : new(_result);

    public readonly void Start<M>(ref M machine)
        where M : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine) => _ = machine;

    public void SetResult(T result)
    {
        if (_box is null)
            _result = result;
        else
            _box.SetResult(result);
    }

    public void SetException(Exception exception)
    {
        if (_box is null)
            _failure = ExceptionDispatchInfo.Capture(exception);
        else
            _box.SetException(exception);
    }

    public void AwaitOnCompleted<A, M>(ref A awaiter, ref M machine)
        where A : INotifyCompletion
        where M : IAsyncStateMachine => awaiter.OnCompleted(LoopBox<T, M>.Of(ref _box, ref machine));

    public void AwaitUnsafeOnCompleted<A, M>(ref A awaiter, ref M machine)
        where A : ICriticalNotifyCompletion
        where M : IAsyncStateMachine => awaiter.UnsafeOnCompleted(LoopBox<T, M>.Of(ref _box, ref machine));
}

/// <summary>The twin of <see cref="LoopMethod{T}"/> for methods without a result.</summary>
internal struct LoopMethod
{
    private LoopBox<bool>? _box;
    private ExceptionDispatchInfo? _failure;

    public static LoopMethod Create() => default;

    public readonly ValueTask Task =>
        _box is not null ? new(_box, _box.Version)
        : _failure is not null ? ValueTask.FromException(_failure.SourceException)
        : default;

    public readonly void Start<M>(ref M machine)
        where M : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine) => _ = machine;

    public readonly void SetResult() => _box?.SetResult(result: true);

    public void SetException(Exception exception)
    {
        if (_box is null)
            _failure = ExceptionDispatchInfo.Capture(exception);
        else
            _box.SetException(exception);
    }

    public void AwaitOnCompleted<A, M>(ref A awaiter, ref M machine)
        where A : INotifyCompletion
        where M : IAsyncStateMachine => awaiter.OnCompleted(LoopBox<bool, M>.Of(ref _box, ref machine));

    public void AwaitUnsafeOnCompleted<A, M>(ref A awaiter, ref M machine)
        where A : ICriticalNotifyCompletion
        where M : IAsyncStateMachine => awaiter.UnsafeOnCompleted(LoopBox<bool, M>.Of(ref _box, ref machine));
}

/// <summary>What a caller awaits of a suspended loop method.</summary>
internal abstract class LoopBox<T> : IValueTaskSource<T>, IValueTaskSource
{
    private Action<object?>? _continuation;
    private object? _continuationState;
    private ExceptionDispatchInfo? _failure;
    private T _result = default!;
    private bool _done;

    public short Version { get; private set; }

    public void SetResult(T result)
    {
        _result = result;
        Complete();
    }

    public void SetException(Exception exception)
    {
        _failure = ExceptionDispatchInfo.Capture(exception);
        Complete();
    }

    private void Complete()
    {
        _done = true;
        _continuation?.Invoke(_continuationState);
    }

    public ValueTaskSourceStatus GetStatus(short token) =>
        !_done ? ValueTaskSourceStatus.Pending
        : _failure is null ? ValueTaskSourceStatus.Succeeded
        : ValueTaskSourceStatus.Faulted;

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_done)
        {
            continuation(state);
            return;
        }

        (_continuationState, _continuation) = (state, continuation);
    }

    public T GetResult(short token)
    {
        if (token != Version || !_done)
            throw new InvalidOperationException("A loop method's result was taken twice, or before it was there.");
        var (result, failure) = (_result, _failure);
        (_result, _failure, _continuation, _continuationState, _done) = (default!, null, null, null, false);
        Version++;
        Recycle();
        failure?.Throw();
        return result;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    private protected abstract void Recycle();
}

/// <summary>
/// Holds the state machine <typeparamref name="M"/> of one suspended call. Owned by the loop it was rented on, which
/// keeps it for the next call; resumed elsewhere, it posts itself home.
/// </summary>
internal sealed class LoopBox<T, M> : LoopBox<T>
    where M : IAsyncStateMachine
{
    // Enough for every connection of a busy loop to be inside the method at once; beyond, boxes are garbage.
    private const int LongestFreeList = 8192;

    private static readonly int s_kind = EventLoop.NewBoxKind();

    private readonly EventLoop? _home;
    private readonly Action _resume;
    private LoopBox<T, M>? _next;
    private int _position;
    private M _machine = default!;

    private LoopBox(EventLoop? home) => (_home, _resume) = (home, Resume);

    /// <summary>The action that resumes the machine, which moves into a box at its first suspension.</summary>
    public static Action Of(ref LoopBox<T>? box, ref M machine)
    {
        if (box is not null)
            return Unsafe.As<LoopBox<T, M>>(box)._resume;

        var rented = Rent();

        // The builder inside the machine must know its box before the machine is copied into it.
        box = rented;
        rented._machine = machine;
        return rented._resume;
    }

    private static LoopBox<T, M> Rent()
    {
        var home = EventLoop.Current;
        if (home is null)
            return new(home);
        ref var free = ref home.FreeBox(s_kind);
        if (free is null)
            return new(home);
        var rented = Unsafe.As<LoopBox<T, M>>(free);
        free = rented._next;
        return rented;
    }

    private void Resume()
    {
        if (EventLoop.Current == _home || _home is null)
            _machine.MoveNext();
        else
            _home.Post(static box => ((LoopBox<T, M>)box)._machine.MoveNext(), this);
    }

    private protected override void Recycle()
    {
        Debug.Assert(EventLoop.Current == _home, "A loop method ended off its loop.");
        _machine = default!;
        if (_home is null)
            return;
        ref var free = ref _home.FreeBox(s_kind);
        var next = Unsafe.As<LoopBox<T, M>?>(free);
        var position = next is null ? 0 : next._position + 1;
        if (position >= LongestFreeList)
            return;
        (_next, _position) = (next, position);
        free = this;
    }
}

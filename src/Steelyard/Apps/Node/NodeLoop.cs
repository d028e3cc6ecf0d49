using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>
/// One thread that looks after the channels of all Node workers and after the sockets whose connections they get
/// (poll(2)). Nothing it does waits for anybody.
/// </summary>
internal sealed unsafe class NodeLoop
{
    private const int Stack = 256 * 1024;

    private static readonly Lazy<NodeLoop> s_shared = new(() => new NodeLoop());

    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly List<NodeHandle> _watched = [];
    private readonly int _wake;
    private Posix.PollEntry[] _entries = new Posix.PollEntry[16];
    private NodeHandle[] _round = new NodeHandle[16];

    private NodeLoop()
    {
        _wake = Posix.eventfd(0, Posix.EFD_CLOEXEC | Posix.EFD_NONBLOCK);
        if (_wake < 0)
            throw new AppStartException("too many open files (ulimit -n)");
        new Thread(Run, Stack) { IsBackground = true, Name = "node workers" }.Start();
    }

    /// <summary>The thread of this program; started by whoever asks first.</summary>
    public static NodeLoop Shared => s_shared.Value;

    /// <summary>Does something on the loop, soon. May be called from any thread.</summary>
    public void Post(Action work)
    {
        _posted.Enqueue(work);
        var one = 1UL;
        _ = Posix.write(_wake, (byte*)&one, sizeof(ulong));
    }

    /// <summary>The same after a while.</summary>
    public void PostLater(Action work, TimeSpan pause) =>
        _ = Task.Delay(pause).ContinueWith(_ => Post(work), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>Does something on the loop and gives what comes of it. May be called from any thread but the loop's.</summary>
    public Task<T> Ask<T>(Func<T> work)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(work());
            }
            catch (AppStartException error)
            {
                answer.SetException(error);
            }
        });
        return answer.Task;
    }

    /// <summary>Looks after a descriptor. Called on the loop.</summary>
    public void Watch(NodeHandle handle) => _watched.Add(handle);

    /// <summary>Does so no more. Called on the loop.</summary>
    public void Forget(NodeHandle handle) => _watched.Remove(handle);

    private void Run()
    {
        while (true)
        {
            var count = Prepare();
            fixed (Posix.PollEntry* entries = _entries)
            {
                if (Posix.poll(entries, (nuint)count, -1) < 0 && Marshal.GetLastPInvokeError() != Posix.EINTR)
                    throw new InvalidOperationException($"poll failed: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            if (_entries[0].Happened != 0)
            {
                ulong wakes;
                _ = Posix.read(_wake, (byte*)&wakes, sizeof(ulong));
                while (_posted.TryDequeue(out var work))
                    work();
            }

            // Whoever was closed meanwhile is told nothing: its number may be another's by now.
            for (var i = 1; i < count; i++)
            {
                if (_entries[i].Happened != 0 && !_round[i].Closed)
                    Tell(_round[i], _entries[i].Happened);
            }
        }
    }

    // A fault of ours costs the one it happened with, not the workers of all apps.
    private static void Tell(NodeHandle handle, short events)
    {
        try
        {
            handle.Ready(events);
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine($"steelyard: a channel to a worker is closed by a fault of this program: {fault}");
            handle.Close();
        }
    }

    private int Prepare()
    {
        var count = _watched.Count + 1;
        if (_entries.Length < count)
            (_entries, _round) = (new Posix.PollEntry[count * 2], new NodeHandle[count * 2]);
        _entries[0] = new() { Handle = _wake, Wanted = Posix.POLLIN };
        for (var i = 1; i < count; i++)
        {
            var handle = _round[i] = _watched[i - 1];

            // A negative one is passed over.
            var wanted = handle.Wanted;
            _entries[i] = new() { Handle = wanted == 0 ? -1 : handle.Descriptor, Wanted = wanted };
        }

        return count;
    }
}

/// <summary>A descriptor that a <see cref="NodeLoop"/> looks after. Owned by the loop.</summary>
internal abstract class NodeHandle(int descriptor)
{
    public int Descriptor => descriptor;

    /// <summary>The events it waits for, as poll(2) names them; 0 for none.</summary>
    public abstract short Wanted { get; }

    public bool Closed { get; private set; }

    public abstract void Ready(short events);

    public abstract void Close();

    protected void CloseDescriptor()
    {
        if (Closed)
            return;
        Closed = true;
        _ = Posix.close(descriptor);
    }
}

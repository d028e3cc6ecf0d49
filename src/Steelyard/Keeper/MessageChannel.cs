using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;

namespace Steelyard.Keeper;

/// <summary>A message between keeper and engine: a word, its arguments, and the descriptors that come with it.</summary>
/// <param name="Word">What it is about.</param>
/// <param name="Arguments">Without line breaks.</param>
/// <param name="Handles">Descriptors; whoever receives them closes them.</param>
internal sealed record Message(string Word, IReadOnlyList<string> Arguments, IReadOnlyList<int> Handles)
{
    public Message(string word, params string[] arguments)
        : this(word, arguments, [])
    {
    }
}

/// <summary>
/// One end of the socket pair between keeper and engine. Messages stay whole (SOCK_SEQPACKET), and descriptors travel
/// with them (SCM_RIGHTS of unix(7)). What does not fit a message goes into a file in memory.
/// </summary>
internal sealed unsafe class MessageChannel : IDisposable
{
    /// <summary>Descriptors in one message; the kernel takes 253.</summary>
    public const int MostHandles = 200;

    private const int MostBytes = 64 * 1024;
    private const int ReaderStack = 256 * 1024;

    private readonly Channel<Message> _received = Channel.CreateUnbounded<Message>();
    private readonly int _handle;

    // The reader, the owner and who sends; the last closes, so that the number is nobody else's before both are done with it.
    private int _users = 2;
    private volatile bool _disposed;

    /// <param name="handle">The end of the pair; closed with this.</param>
    public MessageChannel(int handle)
    {
        _handle = handle;
        new Thread(Read, ReaderStack) { IsBackground = true, Name = "messages" }.Start();
    }

    /// <summary>What has come, in its order; ends when the other end has gone.</summary>
    public ChannelReader<Message> Received => _received.Reader;

    /// <summary>Two ends; the second is for a child and lies above all numbers that a child's descriptors get.</summary>
    /// <exception cref="EngineException">No descriptors are left.</exception>
    public static (MessageChannel Ours, int Theirs) CreatePair()
    {
        var ends = stackalloc int[2];
        if (Posix.socketpair(Posix.AF_UNIX, Posix.SOCK_SEQPACKET | Posix.SOCK_CLOEXEC, 0, ends) < 0)
            throw new EngineException("no descriptors are left for a pair of sockets");
        var high = Posix.fcntl(ends[1], Posix.F_DUPFD_CLOEXEC, 16);
        _ = Posix.close(ends[1]);
        return (new(ends[0]), high);
    }

    /// <summary>Sends a message. May be called from any thread.</summary>
    /// <returns>Whether the other end was there to take it.</returns>
    public bool Send(Message message)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', message.Arguments.Prepend(message.Word)));
        var count = message.Handles.Count;
        if (bytes.Length > MostBytes || count > MostHandles)
            throw new ArgumentException($"A message of {bytes.Length} bytes and {count} descriptors is too large.", nameof(message));

        // struct cmsghdr, and the descriptors.
        nint* control = stackalloc nint[2 + ((count + 1) / 2)];
        control[0] = 16 + (4 * count);
        ((int*)control)[2] = Posix.SOL_SOCKET;
        ((int*)control)[3] = Posix.SCM_RIGHTS;
        for (var i = 0; i < count; i++)
            ((int*)control)[4 + i] = message.Handles[i];
        fixed (byte* start = bytes)
        {
            var vector = new Posix.Vector { Base = start, Length = (nuint)bytes.Length };
            var header = new Posix.MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (count > 0)
            {
                header.Control = control;
                header.ControlLength = (nuint)control[0];
            }

            if (!TryUse())
                return false;
            var sent = !_disposed && Posix.sendmsg(_handle, &header, Posix.MSG_NOSIGNAL) >= 0;
            LetGo();
            return sent;
        }
    }

    /// <summary>Keeps the number from being closed, and given to somebody else, before <see cref="LetGo"/>.</summary>
    private bool TryUse()
    {
        for (var users = Volatile.Read(ref _users); users > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return true;
            users = seen;
        }

        return false;
    }

    private void Read()
    {
        var buffer = new byte[MostBytes];
        while (Receive(buffer) is { } message)
            _received.Writer.TryWrite(message);
        _received.Writer.TryComplete();
        LetGo();
    }

    private Message? Receive(byte[] buffer)
    {
        var control = stackalloc nint[2 + ((MostHandles + 1) / 2)];
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var vector = new Posix.Vector { Base = start, Length = (nuint)buffer.Length };
                var header = new Posix.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 16 + (4 * MostHandles) };
                var received = Posix.recvmsg(_handle, &header, Posix.MSG_CMSG_CLOEXEC);
                if (received < 0 && Marshal.GetLastPInvokeError() == Posix.EINTR)
                    continue;
                if (received <= 0 || (header.Flags & (Posix.MSG_CTRUNC | Posix.MSG_TRUNC)) != 0)
                    return null;
                var handles = header.ControlLength == 0 ? [] : new ReadOnlySpan<int>((int*)control + 4, (int)(control[0] - 16) / 4).ToArray();
                var words = Encoding.UTF8.GetString(buffer, 0, (int)received).Split('\n');
                return new(words[0], words[1..], handles);
            }
        }
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;

        // Wakes the reader, which may be in the call.
        _ = Posix.shutdown(_handle, Posix.SHUT_RDWR);
        LetGo();
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _ = Posix.close(_handle);
    }
}

using System.Runtime.InteropServices;

namespace Steelyard.Engine.Interop;

/// <summary>
/// The system calls of the engine, each under its man page's name. All arguments are blittable; a result below
/// zero is turned into <c>-errno</c> by <see cref="Check(nint)"/> at once, before anything else can change errno.
/// </summary>
internal static unsafe partial class Linux
{
    private const string C = "libc";

    /// <summary>The result of a call, or <c>-errno</c> when it failed.</summary>
    public static int Check(nint result) => result >= 0 ? (int)result : -Marshal.GetLastSystemError();

    // socket(2) and its kin
    [LibraryImport(C)] public static partial int socket(int domain, int type, int protocol);
    [LibraryImport(C)] public static partial int bind(int fd, byte* address, uint length);
    [LibraryImport(C)] public static partial int listen(int fd, int backlog);
    [LibraryImport(C)] public static partial int fcntl(int fd, int command, nint argument);
    [LibraryImport(C)] public static partial int accept4(int fd, byte* address, uint* length, int flags);
    [LibraryImport(C)] public static partial int connect(int fd, byte* address, uint length);
    [LibraryImport(C)] public static partial nint recv(int fd, byte* buffer, nuint length, int flags);
    [LibraryImport(C)] public static partial nint send(int fd, byte* buffer, nuint length, int flags);
    [LibraryImport(C)] public static partial nint sendmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport(C)] public static partial int shutdown(int fd, int how);
    [LibraryImport(C)] public static partial int close(int fd);
    [LibraryImport(C)] public static partial int getsockname(int fd, byte* address, uint* length);
    [LibraryImport(C)] public static partial int getsockopt(int fd, int level, int name, void* value, uint* length);
    [LibraryImport(C)] public static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    // epoll(7), eventfd(2)
    [LibraryImport(C)] public static partial int epoll_create1(int flags);
    [LibraryImport(C)] public static partial int epoll_ctl(int epoll, int operation, int fd, byte* epollEvent);
    [LibraryImport(C)] public static partial int epoll_wait(int epoll, byte* events, int count, int timeoutMilliseconds);
    [LibraryImport(C)] public static partial int eventfd(uint value, int flags);
    [LibraryImport(C)] public static partial nint write(int fd, void* buffer, nuint count);

    // open(2)
    [LibraryImport(C)] public static partial int open(byte* path, int flags, int mode);

    // splice(2), pipe(2)
    [LibraryImport(C)] public static partial int pipe2(int* ends, int flags);
    [LibraryImport(C)] public static partial nint splice(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);

    // mmap(2), madvise(2)
    [LibraryImport(C)] public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);
    [LibraryImport(C)] public static partial int munmap(void* address, nuint length);
    [LibraryImport(C)] public static partial int madvise(void* address, nuint length, int advice);

    // statx(2)
    [LibraryImport(C)] public static partial int statx(int folder, byte* path, int flags, uint mask, byte* status);

    // getrlimit(2)
    [LibraryImport(C)] public static partial int getrlimit(int resource, ResourceLimit* limit);

    // clock_gettime(2)
    [LibraryImport(C)] public static partial int clock_gettime(int clock, TimeSpec* time);

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct statx; its beginning as far as it is used, in its full size.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(112)] public FileTime Modified;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    /// <summary>struct statx_timestamp.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileTime
    {
        public long Seconds;
        public uint Nanoseconds;
        private readonly int _reserved;
    }

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Current;
        public ulong Most;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Filter
    {
        public ushort Length;
        public FilterStep* Steps;
    }

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly struct FilterStep(ushort code, byte ifTrue, byte ifFalse, uint value)
    {
        public readonly ushort Code = code;
        public readonly byte IfTrue = ifTrue;
        public readonly byte IfFalse = ifFalse;
        public readonly uint Value = value;
    }

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    public const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10;
    public const int F_SETFL = 4, F_DUPFD_CLOEXEC = 1030;
    public const int SOCK_STREAM = 1, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_REUSEPORT = 15, SO_ERROR = 4, SO_LINGER = 13, SO_ATTACH_FILTER = 26;
    public const int IPPROTO_IP = 0, IP_BIND_ADDRESS_NO_PORT = 24;
    public const int IPPROTO_TCP = 6, TCP_NODELAY = 1, TCP_QUICKACK = 12, IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int SHUT_WR = 1, SHUT_RDWR = 2;
    public const int EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2;
    public const uint EPOLLIN = 0x1, EPOLLOUT = 0x4, EPOLLERR = 0x8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000;
    public const uint EPOLLEXCLUSIVE = 1u << 28, EPOLLET = 1u << 31;
    public const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000, O_NONBLOCK = 0x800, O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400;
    public const uint SPLICE_F_MOVE = 1, SPLICE_F_NONBLOCK = 2, SPLICE_F_MORE = 4;
    public const int PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MAP_NORESERVE = 0x4000;
    public const int MADV_DONTNEED = 4;
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000, S_IFMT = 0xf000, S_IFREG = 0x8000, S_IFDIR = 0x4000, S_IFSOCK = 0xc000;
    public const uint STATX_TYPE = 1, STATX_MODE = 2, STATX_INO = 0x100, STATX_BASIC_STATS = 0x7ff;
    public const int RLIMIT_NOFILE = 7;
    public const int CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1;
}

using System.Runtime.InteropServices;

namespace Steelyard.Keeper;

/// <summary>
/// The system calls of the keeper, each under its man page's name. The process class of .NET is not used: as process 1
/// of a container it would reap what is ours.
/// </summary>
internal static unsafe partial class Posix
{
    private const string C = "libc";

    // unix(7), sendmsg(2)
    [LibraryImport(C)] public static partial int socketpair(int domain, int type, int protocol, int* ends);
    [LibraryImport(C, SetLastError = true)] public static partial nint sendmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint recvmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport(C)] public static partial int shutdown(int fd, int how);
    [LibraryImport(C)] public static partial int close(int fd);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial int open(string path, int flags, uint mode);
    [LibraryImport(C)] public static partial int flock(int fd, int operation);
    [LibraryImport(C, SetLastError = true)] public static partial nint read(int fd, byte* buffer, nuint length);
    [LibraryImport(C, SetLastError = true)] public static partial nint write(int fd, byte* buffer, nuint length);
    [LibraryImport(C, SetLastError = true)] public static partial int poll(PollEntry* entries, nuint count, int timeout);
    [LibraryImport(C)] public static partial int ioctl(int fd, nuint request, void* argument);
    [LibraryImport(C)] public static partial int pipe2(int* ends, int flags);
    [LibraryImport(C)] public static partial int fcntl(int fd, int command, nint argument);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial int memfd_create(string name, uint flags);

    // posix_spawn(3); these return the error instead of setting errno.
    [LibraryImport(C)] public static partial int posix_spawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);
    [LibraryImport(C)] public static partial int posix_spawn_file_actions_init(void* actions);
    [LibraryImport(C)] public static partial int posix_spawn_file_actions_destroy(void* actions);
    [LibraryImport(C)] public static partial int posix_spawn_file_actions_adddup2(void* actions, int fd, int target);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8)] public static partial int posix_spawn_file_actions_addopen(void* actions, int fd, string path, int flags, uint mode);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8)] public static partial int posix_spawn_file_actions_addchdir_np(void* actions, string path);
    [LibraryImport(C)] public static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);
    [LibraryImport(C)] public static partial int posix_spawnattr_init(void* attributes);
    [LibraryImport(C)] public static partial int posix_spawnattr_destroy(void* attributes);
    [LibraryImport(C)] public static partial int posix_spawnattr_setflags(void* attributes, short flags);
    [LibraryImport(C)] public static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);
    [LibraryImport(C)] public static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);
    [LibraryImport(C)] public static partial int sigfillset(void* signals);
    [LibraryImport(C)] public static partial int sigemptyset(void* signals);

    // kill(2), waitpid(2), signal(2)
    [LibraryImport(C)] public static partial int kill(int pid, int signal);
    [LibraryImport(C, SetLastError = true)] public static partial int waitpid(int pid, int* status, int options);
    [LibraryImport(C, SetLastError = true)] public static partial int waitid(int kind, int id, void* information, int options);
    [LibraryImport(C)] public static partial nint signal(int number, nint handler);

    // setuid(2), through glibc's wrappers, which reach every thread
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8)] public static partial Account* getpwnam(string name);
    [LibraryImport(C)] public static partial Account* getpwuid(uint user);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial int initgroups(string user, uint group);
    [LibraryImport(C, SetLastError = true)] public static partial int setgroups(nuint count, uint* groups);
    [LibraryImport(C, SetLastError = true)] public static partial int setgid(uint group);
    [LibraryImport(C, SetLastError = true)] public static partial int setuid(uint user);
    [LibraryImport(C)] public static partial uint geteuid();
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8)] public static partial AccountGroup* getgrnam(string name);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)] public static partial int chown(string path, uint user, uint group);
    [LibraryImport(C, StringMarshalling = StringMarshalling.Utf8)] public static partial int statx(int folder, string path, int flags, uint mask, byte* status);
    [LibraryImport(C, SetLastError = true)] public static partial int setrlimit(int resource, ResourceLimit* limit);
    [LibraryImport(C)] public static partial int sigprocmask(int how, void* signals, void* before);
    [LibraryImport(C, SetLastError = true)] public static partial int access(byte* path, int mode);
    [LibraryImport(C, SetLastError = true)] public static partial int execve(byte* path, byte** words, byte** environment);
    [LibraryImport(C)] public static partial int madvise(void* start, nuint length, int advice);
    [LibraryImport(C)] public static partial int prctl(int option, nint argument, nint third, nint fourth, nint fifth);

    // socket(2) and its kin, eventfd(2): for the channels of Node workers, none of which may block
    [LibraryImport(C, SetLastError = true)] public static partial int socket(int domain, int type, int protocol);
    [LibraryImport(C, SetLastError = true)] public static partial int bind(int fd, byte* address, uint length);
    [LibraryImport(C, SetLastError = true)] public static partial int listen(int fd, int backlog);
    [LibraryImport(C, SetLastError = true)] public static partial int accept4(int fd, byte* address, uint* length, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int getsockname(int fd, byte* address, uint* length);
    [LibraryImport(C, SetLastError = true)] public static partial int setsockopt(int fd, int level, int name, void* value, uint length);
    [LibraryImport(C, SetLastError = true)] public static partial nint recv(int fd, byte* buffer, nuint length, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial nint send(int fd, byte* buffer, nuint length, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int eventfd(uint value, int flags);

    /// <summary>Two ends of a stream between processes, which no child inherits by itself.</summary>
    public static bool TrySocketPair(out int ours, out int theirs)
    {
        var ends = stackalloc int[2];
        var made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) >= 0;
        (ours, theirs) = (ends[0], ends[1]);
        return made;
    }

    /// <summary>A pipe whose ends no child inherits by itself; reading from it does not block.</summary>
    public static bool TryPipe(out int reading, out int writing)
    {
        var ends = stackalloc int[2];
        var made = pipe2(ends, O_CLOEXEC) >= 0;
        if (made)
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK);
        (reading, writing) = (ends[0], ends[1]);
        return made;
    }

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

    /// <summary>struct winsize.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelsAcross;
        public ushort PixelsDown;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Handle;
        public short Wanted;
        public short Happened;
    }

    /// <summary>struct passwd; its beginning.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Account
    {
        public byte* Name;
        public byte* Password;
        public uint User;
        public uint Group;
        public byte* Description;
        public byte* Home;
    }

    /// <summary>struct group; its beginning.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AccountGroup
    {
        public byte* Name;
        public byte* Password;
        public uint Group;
    }

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    public const int AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;
    public const int SO_REUSEADDR = 2, IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26, MSG_DONTWAIT = 0x40;
    public const int EACCES = 13, EINVAL = 22, ENFILE = 23, EMFILE = 24, ENOTSUP = 95, ETOOMANYREFS = 109, EADDRINUSE = 98, EAFNOSUPPORT = 97;
    public const int AF_UNIX = 1, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0x80000, SOL_SOCKET = 1, SCM_RIGHTS = 1;
    public const int MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, SHUT_RDWR = 2;
    public const int LOCK_EX = 2, LOCK_NB = 4;
    public const int F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_SETFD = 2, F_SETFL = 4, O_NONBLOCK = 0x800, FD_CLOEXEC = 1, O_CLOEXEC = 0x80000, O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400;
    public const short POLLIN = 1, POLLOUT = 4;
    public const int F_ADD_SEALS = 1033, F_GET_SEALS = 1034, F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8;
    public const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2;
    public const short POSIX_SPAWN_SETPGROUP = 2, POSIX_SPAWN_SETSIGDEF = 4, POSIX_SPAWN_SETSIGMASK = 8, POSIX_SPAWN_SETSID = 0x80;
    public const int SIGHUP = 1, SIGQUIT = 3, SIGPIPE = 13, SIGKILL = 9, SIGTERM = 15, SIGCHLD = 17;
    public const nuint TIOCGWINSZ = 0x5413;
    public const int EINTR = 4, EAGAIN = 11;
    public const int P_ALL = 0, P_PID = 1, WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x1000000;
    public const int PR_SET_NO_NEW_PRIVS = 38, MADV_DONTNEED = 4;
    public const int SIG_SETMASK = 2, X_OK = 1;
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, S_IFDIR = 0x4000, S_IRWXU = 0x1C0;
    public const uint STATX_BASIC_STATS = 0x7FF;

    // struct statx is the same on all machines, as struct stat is not.
    public const int SizeOfStatx = 256, OwnerInStatx = 20, ModeInStatx = 28;
    public const int RLIMIT_FSIZE = 1, RLIMIT_CORE = 4, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7, RLIMIT_AS = 9;
}

using System.Net;
using Steelyard.Config;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Network;

/// <summary>A socket that is bound and listens. Its owner is not a loop: loops come and go, it stays.</summary>
internal sealed unsafe class ListeningSocket : IDisposable
{
    private const int Backlog = 4096;

    // The next program may have one of the same name by now.
    private bool _fileRemoved;
    private ulong _file;

    private ListeningSocket(int handle, NetworkAddress asked, NetworkAddress address) => (Handle, Asked, Address) = (handle, asked, address);

    /// <summary>
    /// Whether a place may be listened on by another process of the same kind too, until it leaves: TCP ports are shared
    /// (SO_REUSEPORT), the file of a Unix socket is replaced. As HAProxy does it, for a successor to begin before it ends.
    /// </summary>
    public static bool SharesPlaces { get; set; }

    public int Handle { get; private set; }

    /// <summary>What the configuration asked for.</summary>
    public NetworkAddress Asked { get; }

    /// <summary>What it is bound to, with the port the kernel picked where 0 was asked.</summary>
    public NetworkAddress Address { get; }

    /// <summary>A socket that another process has bound, which alone knows what it asked for; the kernel knows the port.</summary>
    public static ListeningSocket Adopt(int handle)
    {
        var address = default(KernelAddress);
        uint length = KernelAddress.MaximumLength;
        fixed (byte* bytes = address.Bytes)
            _ = Linux.getsockname(handle, bytes, &length);
        return new(handle, NetworkAddress.ForHost("", 0), NetworkAddress.ForHost("", address.Port));
    }

    /// <exception cref="BindException">The address could not be bound.</exception>
    public static ListeningSocket Bind(NetworkAddress address)
    {
        if (address.Descriptor is { } inherited)
            return TakeOver(address, inherited);
        if (address.UnixPath is not null)
            return BindUnix(address);
        if (address.Host.Length > 0)
            return BindAddress(address, Resolve(address), dualStack: false);

        // Every address of the machine: one IPv6 socket takes IPv4 as well, where the machine has IPv6 at all.
        try
        {
            return BindAddress(address, IPAddress.IPv6Any, dualStack: true);
        }
        catch (BindException failure) when (failure.Error is -97 or Errno.AddressNotAvailable)
        {
            return BindAddress(address, IPAddress.Any, dualStack: false);
        }
    }

    /// <summary>A socket that whoever started this program has bound. It stays open beside ours, for the next reload that asks for it.</summary>
    private static ListeningSocket TakeOver(NetworkAddress asked, int inherited)
    {
        var (kind, on) = (0, 1);
        uint length = sizeof(int);
        if (Linux.getsockopt(inherited, Linux.SOL_SOCKET, Linux.SO_TYPE, &kind, &length) != 0 || kind != Linux.SOCK_STREAM)
            throw new BindException($"cannot listen on {asked}: no socket of that number was passed to this program", 0);
        var fd = Linux.Check(Linux.fcntl(inherited, Linux.F_DUPFD_CLOEXEC, 0));
        if (fd < 0)
            throw Failure(asked, fd);
        _ = Linux.fcntl(fd, Linux.F_SETFL, Linux.SOCK_NONBLOCK);
        _ = Linux.setsockopt(fd, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, &on, sizeof(int));
        var error = Linux.Check(Linux.listen(fd, Backlog));
        if (error < 0)
        {
            _ = Linux.close(fd);
            throw Failure(asked, error);
        }

        return new(fd, asked, asked);
    }

    private static IPAddress Resolve(NetworkAddress address)
    {
        if (IPAddress.TryParse(address.Host, out var literal))
            return literal;
        try
        {
            return Dns.GetHostAddresses(address.Host)[0];
        }
        catch (Exception failure) when (failure is System.Net.Sockets.SocketException or ArgumentException)
        {
            throw new BindException($"cannot listen on {address}: the name does not resolve", 0);
        }
    }

    private static ListeningSocket BindAddress(NetworkAddress asked, IPAddress address, bool dualStack)
    {
        var target = KernelAddress.For(address, asked.Port);
        var fd = Open(asked, target.Family);
        var on = 1;
        _ = Linux.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_REUSEADDR, &on, sizeof(int));
        if (SharesPlaces)
            _ = Linux.setsockopt(fd, Linux.SOL_SOCKET, Linux.SO_REUSEPORT, &on, sizeof(int));

        // Accepted sockets inherit it, which saves a call for each.
        _ = Linux.setsockopt(fd, Linux.IPPROTO_TCP, Linux.TCP_NODELAY, &on, sizeof(int));
        if (target.Family == Linux.AF_INET6)
        {
            var only = dualStack ? 0 : 1;
            _ = Linux.setsockopt(fd, Linux.IPPROTO_IPV6, Linux.IPV6_V6ONLY, &only, sizeof(int));
        }

        BindAndListen(fd, asked, ref target);
        uint length = KernelAddress.MaximumLength;
        fixed (byte* bytes = target.Bytes)
            _ = Linux.getsockname(fd, bytes, &length);
        return new ListeningSocket(fd, asked, NetworkAddress.ForHost(asked.Host, target.Port));
    }

    private static ListeningSocket BindUnix(NetworkAddress asked)
    {
        var target = KernelAddress.ForUnix(asked.UnixPath!);
        if (SharesPlaces && FileKind.Of(asked.UnixPath!, followLinks: false) == Linux.S_IFSOCK)
            return BindOver(asked);
        RemoveStale(asked, target);
        var fd = Open(asked, Linux.AF_UNIX);
        BindAndListen(fd, asked, ref target);
        return new ListeningSocket(fd, asked, asked) { _file = FileOf(asked.UnixPath!) };
    }

    /// <summary>Takes the place of a Unix socket that another process may listen on, at once.</summary>
    private static ListeningSocket BindOver(NetworkAddress asked)
    {
        var temporary = $"{asked.UnixPath}.{Environment.ProcessId}.tmp";
        File.Delete(temporary);
        var target = KernelAddress.ForUnix(temporary);
        var fd = Open(asked, Linux.AF_UNIX);
        BindAndListen(fd, asked, ref target);
        File.Move(temporary, asked.UnixPath!, overwrite: true);
        return new ListeningSocket(fd, asked, asked) { _file = FileOf(asked.UnixPath!) };
    }

    /// <summary>Removes a socket file that nobody serves any more; one that answers is another program's, and what is no socket is nobody's to remove.</summary>
    private static void RemoveStale(NetworkAddress asked, KernelAddress target)
    {
        var kind = FileKind.Of(asked.UnixPath!, followLinks: false);
        if (kind == 0)
            return;
        if (kind != Linux.S_IFSOCK)
            throw new BindException($"cannot listen on {asked}: there is something else of that name, and it is not a socket", Errno.AddressInUse);
        var fd = Open(asked, Linux.AF_UNIX);
        int error;
        fixed (byte* bytes = target.Bytes)
            error = Linux.Check(Linux.connect(fd, bytes, (uint)target.Length));
        _ = Linux.close(fd);
        const int connectionRefused = -111;
        if (error != connectionRefused)
            throw Failure(asked, error is 0 or Errno.Again ? Errno.AddressInUse : error);
        File.Delete(asked.UnixPath!);
    }

    /// <summary>The number of a file, by which it is told from one of the same name; 0 where there is none.</summary>
    private static ulong FileOf(string path)
    {
        const int inodeOffset = 32;
        var name = System.Text.Encoding.UTF8.GetBytes(path + "\0");
        var status = stackalloc byte[256];
        fixed (byte* start = name)
            return Linux.Check(Linux.statx(Linux.AT_FDCWD, start, Linux.AT_SYMLINK_NOFOLLOW, Linux.STATX_INO, status)) < 0 ? 0 : *(ulong*)(status + inodeOffset);
    }

    private static int Open(NetworkAddress asked, int family)
    {
        var fd = Linux.Check(Linux.socket(family, Linux.SOCK_STREAM | Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC, 0));
        return fd >= 0 ? fd : throw Failure(asked, fd);
    }

    private static void BindAndListen(int fd, NetworkAddress asked, ref KernelAddress target)
    {
        int error;
        fixed (byte* bytes = target.Bytes)
            error = Linux.Check(Linux.bind(fd, bytes, (uint)target.Length));
        if (error >= 0)
            error = Linux.Check(Linux.listen(fd, Backlog));
        if (error >= 0)
            return;
        _ = Linux.close(fd);
        throw Failure(asked, error);
    }

    private static BindException Failure(NetworkAddress asked, int error) =>
        new($"cannot listen on {asked}: {Errno.Describe(error)}", error);

    /// <summary>Whether other sockets may listen on the same place (SO_REUSEPORT).</summary>
    public static bool SharesItsPlace(int handle)
    {
        var shares = 0;
        uint length = sizeof(int);
        return Linux.getsockopt(handle, Linux.SOL_SOCKET, Linux.SO_REUSEPORT, &shares, &length) == 0 && shares != 0;
    }

    /// <summary>
    /// From now on nobody else can connect, as if the network had lost what opens a connection; those that are open or being
    /// opened are not touched, and wait to be accepted. To close a socket before that would reset them. Who tries in between
    /// tries again after a second. Of a Unix socket nothing changes: its file can be removed.
    /// </summary>
    /// <param name="handle">The socket, which no other process is to go on with.</param>
    public static void TurnAway(int handle)
    {
        // Of TCP a filter sees segments from their header on, whose byte 13 holds the flags (socket(7), SO_ATTACH_FILTER): SYN without ACK is dropped.
        const ushort load = 0x30, and = 0x54, ifEqual = 0x15, verdict = 0x06;
        const uint syn = 0x02, ack = 0x10, all = uint.MaxValue;
        var program = stackalloc Linux.FilterStep[]
        {
            new(load, 0, 0, 13),
            new(and, 0, 0, syn | ack),
            new(ifEqual, 0, 1, syn),
            new(verdict, 0, 0, 0),
            new(verdict, 0, 0, all),
        };
        var filter = new Linux.Filter { Length = 5, Steps = program };
        _ = Linux.setsockopt(handle, Linux.SOL_SOCKET, Linux.SO_ATTACH_FILTER, &filter, (uint)sizeof(Linux.Filter));
    }

    /// <summary>Removes the file of a Unix socket: nobody else can connect, and who has waits to be accepted.</summary>
    public void RemoveFile()
    {
        if (Address.UnixPath is null || _fileRemoved)
            return;
        _fileRemoved = true;

        // A successor may have put its own in the place.
        if (_file == 0 || _file == FileOf(Address.UnixPath))
            File.Delete(Address.UnixPath);
    }

    public void Dispose()
    {
        if (Handle < 0)
            return;
        _ = Linux.close(Handle);
        Handle = -1;
        RemoveFile();
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Steelyard.Keeper;

namespace Steelyard.Apps.Node;

/// <summary>Binds the sockets that workers share, or whose connections are handed to them.</summary>
internal static unsafe class ListeningHandle
{
    private const int Backlog = 511;
    private const int MostAddress = 110;
    private const int LongestPath = 107;

    /// <summary>Listens on an address.</summary>
    /// <param name="address">A host or, with port -1, a path; null for every address.</param>
    /// <param name="port">The port; 0 for any.</param>
    /// <param name="descriptor">The socket.</param>
    /// <param name="bound">The port it has.</param>
    /// <returns>0, or the errno.</returns>
    public static int Open(string? address, int port, out int descriptor, out int bound)
    {
        (descriptor, bound) = (-1, port);
        var name = stackalloc byte[MostAddress];
        var length = port < 0 ? WritePath(address, new(name, MostAddress)) : WriteHost(address ?? "::", port, new(name, MostAddress));
        if (length == 0)
            return Posix.EINVAL;
        var family = BinaryPrimitives.ReadUInt16LittleEndian(new(name, 2));
        var error = Open(family, name, length, address is null or "::", out descriptor);

        // A machine without IPv6 has every address in IPv4.
        if (error == Posix.EAFNOSUPPORT && address is null)
            return Open("0.0.0.0", port, out descriptor, out bound);
        if (error == 0 && port == 0)
            bound = PortOf(descriptor);
        return error;
    }

    /// <summary>Binds a socket of UDP.</summary>
    /// <param name="address">A host.</param>
    /// <param name="port">The port; 0 for any.</param>
    /// <param name="flags">How.</param>
    /// <param name="descriptor">The socket.</param>
    /// <returns>0, or the errno.</returns>
    public static int OpenDatagram(string? address, int port, DatagramFlags flags, out int descriptor)
    {
        descriptor = -1;
        var name = stackalloc byte[MostAddress];
        var length = port < 0 || address is null ? 0 : WriteHost(address, port, new(name, MostAddress));
        if (length == 0)
            return Posix.EINVAL;
        var family = BinaryPrimitives.ReadUInt16LittleEndian(new(name, 2));
        descriptor = Posix.socket(family, Posix.SOCK_DGRAM | Posix.SOCK_CLOEXEC | Posix.SOCK_NONBLOCK, 0);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        int on = 1, six = flags.HasFlag(DatagramFlags.IPv6Only) ? 1 : 0;
        if (flags.HasFlag(DatagramFlags.ReuseAddress))
            _ = Posix.setsockopt(descriptor, Posix.SOL_SOCKET, Posix.SO_REUSEADDR, &on, sizeof(int));
        if (family == Posix.AF_INET6)
            _ = Posix.setsockopt(descriptor, Posix.IPPROTO_IPV6, Posix.IPV6_V6ONLY, &six, sizeof(int));
        return Posix.bind(descriptor, name, (uint)length) == 0 ? 0 : CloseOf(ref descriptor);
    }

    private static int CloseOf(ref int descriptor)
    {
        var error = Marshal.GetLastPInvokeError();
        _ = Posix.close(descriptor);
        descriptor = -1;
        return error;
    }

    private static int Open(int family, byte* name, int length, bool every, out int descriptor)
    {
        descriptor = Posix.socket(family, Posix.SOCK_STREAM | Posix.SOCK_CLOEXEC | Posix.SOCK_NONBLOCK, 0);
        if (descriptor < 0)
            return Marshal.GetLastPInvokeError();
        int on = 1, off = 0;
        if (family != Posix.AF_UNIX)
            _ = Posix.setsockopt(descriptor, Posix.SOL_SOCKET, Posix.SO_REUSEADDR, &on, sizeof(int));
        if (family == Posix.AF_INET6)
            _ = Posix.setsockopt(descriptor, Posix.IPPROTO_IPV6, Posix.IPV6_V6ONLY, every ? &off : &on, sizeof(int));
        return Posix.bind(descriptor, name, (uint)length) == 0 && Posix.listen(descriptor, Backlog) == 0 ? 0 : CloseOf(ref descriptor);
    }

    private static int WriteHost(string host, int port, Span<byte> name)
    {
        if (!IPAddress.TryParse(host, out var address))
            return 0;
        name.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], (ushort)port);
        var four = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
        BinaryPrimitives.WriteUInt16LittleEndian(name, (ushort)(four ? Posix.AF_INET : Posix.AF_INET6));
        address.TryWriteBytes(name[(four ? 4 : 8)..], out _);
        if (!four)
            BinaryPrimitives.WriteUInt32LittleEndian(name[24..], (uint)address.ScopeId);
        return four ? 16 : 28;
    }

    private static int WritePath(string? path, Span<byte> name)
    {
        if (path is null || !path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(path) > LongestPath)
            return 0;
        name.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(name, Posix.AF_UNIX);
        return 3 + Encoding.UTF8.GetBytes(path, name[2..]);
    }

    private static int PortOf(int descriptor)
    {
        var name = stackalloc byte[MostAddress];
        uint length = MostAddress;
        return Posix.getsockname(descriptor, name, &length) < 0 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(new(name + 2, 2));
    }
}

using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Steelyard.Keeper;

/// <summary>A text, or bytes, in a file that lives in memory alone, never changes and is passed on as a descriptor (memfd_create(2)).</summary>
internal static class MemoryFile
{
    private const int Sealed = Posix.F_SEAL_SEAL | Posix.F_SEAL_SHRINK | Posix.F_SEAL_GROW | Posix.F_SEAL_WRITE;

    /// <returns>The descriptor, open.</returns>
    /// <exception cref="EngineException">There is no memory or no descriptor for it.</exception>
    public static SafeFileHandle Create(string text) => Create(Encoding.UTF8.GetBytes(text));

    /// <returns>The descriptor, open.</returns>
    /// <exception cref="EngineException">There is no memory or no descriptor for it.</exception>
    public static SafeFileHandle Create(ReadOnlySpan<byte> bytes)
    {
        var file = CreateOpen();
        RandomAccess.Write(file, bytes, 0);
        _ = Posix.fcntl((int)file.DangerousGetHandle(), Posix.F_ADD_SEALS, Sealed);
        return file;
    }

    /// <summary>An empty one, for a process of the user's to write into: it is none that <see cref="Is"/> takes.</summary>
    /// <returns>The descriptor, open.</returns>
    /// <exception cref="EngineException">There is no memory or no descriptor for it.</exception>
    public static SafeFileHandle CreateOpen()
    {
        var handle = Posix.memfd_create("steelyard", Posix.MFD_CLOEXEC | Posix.MFD_ALLOW_SEALING);
        return handle >= 0 ? new(handle, ownsHandle: true) : throw new EngineException("no memory or no descriptor is left for the configuration");
    }

    /// <summary>
    /// Whether a descriptor is of such a file. From a process that is not trusted it can be of anything: a device without
    /// end, or a file that grows while it is read.
    /// </summary>
    public static bool Is(SafeFileHandle file) => Posix.fcntl((int)file.DangerousGetHandle(), Posix.F_GET_SEALS, 0) is >= 0 and var seals && (seals & Sealed) == Sealed;

    /// <summary>Reads the text and closes the file.</summary>
    public static string Read(int handle)
    {
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        return Encoding.UTF8.GetString(ReadBytes(file).Span);
    }

    /// <summary>Reads what is in a file, which stays open.</summary>
    public static ReadOnlyMemory<byte> ReadBytes(SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var length = 0;
        while (length < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(length), length) is > 0 and var read)
            length += read;
        return bytes.AsMemory(0, length);
    }
}

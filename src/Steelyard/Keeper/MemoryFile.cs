using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Steelyard.Keeper;

/// <summary>A text in a file that lives in memory alone and is passed on as a descriptor (memfd_create(2)).</summary>
internal static class MemoryFile
{
    /// <returns>The descriptor, open.</returns>
    /// <exception cref="EngineException">There is no memory or no descriptor for it.</exception>
    public static SafeFileHandle Create(string text)
    {
        var handle = Posix.memfd_create("steelyard", Posix.MFD_CLOEXEC);
        if (handle < 0)
            throw new EngineException("no memory or no descriptor is left for the configuration");
        var file = new SafeFileHandle(handle, ownsHandle: true);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(text), 0);
        return file;
    }

    /// <summary>Reads the text and closes the file.</summary>
    public static string Read(int handle)
    {
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        var bytes = new byte[RandomAccess.GetLength(file)];
        var length = RandomAccess.Read(file, bytes, 0);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}

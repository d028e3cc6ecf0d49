using System.Runtime.InteropServices;

namespace Steelyard.Engine.Interop;

/// <summary>The system's crypt, where it is installed: what Debian's knows of hashes of passwords.</summary>
internal static unsafe class Crypt
{
    // libxcrypt: sizeof(struct crypt_data).
    private const int SizeOfData = 32 * 1024;

    private static readonly delegate* unmanaged<byte*, byte*, byte*, byte*> s_crypt = Find();

    private static delegate* unmanaged<byte*, byte*, byte*, byte*> Find()
    {
        foreach (var name in (string[])["libcrypt.so.1", "libcrypt.so.2", "libcrypt.so"])
        {
            if (NativeLibrary.TryLoad(name, typeof(Crypt).Assembly, DllImportSearchPath.SafeDirectories, out var library) && NativeLibrary.TryGetExport(library, "crypt_r", out var entry))
                return (delegate* unmanaged<byte*, byte*, byte*, byte*>)entry;
        }

        return null;
    }

    /// <summary>Whether it is installed.</summary>
    public static bool IsThere => s_crypt is not null;

    /// <summary>Makes of a password what a hash of it would be (crypt_r); false where there is no crypt, or it does not know the method.</summary>
    /// <param name="password">The password.</param>
    /// <param name="hash">The hash, whose method and salt are taken.</param>
    /// <param name="made">What came of it.</param>
    public static bool TryHash(ReadOnlySpan<byte> password, ReadOnlySpan<byte> hash, out byte[] made)
    {
        made = [];
        if (s_crypt is null || password.Contains((byte)0) || hash.Contains((byte)0))
            return false;
        byte[] phrase = [.. password, 0], setting = [.. hash, 0];
        var data = NativeMemory.AllocZeroed(SizeOfData);
        try
        {
            fixed (byte* phraseAt = phrase, settingAt = setting)
            {
                // A star stands for a method that it does not know.
                var text = s_crypt(phraseAt, settingAt, (byte*)data);
                if (text is null || *text == '*')
                    return false;
                made = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text).ToArray();
                return true;
            }
        }
        finally
        {
            CryptographicErase(data);
            NativeMemory.Free(data);
        }
    }

    // The password is in it.
    private static void CryptographicErase(void* data) => System.Security.Cryptography.CryptographicOperations.ZeroMemory(new Span<byte>(data, SizeOfData));
}

using System.Security.Cryptography;
using System.Text;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Expressions;

/// <summary>
/// Users with what became of their passwords. Shared by all loops. A password costs what its method does, on the loop,
/// the first time it is the right one: whoever shows it again is known by a digest of it, under a key of this process.
/// </summary>
internal sealed class UserList
{
    private const int LongestPassword = 256;

    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    private readonly Dictionary<byte[], User>.AlternateLookup<ReadOnlySpan<byte>> _users;

    /// <param name="users">Each with a colon and the password as htpasswd writes it.</param>
    /// <exception cref="TlsFileException">A password is hashed as nobody here can do it.</exception>
    public UserList(string[] users)
    {
        Check(users, Crypt.IsThere);
        var all = new Dictionary<byte[], User>(BytesComparer.Exact);
        foreach (var user in users)
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            all.TryAdd(Encoding.UTF8.GetBytes(user[..colon]), new(Encoding.UTF8.GetBytes(user[(colon + 1)..])));
        }

        _users = all.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Says at the start what would else be a password that is never right.</summary>
    public static void Check(string[] users, bool cryptIsThere)
    {
        foreach (var user in cryptIsThere ? [] : users)
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            if (PasswordHash.NeedsCrypt(Encoding.UTF8.GetBytes(user[(colon + 1)..])))
                throw new TlsFileException("libcrypt.so.1", $"the password of '{user[..colon]}' is hashed by crypt(3), which is not on this machine", "Debian's package libcrypt1, or a password from 'htpasswd -m'");
        }
    }

    /// <summary>Whether it is a user, a colon and the password.</summary>
    public bool Knows(ReadOnlySpan<byte> credentials)
    {
        var colon = credentials.IndexOf((byte)':');
        return colon > 0 && credentials.Length - colon <= LongestPassword && _users.TryGetValue(credentials[..colon], out var user) && user.Has(credentials[(colon + 1)..]);
    }

    private sealed class User(byte[] hash)
    {
        private volatile byte[]? _proven;

        public bool Has(ReadOnlySpan<byte> password)
        {
            Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
            HMACSHA256.HashData(s_key, password, digest);
            if (_proven is { } proven && CryptographicOperations.FixedTimeEquals(proven, digest))
                return true;
            if (!PasswordHash.Is(password, hash))
                return false;
            _proven = digest.ToArray();
            return true;
        }
    }
}

using System.Text;

namespace Steelyard.Engine.Expressions;

/// <summary>Users with what became of their passwords. Immutable, shared by all loops. A password that is asked for costs what its method does, on the loop.</summary>
internal sealed class UserList
{
    private const int LongestPassword = 256;

    private readonly Dictionary<byte[], byte[]>.AlternateLookup<ReadOnlySpan<byte>> _passwords;

    /// <param name="users">Each with a colon and the password as htpasswd writes it.</param>
    public UserList(string[] users)
    {
        var passwords = new Dictionary<byte[], byte[]>(BytesComparer.Exact);
        foreach (var user in users)
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            passwords.TryAdd(Encoding.UTF8.GetBytes(user[..colon]), Encoding.UTF8.GetBytes(user[(colon + 1)..]));
        }

        _passwords = passwords.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Whether it is a user, a colon and the password.</summary>
    public bool Knows(ReadOnlySpan<byte> credentials)
    {
        var colon = credentials.IndexOf((byte)':');
        return colon > 0 && credentials.Length - colon <= LongestPassword && _passwords.TryGetValue(credentials[..colon], out var password)
            && PasswordHash.Is(credentials[(colon + 1)..], password);
    }
}

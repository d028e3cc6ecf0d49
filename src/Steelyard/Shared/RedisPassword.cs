namespace Steelyard.Shared;

/// <summary>The password of Redis, in a file whose first line it is.</summary>
internal static class RedisPassword
{
    /// <summary>What is expected of the file, for messages.</summary>
    public const string Expected = "a file whose first line is the password";

    /// <summary>Reads it.</summary>
    /// <param name="folder">The folder of the configuration.</param>
    /// <param name="name">The file as the configuration names it.</param>
    /// <param name="mistake">What is wrong with it, where the result is null.</param>
    public static string? TryRead(string folder, string name, out string mistake)
    {
        var password = SecretFile.TryRead(folder, name, out mistake);
        if (password is not "")
            return password;
        mistake = "its first line is empty";
        return null;
    }
}

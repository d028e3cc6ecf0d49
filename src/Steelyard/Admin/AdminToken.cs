namespace Steelyard.Admin;

/// <summary>The token of the admin API, in a file whose first line it is.</summary>
internal static class AdminToken
{
    /// <summary>What is expected of the file, for messages.</summary>
    public const string Expected = "a file whose first line is a token of 16 to 256 characters without blanks, as 'openssl rand -hex 32' makes it";

    /// <summary>Reads it.</summary>
    /// <param name="folder">The folder of the configuration.</param>
    /// <param name="name">The file as the configuration names it.</param>
    /// <param name="mistake">What is wrong with it, where the result is null.</param>
    public static string? TryRead(string folder, string name, out string mistake)
    {
        if (SecretFile.TryRead(folder, name, out mistake) is not { } line)
            return null;
        var token = line.Trim();
        if (token.Length is >= 16 and <= 256 && token.All(c => c is > ' ' and < '\x7f'))
            return token;
        mistake = "its first line is no token";
        return null;
    }
}

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
        mistake = "";
        try
        {
            using var reader = new StreamReader(Path.Combine(folder, name));
            var token = reader.ReadLine()?.Trim() ?? "";
            if (token.Length is >= 16 and <= 256 && token.All(c => c is > ' ' and < '\x7f'))
                return token;
            mistake = "its first line is no token";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            mistake = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(Path.Combine(folder, name)) ? "this is a directory" : "this program may not read the file",
                _ => error.Message,
            };
        }

        return null;
    }
}

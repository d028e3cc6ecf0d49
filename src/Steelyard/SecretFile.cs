namespace Steelyard;

/// <summary>A file whose first line is a secret, such as a token or a password.</summary>
internal static class SecretFile
{
    /// <summary>Reads the first line.</summary>
    /// <param name="folder">The folder of the configuration.</param>
    /// <param name="name">The file as the configuration names it.</param>
    /// <param name="mistake">Why it cannot be read, where the result is null.</param>
    /// <returns>The line, empty where there is none; null for a file that cannot be read.</returns>
    public static string? TryRead(string folder, string name, out string mistake)
    {
        mistake = "";
        try
        {
            using var reader = new StreamReader(Path.Combine(folder, name));
            return reader.ReadLine() ?? "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            mistake = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(Path.Combine(folder, name)) ? "this is a directory" : "this program may not read the file",
                _ => error.Message,
            };
            return null;
        }
    }
}

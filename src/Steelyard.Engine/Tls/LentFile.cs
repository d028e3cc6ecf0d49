using System.Globalization;
using System.Text;

namespace Steelyard.Engine;

/// <summary>What somebody who may read a file has found there.</summary>
/// <param name="Version">Another number whenever the file is another.</param>
/// <param name="Text">What is in it; null where it is of no use.</param>
/// <param name="Fault">Why it is of no use; null where it is not.</param>
public sealed record LentFile(long Version, string? Text, string? Fault)
{
    private const string Good = "text";

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    public static IReadOnlyDictionary<string, LentFile> Read(string text)
    {
        var files = new Dictionary<string, LentFile>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            var (version, found) = (long.Parse(words[1], CultureInfo.InvariantCulture), Decode(words[3]));
            files.Add(Decode(words[0]), words[2] == Good ? new(version, found, null) : new(version, null, found));
        }

        return files;
    }

    /// <summary>Writes files for another process, a line for each.</summary>
    public static string Write(IReadOnlyDictionary<string, LentFile> files)
    {
        var text = new StringBuilder();
        foreach (var (name, file) in files)
            text.Append(CultureInfo.InvariantCulture, $"{Encode(name)} {file.Version} {(file.Text is null ? "fault" : Good)} {Encode(file.Text ?? file.Fault!)}\n");
        return text.ToString();
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(string text) => Encoding.UTF8.GetString(Convert.FromBase64String(text));
}

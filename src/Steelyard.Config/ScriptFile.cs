using System.Text;

namespace Steelyard.Config;

/// <summary>What a script says of itself.</summary>
public static class ScriptFile
{
    private const int LongestFirstLine = 256;

    /// <summary>Whether its first line names node, as that of <c>bin/www</c> does, which Express's generator writes. False for what is no file that can be read.</summary>
    /// <param name="path">A full path.</param>
    public static bool IsForNode(string path)
    {
        try
        {
            // Of pipes and devices, which would be waited for, the length is 0.
            if (new FileInfo(path) is not { Exists: true, Length: > 2 })
                return false;
            using var file = File.OpenHandle(path);
            Span<byte> room = stackalloc byte[LongestFirstLine];
            var line = Encoding.Latin1.GetString(room[..RandomAccess.Read(file, room, 0)]).Split('\n')[0];
            return line.StartsWith("#!", StringComparison.Ordinal)
                && line[2..].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries).Any(word => word[(word.LastIndexOf('/') + 1)..] is "node" or "nodejs");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

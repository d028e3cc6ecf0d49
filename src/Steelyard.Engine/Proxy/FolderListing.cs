using System.Globalization;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Proxy;

/// <summary>The page about a folder, as nginx's autoindex writes it.</summary>
internal static class FolderListing
{
    // How many letters of a name are shown, and where what stands behind begins.
    private const int NameWidth = 50;
    private const int CutWidth = 47;

    /// <summary>Lists a folder; null where it cannot be read.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="path">What it is called, decoded.</param>
    /// <param name="settings">What the page looks like.</param>
    public static byte[]? Write(string folder, string path, ListingSettings settings)
    {
        List<Entry> entries = [];
        try
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                // A link is what it leads to, and itself where that is gone.
                var its = entry.LinkTarget is null ? entry : entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target ? target : entry;
                if (entry.Name[0] != '.')
                    entries.Add(new(entry.Name, Encoding.UTF8.GetBytes(entry.Name), its is DirectoryInfo, its is FileInfo && FileKind.IsRegular(its.FullName), its is FileInfo { Exists: true } file ? file.Length : 0, its.LastWriteTimeUtc));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Security.SecurityException)
        {
            // Not for this user's eyes, or gone meanwhile.
            return null;
        }

        entries.Sort(static (one, other) => one.IsFolder != other.IsFolder ? (one.IsFolder ? -1 : 1) : one.Bytes.AsSpan().SequenceCompareTo(other.Bytes));
        return settings.Json ? Json(entries) : settings.Xml ? Xml(entries) : Html(entries, path, settings);
    }

    private readonly record struct Entry(string Name, byte[] Bytes, bool IsFolder, bool IsFile, long Size, DateTime Modified);

    private static byte[] Html(List<Entry> entries, string path, ListingSettings settings)
    {
        var title = Escape(path);
        var byLetters = settings.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        using var page = new MemoryStream();
        Say($"<html>\r\n<head><title>Index of {title}</title></head>\r\n<body>\r\n<h1>Index of {title}</h1><hr><pre><a href=\"../\">../</a>\r\n");
        foreach (var entry in entries)
        {
            var width = byLetters ? LettersIn(entry.Bytes) : entry.Bytes.Length;
            Say($"<a href=\"{Uri.EscapeDataString(entry.Name)}{(entry.IsFolder ? "/" : "")}\">");
            if (width > NameWidth)
            {
                page.Write(Escape(entry.Bytes.AsSpan(0, byLetters ? EndOfLetters(entry.Bytes, CutWidth) : CutWidth)));
                Say("..&gt;</a>");
            }
            else
            {
                var slash = entry.IsFolder && width < NameWidth;
                page.Write(Escape(entry.Bytes));
                Say((slash ? "/" : "") + "</a>" + new string(' ', NameWidth - width - (slash ? 1 : 0)));
            }

            var time = settings.LocalTime ? entry.Modified.ToLocalTime() : entry.Modified;
            Say(string.Create(CultureInfo.InvariantCulture, $" {time:dd-MMM-yyyy HH:mm} {SizeOf(entry, settings.ExactSize)}\r\n"));
        }

        Say("</pre><hr></body>\r\n</html>\r\n");
        return page.ToArray();

        void Say(string text) => page.Write(Encoding.UTF8.GetBytes(text));
    }

    private static int LettersIn(ReadOnlySpan<byte> name)
    {
        var letters = 0;
        foreach (var value in name)
            letters += IsWithinLetter(value) ? 0 : 1;
        return letters;
    }

    private static int EndOfLetters(ReadOnlySpan<byte> name, int letters)
    {
        var end = 0;
        while (end < name.Length && (letters > 0 || IsWithinLetter(name[end])))
            letters -= IsWithinLetter(name[end++]) ? 0 : 1;
        return end;
    }

    private static bool IsWithinLetter(byte value) => (value & 0xC0) == 0x80;

    private static string SizeOf(in Entry entry, bool exact)
    {
        if (exact)
            return (entry.IsFolder ? "-" : entry.Size.ToString(CultureInfo.InvariantCulture)).PadLeft(19);
        if (entry.IsFolder)
            return "-".PadLeft(7);
        var (unit, letter) = entry.Size > (1L << 30) - 1 ? (1L << 30, 'G') : entry.Size > (1L << 20) - 1 ? (1L << 20, 'M') : entry.Size > 9999 ? (1L << 10, 'K') : (1L, ' ');
        var size = (entry.Size / unit) + (unit > 1 && entry.Size % unit > (unit / 2) - 1 ? 1 : 0);
        var text = size.ToString(CultureInfo.InvariantCulture);
        return unit > 1 ? text.PadLeft(6) + letter : text.PadLeft(7);
    }

    private static byte[] Json(List<Entry> entries)
    {
        var page = new StringBuilder("[");
        foreach (var entry in entries)
        {
            if (page.Length > 1)
                page.Append(',');
            page.Append("\r\n{ \"name\":\"");
            foreach (var letter in entry.Name)
            {
                if (letter is '"' or '\\')
                    page.Append('\\').Append(letter);
                else if (letter is '\n' or '\r' or '\t' or '\b' or '\f')
                    page.Append('\\').Append(letter switch { '\n' => 'n', '\r' => 'r', '\t' => 't', '\b' => 'b', _ => 'f' });
                else if (letter < ' ')
                    page.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}");
                else
                    page.Append(letter);
            }

            page.Append(CultureInfo.InvariantCulture, $"\", \"type\":\"{(entry.IsFolder ? "directory" : entry.IsFile ? "file" : "other")}\", \"mtime\":\"{entry.Modified:R}\"");
            if (entry.IsFile)
                page.Append(CultureInfo.InvariantCulture, $", \"size\":{entry.Size}");
            page.Append(" }");
        }

        return Encoding.UTF8.GetBytes(page.Append("\r\n]").ToString());
    }

    private static byte[] Xml(List<Entry> entries)
    {
        using var page = new MemoryStream();
        Say("<?xml version=\"1.0\"?>\r\n<list>\r\n");
        foreach (var entry in entries)
        {
            var kind = entry.IsFolder ? "directory" : entry.IsFile ? "file" : "other";
            Say(string.Create(CultureInfo.InvariantCulture, $"<{kind} mtime=\"{entry.Modified:yyyy-MM-ddTHH:mm:ssZ}\"{(entry.IsFile ? $" size=\"{entry.Size}\"" : "")}>"));
            page.Write(Escape(entry.Bytes));
            Say($"</{kind}>\r\n");
        }

        Say("</list>\r\n");
        return page.ToArray();

        void Say(string text) => page.Write(Encoding.UTF8.GetBytes(text));
    }

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    // A name that is cut in the middle of a letter is no text any more.
    private static byte[] Escape(ReadOnlySpan<byte> name) => Encoding.Latin1.GetBytes(Escape(Encoding.Latin1.GetString(name)));
}

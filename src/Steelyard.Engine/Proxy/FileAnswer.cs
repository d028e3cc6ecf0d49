using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>An answer whose body is a file, or a part of one (RFC 9110, 13 and 14).</summary>
internal sealed class FileAnswer : LongAnswer
{
    private readonly SafeFileHandle _file;
    private readonly long _size;
    private readonly string _modified;
    private readonly string _tag;
    private long _at;

    private FileAnswer(SafeFileHandle file)
    {
        _file = file;
        _size = RandomAccess.GetLength(file);
        var modified = File.GetLastWriteTimeUtc(file);
        _modified = modified.ToString("R", CultureInfo.InvariantCulture);

        // As nginx has it: the second it was changed, and its size.
        _tag = string.Create(CultureInfo.InvariantCulture, $"\"{new DateTimeOffset(modified, TimeSpan.Zero).ToUnixTimeSeconds():x}-{_size:x}\"");
    }

    /// <summary>200, 206, 304 or 416.</summary>
    public int Status { get; private set; } = 200;

    /// <summary>Opens a file; null where it cannot be read.</summary>
    public static FileAnswer? Open(string path)
    {
        try
        {
            return new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            // Gone meanwhile, or not for this user's eyes: the client is told that it may not have it.
            return null;
        }
    }

    /// <summary>Finds out what of the file a request wants.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="whole">Whether it gets all of it whatever it wants: in the place of an error.</param>
    public void Choose(RequestHead request, ReadOnlySpan<byte> head, bool whole)
    {
        Left = _size;
        if (whole)
            return;
        var none = ValueOf(request, head, "If-None-Match"u8);
        var since = ValueOf(request, head, "If-Modified-Since"u8);
        if (!none.IsEmpty ? Encoding.ASCII.GetString(none) is var tags && (tags == "*" || tags.Contains(_tag, StringComparison.Ordinal)) : !since.IsEmpty && Encoding.ASCII.GetString(since) == _modified)
        {
            (Status, Left) = (304, 0);
            return;
        }

        var range = ValueOf(request, head, "Range"u8);
        var condition = ValueOf(request, head, "If-Range"u8);
        if (range.IsEmpty || (!condition.IsEmpty && Encoding.ASCII.GetString(condition) is var given && given != _tag && given != _modified))
            return;
        Cut(range);
    }

    private void Cut(ReadOnlySpan<byte> range)
    {
        // Several parts at once, or what is no range, is all of it.
        if (!range.StartsWith("bytes="u8) || range.Contains((byte)','))
            return;
        range = HttpBytes.Trim(range[6..]);
        var dash = range.IndexOf((byte)'-');
        if (dash < 0)
            return;
        var first = range[..dash];
        var last = range[(dash + 1)..];
        long from, to = _size - 1;
        if (first.IsEmpty)
        {
            if (!Utf8Parser.TryParse(last, out long count, out var read) || read != last.Length)
                return;
            from = Math.Max(_size - count, 0);
            if (count == 0)
                from = _size;
        }
        else
        {
            if (!Utf8Parser.TryParse(first, out from, out var read) || read != first.Length || from < 0)
                return;
            if (!last.IsEmpty && (!Utf8Parser.TryParse(last, out to, out read) || read != last.Length || to < from))
                return;
        }

        to = Math.Min(to, _size - 1);
        if (from >= _size)
        {
            (Status, Left) = (416, 0);
            return;
        }

        (Status, _at, Left) = (206, from, to - from + 1);
    }

    private static ReadOnlySpan<byte> ValueOf(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(field.Name(head), name))
                return field.Value(head);
        }

        return default;
    }

    /// <summary>Writes the head.</summary>
    public void WriteHead(ref BlockWriter writer, int told, ReadOnlySpan<byte> type, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date)
    {
        ErrorPage.WriteStatusLine(ref writer, told > 0 ? told : Status);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        if (Status is 200 or 206)
            ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, type);
        if (Status != 416)
        {
            if (told is 0 or 200)
                WriteText(ref writer, edits, "Last-Modified"u8, _modified);
            WriteText(ref writer, edits, "ETag"u8, _tag);
        }

        if (Status == 200 && told == 0)
            ResponseWriter.WriteOwn(ref writer, edits, "Accept-Ranges"u8, "bytes"u8);
        if (Status == 206)
            WriteText(ref writer, edits, "Content-Range"u8, string.Create(CultureInfo.InvariantCulture, $"bytes {_at}-{_at + Left - 1}/{_size}"));
        else if (Status == 416)
            WriteText(ref writer, edits, "Content-Range"u8, string.Create(CultureInfo.InvariantCulture, $"bytes */{_size}"));
        if (Status != 304)
            ResponseWriter.WriteContentLength(ref writer, Left);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
    }

    private static void WriteText(ref BlockWriter writer, FieldEdits? edits, ReadOnlySpan<byte> name, string value)
    {
        Span<byte> text = stackalloc byte[128];
        ResponseWriter.WriteOwn(ref writer, edits, name, text[..Encoding.ASCII.GetBytes(value, text)]);
    }

    public override int Read(Span<byte> room)
    {
        try
        {
            var read = RandomAccess.Read(_file, room[..(int)Math.Min(room.Length, Left)], _at);
            (_at, Left) = (_at + read, Left - read);
            return read;
        }
        catch (IOException)
        {
            // A disk that fails: to the client the file ends here, and it sees that something is missing.
            return 0;
        }
    }

    public override void Dispose() => _file.Dispose();
}

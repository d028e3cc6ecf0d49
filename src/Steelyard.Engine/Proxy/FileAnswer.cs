using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>An answer whose body is a file, or parts of one (RFC 9110, 13 and 14).</summary>
internal sealed class FileAnswer : LongAnswer
{
    private static long s_boundaries;

    private readonly SafeFileHandle _file;
    private readonly FilesSettings _settings;
    private readonly long _size;
    private readonly DateTime _modified;
    private readonly byte[] _tag;

    // What is still to be sent: of each part what stands before it, and where it is. The last one may be words alone.
    private readonly Queue<(byte[] Before, long From, long To)> _parts = [];
    private readonly List<(long From, long To)> _ranges = [];
    private byte[] _words = [];
    private int _said;
    private int _status = Ok;
    private long _at;
    private long _end;
    private string _boundary = "";

    private FileAnswer(SafeFileHandle file, FilesSettings settings, byte[] type)
    {
        (_file, _settings, Type) = (file, settings, type);
        _size = RandomAccess.GetLength(file);
        _modified = File.GetLastWriteTimeUtc(file);

        // As nginx has it: the second it was changed, and its size.
        _tag = !settings.Tagged ? [] : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"{Seconds:x}-{_size:x}\""));
    }

    /// <summary>200, 206, 304, 412 or 416.</summary>
    public override int Status => _status;

    /// <summary>Its type.</summary>
    public byte[] Type { get; set; }

    /// <summary>Whether it is the compressed one of what was asked for.</summary>
    public bool IsPacked { get; init; }

    /// <summary>Whether it goes by Accept-Encoding which of the two is sent.</summary>
    public bool Varies { get; init; }

    /// <summary>Whether what is sent is compressed: not what says that the client has it.</summary>
    public bool IsPackedNow => Packing.IsChanged && Status == 200;

    private long Seconds => new DateTimeOffset(_modified, TimeSpan.Zero).ToUnixTimeSeconds();

    /// <summary>Whether nothing of it is sent but its head.</summary>
    public bool HeadOnly { get; set; }

    /// <summary>How it is compressed while it is sent.</summary>
    public PackedHead Packing { get; set; }

    /// <summary>Sees what becomes of it on its way: compressed, or with other texts in it.</summary>
    public void Judge(ExchangeContext context)
    {
        var (request, route) = (context.Request, context.Route);
        HeadOnly = request.Method == KnownMethod.Head;

        // nginx: HEAD is told what GET would be.
        if (HeadOnly && !request.AsNginx)
            return;
        if (route.Substitutes is { } texts)
            Packing = texts.Judge(Content(context.ToldStatus), request);
        if (!Packing.IsChanged && route.Packing is { } packing)
            Packing = packing.Judge(Content(context.ToldStatus), request, context.Head, context.Events);
    }

    private bool HasRanges => !IsPacked && !Packing.IsChanged && _settings.MostRanges != 0;

    /// <summary>Opens a file; null where it cannot be read.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="settings">What is said of it.</param>
    /// <param name="type">Its type.</param>
    /// <param name="packed">Whether it is the compressed one of what was asked for.</param>
    /// <param name="varies">Whether it goes by Accept-Encoding which of the two is sent.</param>
    public static FileAnswer? Open(string path, FilesSettings settings, byte[] type, bool packed = false, bool varies = false)
    {
        try
        {
            return new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), settings, type) { IsPacked = packed, Varies = varies };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            // Gone meanwhile, or not for this user's eyes: the client is told that it may not have it.
            return null;
        }
    }

    /// <summary>What it says of its content, sent whole.</summary>
    /// <param name="told">The status the client is told; 0 for its own.</param>
    public ContentFields Content(int told) =>
        new() { Status = told > 0 ? told : Ok, Length = _size, Type = Type, IsDated = true, IsTagged = _tag.Length > 0, StaysAsItIs = IsPacked, IsCoded = IsPacked };

    /// <summary>Finds out what of the file a request wants.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">The bytes it was read from.</param>
    /// <param name="whole">Whether it gets all of it whatever it wants: in the place of an error.</param>
    public void Choose(RequestHead request, ReadOnlySpan<byte> head, bool whole)
    {
        (_end, Left) = (_size, _size);
        if (whole)
            return;
        _status = FileConditions.StatusOf(request, head, _tag, Seconds, _settings.Since);
        if (Status != 200)
        {
            Left = 0;
            return;
        }

        if (!HasRanges || !FileConditions.TryFind(request, head, "Range"u8, out var range) || range.Length < 7 || !Ascii.EqualsIgnoreCase(range[..6], "bytes="u8))
            return;
        if (FileConditions.TryFind(request, head, "If-Range"u8, out var condition) && !FileConditions.IsOf(condition, _tag, Seconds))
            return;
        var verdict = ByteRanges.Read(range[6..], _size, _settings.MostRanges ?? int.MaxValue, _ranges);
        if (verdict == RangeVerdict.Whole)
            return;
        _status = verdict == RangeVerdict.Parts ? 206 : 416;
        if (verdict == RangeVerdict.Unsatisfiable)
            Left = 0;
        else if (_ranges is [var (from, to)])
            (_at, _end, Left) = (from, to, to - from);
        else
            Divide(Encoding.ASCII.GetString(Type));
    }

    // RFC 9110, 14.6.
    private void Divide(string type)
    {
        _boundary = string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref s_boundaries):d20}");
        (Left, _end) = (0, 0);
        foreach (var (from, to) in _ranges)
            Add(string.Create(CultureInfo.InvariantCulture, $"\r\n--{_boundary}\r\nContent-Type: {type}\r\nContent-Range: bytes {from}-{to - 1}/{_size}\r\n\r\n"), from, to);
        Add($"\r\n--{_boundary}--\r\n", 0, 0);

        void Add(string before, long from, long to)
        {
            _parts.Enqueue((Encoding.ASCII.GetBytes(before), from, to));
            Left += before.Length + to - from;
        }
    }

    public override void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date)
    {
        ErrorPage.WriteStatusLine(ref writer, told > 0 ? told : Status);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        if (_boundary.Length > 0)
            WriteText(ref writer, edits, "Content-Type"u8, $"multipart/byteranges; boundary={_boundary}");
        else if (Status is 200 or 206)
            ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, Type);
        if (Status != 416)
        {
            if (told is 0 or 200 && Packing.Edited != Edited.Yes)
                WriteText(ref writer, edits, "Last-Modified"u8, _modified.ToString("R", CultureInfo.InvariantCulture));
            if (_tag.Length > 0 && !IsPackedNow)
                ResponseWriter.WriteOwn(ref writer, edits, "ETag"u8, _tag);
        }

        if (Varies)
            ResponseWriter.WriteOwn(ref writer, edits, "Vary"u8, "Accept-Encoding"u8);
        if (Status == 200)
            Packing.Write(ref writer, edits, _tag);
        if (IsPacked && Status != 304)
            ResponseWriter.WriteOwn(ref writer, edits, "Content-Encoding"u8, "gzip"u8);
        if (Status == 200 && told is 0 or 200 && HasRanges)
            ResponseWriter.WriteOwn(ref writer, edits, "Accept-Ranges"u8, "bytes"u8);
        if (Status == 206 && _boundary.Length == 0)
            WriteText(ref writer, edits, "Content-Range"u8, string.Create(CultureInfo.InvariantCulture, $"bytes {_at}-{_end - 1}/{_size}"));
        else if (Status == 416)
            WriteText(ref writer, edits, "Content-Range"u8, string.Create(CultureInfo.InvariantCulture, $"bytes */{_size}"));
        if (IsPackedNow && !HeadOnly)
            writer.Write("Transfer-Encoding: chunked\r\n"u8);
        else if (Status != 304 && !IsPackedNow)
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

    public override int Read(BlockSlice room)
    {
        try
        {
            if (_said == _words.Length && _at == _end && _parts.TryDequeue(out var part))
                (_words, _said, _at, _end) = (part.Before, 0, part.From, part.To);
            var length = (int)Math.Min(room.Length, _said < _words.Length ? _words.Length - _said : _end - _at);
            if (_said < _words.Length)
            {
                _words.AsSpan(_said, length).CopyTo(room.Span);
                _said += length;
            }
            else
            {
                length = RandomAccess.Read(_file, room.Span[..length], _at);
                _at += length;
            }

            Left -= length;
            return length;
        }
        catch (IOException)
        {
            // A disk that fails: to the client the file ends here, and it sees that something is missing.
            return 0;
        }
    }

    public override void Dispose() => _file.Dispose();
}

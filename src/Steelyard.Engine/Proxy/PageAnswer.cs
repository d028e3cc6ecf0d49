using System.Globalization;
using System.Text;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>A page about the balancer or a folder, as an answer.</summary>
internal sealed class PageAnswer : LongAnswer
{
    private readonly StatisticsPage _page;

    public PageAnswer(StatisticsPage page) => (_page, Left) = (page, page.Body.Length);

    /// <summary>Whether it is another one at each time.</summary>
    public bool IsFresh { get; init; }

    public override int Status => _page.Location is null ? Ok : 303;

    public override void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date)
    {
        ErrorPage.WriteStatusLine(ref writer, told > 0 ? told : Status);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, Encoding.ASCII.GetBytes(_page.ContentType));
        if (IsFresh)
            ResponseWriter.WriteOwn(ref writer, edits, "Cache-Control"u8, "no-cache"u8);
        if (_page.Refresh is { } refresh)
            ResponseWriter.WriteOwn(ref writer, edits, "Refresh"u8, Encoding.ASCII.GetBytes(((long)refresh.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        if (_page.Location is { } location)
            ResponseWriter.WriteOwn(ref writer, edits, "Location"u8, Encoding.ASCII.GetBytes(location));
        ResponseWriter.WriteContentLength(ref writer, Left);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
    }

    public override int Read(BlockSlice room)
    {
        var next = _page.Body.AsSpan(_page.Body.Length - (int)Left, (int)Math.Min(room.Length, Left));
        next.CopyTo(room.Span);
        Left -= next.Length;
        return next.Length;
    }

    public override void Dispose()
    {
        // It is memory, and nobody else's.
    }
}

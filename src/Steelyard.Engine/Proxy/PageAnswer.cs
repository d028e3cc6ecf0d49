using System.Globalization;
using System.Text;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>A page about the balancer or a folder, as an answer.</summary>
internal sealed class PageAnswer : LongAnswer
{
    private readonly StatisticsPage _page;

    public PageAnswer(StatisticsPage page) => (_page, Left) = (page, page.Body.Length);

    /// <summary>Whether it is another one at each time.</summary>
    public bool IsFresh { get; init; }

    public void WriteHead(ref BlockWriter writer, int status, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date)
    {
        ErrorPage.WriteStatusLine(ref writer, status);
        ResponseWriter.WriteOwn(ref writer, edits, "Date"u8, date);
        ResponseWriter.WriteOwn(ref writer, edits, "Content-Type"u8, Encoding.ASCII.GetBytes(_page.ContentType));
        if (IsFresh)
            ResponseWriter.WriteOwn(ref writer, edits, "Cache-Control"u8, "no-cache"u8);
        if (_page.Refresh is { } refresh)
            ResponseWriter.WriteOwn(ref writer, edits, "Refresh"u8, Encoding.ASCII.GetBytes(((long)refresh.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        ResponseWriter.WriteContentLength(ref writer, Left);
        edits?.Write(ref writer, scope);
        ResponseWriter.WriteConnection(ref writer, connection);
        writer.Write("\r\n"u8);
    }

    public override int Read(Span<byte> room)
    {
        var next = _page.Body.AsSpan(_page.Body.Length - (int)Left, (int)Math.Min(room.Length, Left));
        next.CopyTo(room);
        Left -= next.Length;
        return next.Length;
    }

    public override void Dispose()
    {
        // It is memory, and nobody else's.
    }
}

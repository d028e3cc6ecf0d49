using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Simulation.Machinery;

/// <summary>One HTTP message as a peer read it, with a parser of its own: nothing here shares code with the engine's.</summary>
internal sealed record Message(string StartLine, IReadOnlyList<(string Name, string Value)> Fields, byte[] Body)
{
    public string? this[string name] =>
        Fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value).FirstOrDefault();

    public int Status => int.Parse(StartLine.Split(' ')[1], CultureInfo.InvariantCulture);
}

/// <summary>Reads messages off a simulated connection.</summary>
internal sealed class MessageReader(EventLoop loop, Transport transport)
{
    private readonly InputBuffer _input = new(loop);
    private readonly List<byte> _bytes = [];

    /// <summary>Whether the other end has closed, and everything before was read.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Reads one message; null when the connection ended before it was whole.</summary>
    /// <param name="bodiless">The message has no body whatever its fields say.</param>
    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    public async ValueTask<Message?> Read(bool bodiless = false)
    {
        int end;
        while ((end = Encoding.Latin1.GetString([.. _bytes]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (!await More())
                return null;
        }

        var lines = Encoding.Latin1.GetString([.. _bytes], 0, end).Split("\r\n");
        _bytes.RemoveRange(0, end + 4);
        var fields = lines[1..].Select(line => line.Split(':', 2)).Select(pair => (pair[0], pair[1].Trim())).ToList();
        var message = new Message(lines[0], fields, []);
        if (bodiless || message.StartLine.StartsWith("HTTP/1.1 1", StringComparison.Ordinal))
            return message;
        var body = message["Transfer-Encoding"] is not null ? await ReadChunks()
            : message["Content-Length"] is { } length ? await ReadBytes(int.Parse(length, CultureInfo.InvariantCulture))
            : message.StartLine.StartsWith("HTTP/", StringComparison.Ordinal) ? await ReadToEnd()
            : [];
        return body is null ? null : message with { Body = body };
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<byte[]?> ReadBytes(int count)
    {
        while (_bytes.Count < count)
        {
            if (!await More())
                return null;
        }

        var bytes = _bytes.GetRange(0, count).ToArray();
        _bytes.RemoveRange(0, count);
        return bytes;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<byte[]?> ReadToEnd()
    {
        while (await More())
        {
        }

        return [.. _bytes];
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<byte[]?> ReadChunks()
    {
        var body = new List<byte>();
        while (true)
        {
            var line = await ReadLine();
            if (line is null)
                return null;
            var size = int.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
                return await SkipTrailers() ? [.. body] : null;
            var data = await ReadBytes(size);
            if (data is null || await ReadLine() != "")
                return null;
            body.AddRange(data);
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> SkipTrailers()
    {
        string? line;
        do
        {
            line = await ReadLine();
        }
        while (line is { Length: > 0 });

        return line is not null;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<string?> ReadLine()
    {
        int end;
        while ((end = _bytes.IndexOf((byte)'\n')) < 0)
        {
            if (!await More())
                return null;
        }

        var line = Encoding.Latin1.GetString([.. _bytes], 0, end - 1);
        _bytes.RemoveRange(0, end + 1);
        return line;
    }

    [AsyncMethodBuilder(typeof(LoopMethod<>))]
    private async ValueTask<bool> More()
    {
        if (await _input.Fill(transport, 0) != IoStatus.Done)
        {
            AtEnd = true;
            return false;
        }

        _bytes.AddRange(_input.Unread);
        _input.Release();
        return true;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Release() => _input.Release();
}

using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Substitution;

namespace Steelyard.Engine.Compression;

/// <summary>An answer of the proxy's own that is compressed while it is sent, in chunks.</summary>
internal sealed class PackedAnswer : LongAnswer
{
    // Of zeros next to nothing comes out: without a bound a call would read a file of megabytes. A flush costs five bytes.
    private const int MostFed = 4 * Block.Size;

    private readonly LongAnswer _plain;
    private readonly BlockPool _blocks;
    private readonly PackedBody _body;
    private readonly Block _input;
    private int _fed;

    /// <param name="plain">The answer.</param>
    /// <param name="loop">The loop that sends it.</param>
    /// <param name="deflater">What compresses it.</param>
    /// <param name="coding">How.</param>
    public PackedAnswer(LongAnswer plain, ProxyLoop loop, Deflater deflater, Config.ContentCoding coding)
    {
        (_plain, _blocks, _input) = (plain, loop.Events.Blocks, loop.Events.Blocks.Rent());
        _body = new(loop.Deflaters);
        _body.Begin(deflater, coding);

        // As long as anything is to come; how much nobody knows.
        Left = 1;
    }

    /// <summary>An answer in which texts are replaced while it is sent.</summary>
    /// <param name="plain">The answer.</param>
    /// <param name="loop">The loop that sends it.</param>
    /// <param name="substituter">What replaces them, begun.</param>
    public PackedAnswer(LongAnswer plain, ProxyLoop loop, Substituter substituter)
    {
        (_plain, _blocks, _input) = (plain, loop.Events.Blocks, loop.Events.Blocks.Rent());
        _body = new(loop.Deflaters);
        _body.Begin(substituter);
        Left = 1;
    }

    /// <summary>A file as it was judged: as it is, compressed, or with other texts in it.</summary>
    public static LongAnswer Of(FileAnswer file, ExchangeContext context)
    {
        if (!file.IsPackedNow || file.HeadOnly)
            return file;
        if (!file.Packing.IsPacked)
        {
            var substituter = new Substituter();
            substituter.Begin(context.Route.Substitutes!, context.Scope);
            return new PackedAnswer(file, context.Loop, substituter);
        }

        file.Packing = context.Loop.Deflaters.Rent(context.Route.Packing!, file.Packing, out var deflater);
        return deflater is null ? file : new PackedAnswer(file, context.Loop, deflater, file.Packing.Coding!.Value);
    }

    public override int Status => _plain.Status;

    public override void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date) =>
        _plain.WriteHead(ref writer, told, edits, scope, connection, date);

    public override int Read(BlockSlice room)
    {
        while (true)
        {
            if (_body.TryWrite(room, out var chunk))
            {
                Left = _body is { IsDry: true, IsLast: true } ? 0 : 1;
                return chunk.Length;
            }

            var read = _plain.Left > 0 ? _plain.Read(_input.Slice(0, Block.Size)) : 0;
            _fed += read;
            if (read == 0 && _plain.Left > 0)
                return 0;
            _body.Feed(_input.Slice(0, read), _plain.Left == 0 ? Flush.End : _fed >= MostFed ? Flush.Pause : Flush.None);
        }
    }

    public override int CostOf(int length)
    {
        var cost = length + (_fed * PackedRelay.CostOfByte);
        _fed = 0;
        return cost;
    }

    public override void Dispose()
    {
        _plain.Dispose();
        _body.End();
        _blocks.Return(_input);
    }
}

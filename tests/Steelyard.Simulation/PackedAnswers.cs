using System.Globalization;
using System.IO.Compression;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Compression;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Simulation;
using Steelyard.Simulation.Machinery;

namespace Steelyard.Simulation;

/// <summary>Answers of the proxy's own that are compressed while they are sent.</summary>
public sealed class PackedAnswers
{
    [Fact]
    public void Of_zeros_of_which_next_to_nothing_comes_out_no_call_reads_more_than_a_few_blocks()
    {
        const int Size = 4 * 1024 * 1024;
        using var proxy = new SimulatedProxy(seed: 1, SimulatedConditions.Clean);
        var zeros = new Zeros(Size);
        using var answer = new PackedAnswer(zeros, proxy.Loop, proxy.Loop.Deflaters.Rent(1)!, ContentCoding.Gzip);
        var (room, packed) = (proxy.Events.Blocks.Rent(), new MemoryStream());
        while (answer.Left > 0)
        {
            var before = zeros.Left;
            var chunk = room.Slice(0, answer.Read(room.Slice(0, Block.Size))).Span;
            Assert.InRange(before - zeros.Left, 0, 8 * Block.Size);
            Assert.True(answer.CostOf(chunk.Length) >= before - zeros.Left);
            packed.Write(chunk.Slice(6, int.Parse(Encoding.ASCII.GetString(chunk[..4]), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)));
        }

        proxy.Events.Blocks.Return(room);
        packed.Position = 0;
        using var unpacked = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionMode.Decompress))
            stream.CopyTo(unpacked);
        Assert.Equal(new byte[Size], unpacked.ToArray());
    }

    private sealed class Zeros : LongAnswer
    {
        public Zeros(long size) => Left = size;

        public override void WriteHead(ref BlockWriter writer, int told, FieldEdits? edits, in TemplateScope scope, ConnectionOption connection, ReadOnlySpan<byte> date)
        {
        }

        public override int Read(BlockSlice room)
        {
            var length = (int)Math.Min(room.Length, Left);
            room.Span[..length].Clear();
            Left -= length;
            return length;
        }

        public override void Dispose()
        {
        }
    }
}

using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Network;

/// <summary>Waits for so many bytes, whatever they are.</summary>
/// <param name="count">How many.</param>
internal sealed class StartBytes(int count) : IStartReader
{
    public int MostBytes => count;

    public HeadState Read(Span<byte> bytes) => bytes.Length >= count ? HeadState.Complete : HeadState.Incomplete;
}

using System.Diagnostics;
using Steelyard.Engine.Interop;

namespace Steelyard.Engine.Loops;

/// <summary>A piece of a loop's native memory: of fixed size, never moved. Empty until rented.</summary>
internal readonly unsafe struct Block(byte* start)
{
    /// <summary>32 KiB: a head of 16 KiB, what is added to it, and room to read a body behind it.</summary>
    public const int Size = 32 * 1024;

    public byte* Start { get; } = start;

    public bool IsEmpty => Start is null;

    public Span<byte> Span => new(Start, Size);

    public BlockSlice Slice(int start, int length) => new BlockSlice(Start, Size).Slice(start, length);
}

/// <summary>
/// The buffers of one loop: rented when bytes arrive, given back when idle. The memory comes from the kernel page by
/// page as it is touched, and what was not needed for a second goes back. Owned by its loop.
/// </summary>
internal sealed unsafe class BlockPool : IDisposable
{
    private const int BlocksPerSlab = 64;
    /// <summary>How often memory is given back.</summary>
    public const int TrimMilliseconds = 1000;

    // A call each: what is given back in one turn must not hold up the loop.
    private const int MostTrimmed = 128;

    private readonly List<nint> _slabs = [];
    private nint[] _free = new nint[BlocksPerSlab];
    private int _freeCount;
    private int _rented;

    // The blocks at the bottom of the free stack whose pages were given back.
    private int _released;
    private int _leastFree;
    private long _nextTrim;

    /// <summary>Blocks that are rented now. Any thread may read it.</summary>
    public int Rented => Volatile.Read(ref _rented);

    /// <summary>Whether there are free blocks whose pages the kernel could have back.</summary>
    public bool HasSurplus => _freeCount > _released;

    public Block Rent()
    {
        if (_freeCount == 0)
            Grow();
        var start = _free[--_freeCount];
        _rented++;
        _released = Math.Min(_released, _freeCount);
        _leastFree = Math.Min(_leastFree, _freeCount);
        return new Block((byte*)start);
    }

    public void Return(Block block)
    {
        Debug.Assert(!block.IsEmpty, "An empty block was returned.");
        _free[_freeCount++] = (nint)block.Start;
        _rented--;
    }

    /// <summary>Gives the pages of blocks that nobody needed since the last trim back to the kernel, half of them at a time.</summary>
    public void Trim(long now)
    {
        if (now < _nextTrim)
            return;
        _nextTrim = now + TrimMilliseconds;
        var surplus = Math.Min((Math.Min(_leastFree, _freeCount) - _released + 1) / 2, MostTrimmed);
        for (; surplus > 0; surplus--)
            _ = Linux.madvise((void*)_free[_released++], Block.Size, Linux.MADV_DONTNEED);
        _leastFree = _freeCount;
    }

    private void Grow()
    {
        const nuint length = (nuint)BlocksPerSlab * Block.Size;
        var slab = (byte*)Linux.mmap(null, length, Linux.PROT_READ | Linux.PROT_WRITE, Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE, -1, 0);
        if ((nint)slab == -1)
            throw new InvalidOperationException("The kernel gives no more memory for buffers.");
        _slabs.Add((nint)slab);
        if (_free.Length < _slabs.Count * BlocksPerSlab)
            Array.Resize(ref _free, _slabs.Count * BlocksPerSlab * 2);
        for (var i = BlocksPerSlab - 1; i >= 0; i--)
            _free[_freeCount++] = (nint)(slab + ((nint)i * Block.Size));

        // Fresh pages are not resident, so they count as given back.
        _released = _freeCount;
    }

    public void Dispose()
    {
        foreach (var slab in _slabs)
            _ = Linux.munmap((void*)slab, (nuint)BlocksPerSlab * Block.Size);
        _slabs.Clear();
        _freeCount = 0;
    }
}

using Microsoft.Win32.SafeHandles;
using Steelyard.Engine.Sticky;

namespace Steelyard.Keeper;

/// <summary>
/// The clients that pools remember, as an engine told of them last: for the engine that follows, and in a file where the
/// configuration names one. May be used from any thread.
/// </summary>
internal sealed class KeptClients
{
    private const int PieceLength = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly List<Action<SafeFileHandle>> _followers = [];
    private SafeFileHandle? _last;
    private string? _file;
    private Task _writing = Task.CompletedTask;

    /// <summary>Keeps them in a file from now on, and takes what is in it where nothing is known yet.</summary>
    /// <param name="file">The file; null for none.</param>
    public void KeepIn(string? file)
    {
        lock (_lock)
        {
            if (_file == file)
                return;
            _file = file;
            if (file is null || _last is not null || !File.Exists(file))
                return;
            try
            {
                var read = File.OpenHandle(file);
                if (ClientMemory.Read(MemoryFile.ReadBytes(read)) is null)
                {
                    read.Dispose();
                    Console.Error.WriteLine($"steelyard: {file} holds no clients that this program remembers; nobody is remembered, and it is written anew");
                    return;
                }

                _last = read;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"steelyard: {file} cannot be read, so no client is remembered: {error.Message}");
            }
        }
    }

    /// <summary>What is kept; null for nothing.</summary>
    public ClientMemory? Read()
    {
        lock (_lock)
            return _last is null ? null : ClientMemory.Read(MemoryFile.ReadBytes(_last));
    }

    /// <summary>Takes what an engine remembers, and tells the others.</summary>
    /// <param name="clients">A file with them; closed by this.</param>
    /// <param name="teller">Who tells; null for somebody who does not follow.</param>
    public void Take(SafeFileHandle clients, Action<SafeFileHandle>? teller)
    {
        lock (_lock)
        {
            // The writer of the file before has read it by then: writes are one after the other.
            var before = _last;
            _last = clients;
            foreach (var follower in _followers)
            {
                if (follower != teller)
                    follower(clients);
            }

            _writing = WriteAsync(_writing, before);
        }
    }

    /// <summary>Tells an engine what is kept, and what others tell from now on.</summary>
    public void Follow(Action<SafeFileHandle> follower)
    {
        lock (_lock)
        {
            if (_last is not null)
                follower(_last);
            _followers.Add(follower);
        }
    }

    public void Unfollow(Action<SafeFileHandle> follower)
    {
        lock (_lock)
            _followers.Remove(follower);
    }

    /// <summary>Ends when all that was taken is in the file.</summary>
    public Task WrittenAsync()
    {
        lock (_lock)
            return _writing;
    }

    private async Task WriteAsync(Task before, SafeFileHandle? replaced)
    {
        await before;
        await Task.Yield();
        lock (_lock)
        {
            replaced?.Dispose();
            if (_file is { } file && _last is { } clients)
                Write(clients, file);
        }
    }

    private static void Write(SafeFileHandle clients, string file)
    {
        // Whole or not at all. With it is what cookies are signed with, so it is its owner's alone.
        var draft = $"{file}.{Environment.ProcessId}";
        try
        {
            if (Path.GetDirectoryName(file) is { Length: > 0 } folder)
                Directory.CreateDirectory(folder);
            using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                var piece = new byte[PieceLength];
                for (var at = 0L; RandomAccess.Read(clients, piece, at) is > 0 and var length; at += length)
                    stream.Write(piece, 0, length);
                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"steelyard: {file} cannot be written, so its clients are forgotten at a stop: {error.Message}");
        }
    }
}

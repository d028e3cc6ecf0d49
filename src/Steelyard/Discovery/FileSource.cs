using Steelyard.Apps.Upkeep;
using Steelyard.Config;

namespace Steelyard.Discovery;

/// <summary>Servers that a file lists. A change counts once it has stayed for two looks, for who writes it may not be done.</summary>
/// <param name="file">The file, as the configuration names it.</param>
/// <param name="path">The same as a full path.</param>
internal sealed class FileSource(string file, string path) : IServerSource
{
    private WatchedFiles? _watched;

    public string Name { get; } = $"file {file}";

    public Task<SourceAnswer?> AskAsync(CancellationToken cancel)
    {
        if (_watched?.Look() == false)
            return Task.FromResult<SourceAnswer?>(null);
        _watched ??= new([path]);
        return Task.FromResult<SourceAnswer?>(Read());
    }

    private SourceAnswer Read()
    {
        try
        {
            var servers = ServerListFile.Parse(File.ReadAllText(path), file, out var problem);
            return servers is { } read ? SourceAnswer.Found([.. read.AsEnumerable()], null) : SourceAnswer.Failed($"{file}:{problem!.Line}: {problem.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return SourceAnswer.Failed(error is FileNotFoundException or DirectoryNotFoundException ? $"there is no file {file}" : $"{file} cannot be read");
        }
    }
}

using System.Collections.Concurrent;
using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Rules;

namespace Steelyard.Engine.Proxy;

/// <summary>What looking for a file has come to.</summary>
internal enum FileVerdict : byte
{
    /// <summary>There is a file to send.</summary>
    Found,

    /// <summary>Something else is asked for, and the route looked for again.</summary>
    Elsewhere,

    /// <summary>The client is sent to the path with a slash.</summary>
    Slash,

    /// <summary>The client is told a status.</summary>
    Status,
}

/// <summary>The files of a route. Immutable, shared by all loops. Whoever is asked for a file reads it from the disk, and waits for that.</summary>
internal sealed class StaticFiles
{
    private readonly FilesSettings _settings;
    private readonly string _root;
    private readonly TemplateBytes[] _try;
    private readonly bool[] _folders;
    private readonly TemplateBytes? _elsePath;
    private readonly byte[]? _elseRoute;
    private readonly Dictionary<string, byte[]> _types = new(StringComparer.OrdinalIgnoreCase);
    private readonly byte[] _defaultType;
    private readonly ConcurrentDictionary<int, LocalAnswer> _told = [];

    /// <param name="settings">The configuration.</param>
    /// <param name="root">The folder.</param>
    public StaticFiles(FilesSettings settings, string root)
    {
        (_settings, _root) = (settings, root);
        _try = Array.ConvertAll(settings.Try.AsSpan().ToArray(), path => new TemplateBytes(path));
        _folders = Array.ConvertAll(settings.Try.AsSpan().ToArray(), path => path.ToString().EndsWith('/'));
        _elsePath = settings.ElsePath is { } path ? new(path) : null;
        _elseRoute = settings.ElseRoute is { } route ? Encoding.ASCII.GetBytes(route) : null;
        foreach (var (ending, type) in settings.Types)
            _types.TryAdd("." + ending, Encoding.ASCII.GetBytes(type));
        _defaultType = Encoding.ASCII.GetBytes(settings.DefaultType);
        SlashAnswer = LocalAnswer.From(new RedirectSettings(settings.Slash ?? TextTemplate.Parse("{clean-path}/"), 301));
    }

    /// <summary>The answer to who asks for a folder without a slash.</summary>
    public LocalAnswer SlashAnswer { get; }

    /// <summary>The answer with a status alone, made once.</summary>
    public LocalAnswer Tells(int status) => _told.GetOrAdd(status, static status => LocalAnswer.Plain(status));

    /// <summary>The type of a file.</summary>
    public ReadOnlySpan<byte> TypeOf(string path) => _types.GetValueOrDefault(Path.GetExtension(path)) ?? _defaultType;

    /// <summary>Looks for what a request asks for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The file.</param>
    /// <param name="status">The status where that is the verdict.</param>
    public FileVerdict Find(RoutedRequest context, out string path, out int status)
    {
        (path, status) = ("", 404);
        var asked = Clean(context);
        if (_try.Length > 0)
        {
            string? there = null;
            for (var i = 0; i < _try.Length && there is null; i++)
            {
                ExpressionRoom.OfThread.Clear();
                if (!_try[i].TryMake(context.Scope, out var text))
                    continue;
                var candidate = Encoding.UTF8.GetString(text);
                if (TryLocate(candidate, out var located) && (_folders[i] ? Directory.Exists(located) : FileKind.IsRegular(located)))
                    there = _folders[i] && candidate.Length > 1 ? candidate[..^1] : candidate;
            }

            if (there is null)
                return GoElsewhere(context, out status);
            asked = there;
        }

        if (!TryLocate(asked, out path))
            return FileVerdict.Status;
        if (context.Request.Method is not (KnownMethod.Get or KnownMethod.Head))
        {
            status = context.Request.Method == KnownMethod.Post && !FileKind.IsRegular(path) && !Directory.Exists(path) ? 404 : 405;
            return FileVerdict.Status;
        }

        if (asked.EndsWith('/'))
            return FindIndex(context, asked, path, out status);
        if (FileKind.IsRegular(path))
            return FileVerdict.Found;
        return Directory.Exists(path) ? FileVerdict.Slash : FileVerdict.Status;
    }

    private FileVerdict FindIndex(RoutedRequest context, string asked, string folder, out int status)
    {
        foreach (var name in _settings.Index)
        {
            if (!FileKind.IsRegular(Path.Combine(folder, name.TrimStart('/'))))
                continue;
            status = 400;
            return RuleEdits.SetTarget(context, Encoding.UTF8.GetBytes(asked + name.TrimStart('/')), keepQuery: true) ? FileVerdict.Elsewhere : FileVerdict.Status;
        }

        status = Directory.Exists(folder) ? 403 : 404;
        return FileVerdict.Status;
    }

    private FileVerdict GoElsewhere(RoutedRequest context, out int status)
    {
        status = _settings.ElseStatus;
        if (_elseRoute is not null)
        {
            context.GoesTo = _elseRoute;
            return FileVerdict.Elsewhere;
        }

        if (_elsePath is null)
            return FileVerdict.Status;
        ExpressionRoom.OfThread.Clear();
        status = 400;
        return _elsePath.TryMake(context.Scope, out var target) && RuleEdits.SetTarget(context, target, keepQuery: false) ? FileVerdict.Elsewhere : FileVerdict.Status;
    }

    private static string Clean(RoutedRequest context)
    {
        var path = context.Request.Path(context.Head);
        return Encoding.UTF8.GetString(PathNormalizer.IsNeeded(path) ? PathNormalizer.Normalize(path, new byte[path.Length]) : path);
    }

    /// <summary>Where a path is on the disk; false for one that would leave the folder.</summary>
    private bool TryLocate(string path, out string located)
    {
        located = "";
        if (_settings.Strip.Length > 0)
        {
            if (!path.StartsWith(_settings.Strip, StringComparison.Ordinal))
                return false;
            path = path[_settings.Strip.Length..];
        }

        var decoded = Uri.UnescapeDataString(path);
        if (decoded.Contains('\0', StringComparison.Ordinal))
            return false;
        foreach (var segment in decoded.AsSpan().Split('/'))
        {
            if (decoded.AsSpan(segment) is "..")
                return false;
        }

        // What follows an alias is put behind it as it is.
        located = _settings.Strip.Length > 0 ? _root + decoded : Path.Join(_root, decoded);
        return true;
    }
}

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

    /// <summary>There is a folder to list.</summary>
    Folder,

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
    private readonly TemplateBytes? _madeRoot;
    private readonly byte[] _listingType;
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
        _madeRoot = settings.MadeRoot is { } made ? new(made) : null;
        _listingType = Encoding.ASCII.GetBytes((settings.Listing is { Json: true } ? "application/json" : settings.Listing is { Xml: true } ? "text/xml" : "text/html") + (settings.Listing is { Charset: { Length: > 0 } charset } ? $"; charset={charset}" : ""));
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

    /// <summary>The type of a page about a folder.</summary>
    public string ListingType => Encoding.ASCII.GetString(_listingType);

    /// <summary>The page about a folder; null where it cannot be read.</summary>
    public byte[]? List(RoutedRequest context, string folder) => FolderListing.Write(folder, Decoded(context, Clean(context)), _settings.Listing!);

    /// <summary>Opens a file, or the compressed one beside it; null where it cannot be read.</summary>
    public FileAnswer? Open(RoutedRequest context, string path)
    {
        var type = _types.GetValueOrDefault(Path.GetExtension(path)) ?? _defaultType;
        if (_settings.Packed is not { } packed)
            return FileAnswer.Open(path, _settings, type);
        var takes = packed.Always || TakesGzip(context, packed);
        if ((!takes && !packed.Vary) || !FileKind.IsRegular(path + ".gz"))
            return FileAnswer.Open(path, _settings, type);
        return FileAnswer.Open(takes ? path + ".gz" : path, _settings, type, packed: takes, varies: packed.Vary && !packed.Always);
    }

    // nginx's gzip_http_version is 1.1, and another proxy may be one that knows no better.
    private static bool TakesGzip(RoutedRequest context, PackedFiles packed) =>
        context.Request.MinorVersion > 0 && (packed.Proxied || !FileConditions.TryFind(context.Request, context.Head, "Via"u8, out _))
        && FileConditions.TryFind(context.Request, context.Head, "Accept-Encoding"u8, out var codings) && AcceptedCodings.HasGzip(codings);

    /// <summary>Looks for what a request asks for.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The file.</param>
    /// <param name="status">The status where that is the verdict.</param>
    public FileVerdict Find(RoutedRequest context, out string path, out int status)
    {
        (path, status) = ("", 404);
        var asked = Clean(context);
        var behind = _settings.Whole ? "" : asked;
        if (_try.Length > 0)
        {
            string? there = null;
            var isFolder = false;
            for (var i = 0; i < _try.Length && there is null; i++)
            {
                ExpressionRoom.OfThread.Clear();
                if (!_try[i].TryMake(context.Scope, out var text))
                    continue;
                var candidate = Encoding.UTF8.GetString(text);
                if (TryLocate(context, candidate, out var located) && (_folders[i] ? Directory.Exists(located) : FileKind.IsRegular(located)))
                    (there, isFolder) = (_folders[i] && candidate.Length > 1 ? candidate[..^1] : candidate, _folders[i]);
            }

            if (there is null)
                return GoElsewhere(context, out status);

            // nginx: of what is the file already a folder stays what was asked for.
            if (!isFolder || !_settings.Whole)
                asked = behind = there;
        }

        if (!TryLocate(context, behind, out path))
            return FileVerdict.Status;
        if (context.Request.Method is not (KnownMethod.Get or KnownMethod.Head))
        {
            // nginx: to post to a folder leads to it all the same, and to its index, which is a file like any other.
            var (isPost, isFolder) = (context.Request.Method == KnownMethod.Post, Directory.Exists(path));
            status = isPost && !isFolder && !FileKind.IsRegular(path) ? 404 : isPost && isFolder && asked.EndsWith('/') && !HasIndex(path) ? 403 : 405;
            return isPost && isFolder && !asked.EndsWith('/') ? FileVerdict.Slash : FileVerdict.Status;
        }

        if (asked.EndsWith('/'))
            return FindIndex(context, asked, path, out status);
        if (FileKind.IsRegular(path) || (_settings.Packed is { Always: true } && FileKind.IsRegular(path + ".gz")))
            return FileVerdict.Found;
        return Directory.Exists(path) ? FileVerdict.Slash : FileVerdict.Status;
    }

    private bool HasIndex(string folder)
    {
        foreach (var name in _settings.Index)
        {
            if (name.StartsWith('/') || FileKind.IsRegular(IndexIn(folder, name)))
                return true;
        }

        return false;
    }

    private FileVerdict FindIndex(RoutedRequest context, string asked, string folder, out int status)
    {
        if (_settings.ByLot && Draw(folder) is { } drawn)
        {
            status = 400;
            return RuleEdits.SetTarget(context, Encoding.UTF8.GetBytes(Encoded(context, asked + drawn)), keepQuery: true) ? FileVerdict.Elsewhere : FileVerdict.Status;
        }

        foreach (var name in _settings.Index)
        {
            // A path is asked for whether there is a file or not.
            var isPath = name.StartsWith('/');
            if (!isPath && !FileKind.IsRegular(IndexIn(folder, name)))
                continue;
            status = 400;
            return RuleEdits.SetTarget(context, Encoding.UTF8.GetBytes(Encoded(context, isPath ? name : asked + name)), keepQuery: true) ? FileVerdict.Elsewhere : FileVerdict.Status;
        }

        var exists = Directory.Exists(folder);
        status = exists ? 403 : 404;
        return exists && _settings.Listing is not null ? FileVerdict.Folder : FileVerdict.Status;
    }

    // nginx: what is the file already has its slash, or none.
    private string IndexIn(string folder, string name) => _settings.Whole ? folder + name : Path.Combine(folder, name);

    // Any file that does not hide; null where there is none, or the folder cannot be read.
    private static string? Draw(string folder)
    {
        List<string> names = [];
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                if (Path.GetFileName(path) is var name && name[0] != '.' && FileKind.IsRegular(path))
                    names.Add(name);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return names.Count == 0 ? null : names[System.Security.Cryptography.RandomNumberGenerator.GetInt32(names.Count)];
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
        return Encoding.UTF8.GetString(PathNormalizer.IsNeeded(path) ? PathNormalizer.Normalize(context.Request, path, new byte[path.Length]) : path);
    }

    // As nginx has it paths are what they stand for already.
    private static string Decoded(RoutedRequest context, string path) => context.Request.AsNginx ? path : Uri.UnescapeDataString(path);

    private static string Encoded(RoutedRequest context, string path) => context.Request.AsNginx ? UriForms.EncodePath(path) : path;

    /// <summary>Where a path is on the disk; false for one that would leave the folder.</summary>
    private bool TryLocate(RoutedRequest context, string path, out string located)
    {
        located = "";
        var root = _root;
        if (_madeRoot is not null)
        {
            ExpressionRoom.OfThread.Clear();
            if (!_madeRoot.TryMake(context.Scope, out var made))
                return false;
            root = Decoded(context, Encoding.UTF8.GetString(made));
            if (Climbs(root))
                return false;
            if (_settings.Whole)
            {
                located = root + Decoded(context, path);
                return root.Length > 0 && !located.Contains('\0', StringComparison.Ordinal) && !Climbs(located);
            }
        }

        if (_settings.Strip.Length > 0)
        {
            if (!path.StartsWith(_settings.Strip, StringComparison.Ordinal))
                return false;
            path = path[_settings.Strip.Length..];
        }

        var decoded = Decoded(context, path);
        if (decoded.Contains('\0', StringComparison.Ordinal))
            return false;
        if (Climbs(decoded))
            return false;

        // What follows an alias is put behind it as it is.
        located = _settings.Strip.Length > 0 ? root + decoded : Path.Join(root, decoded);
        return true;
    }

    private static bool Climbs(string path)
    {
        foreach (var segment in path.AsSpan().Split('/'))
        {
            if (path.AsSpan(segment) is "..")
                return true;
        }

        return false;
    }
}

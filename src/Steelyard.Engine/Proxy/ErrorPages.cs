using System.Text;
using Steelyard.Config;

namespace Steelyard.Engine.Proxy;

/// <summary>What a route answers with instead of errors, compiled. Immutable, shared by all loops.</summary>
internal sealed class ErrorPages
{
    private readonly Page[] _pages;

    private ErrorPages(Page[] pages) => (_pages, NameRoutes) = (pages, Array.Exists(pages, page => page.IsNamed));

    /// <summary>Whether requests may go on as they came.</summary>
    public bool NameRoutes { get; }

    /// <summary>Compiles them; null where there are none.</summary>
    public static ErrorPages? From(ValueList<ErrorPageSettings> pages) =>
        pages.Count == 0 ? null : new(Array.ConvertAll(pages.AsSpan().ToArray(), page => new Page(page)));

    /// <summary>The page for a status; null for none.</summary>
    public Page? Find(int status)
    {
        foreach (var page in _pages)
        {
            if (Array.IndexOf(page.Statuses, status) >= 0)
                return page;
        }

        return null;
    }

    /// <summary>One of them.</summary>
    internal sealed class Page(ErrorPageSettings settings)
    {
        public int[] Statuses { get; } = settings.Statuses.AsSpan().ToArray();

        /// <summary>What is asked for instead; null where something else is set.</summary>
        public TemplateBytes? Path { get; } = settings.Path is { } path ? new(path) : null;

        /// <summary>The route that answers; null where something else is set.</summary>
        public byte[]? Route { get; } = settings.Route is { } route ? Encoding.ASCII.GetBytes(route) : null;

        /// <summary>Where the client is sent; null where something else is set.</summary>
        public LocalAnswer? Redirect { get; } = settings.Redirect is { } redirect ? LocalAnswer.From(redirect) : null;

        /// <summary>Whether the request goes there as it came (nginx: a named location).</summary>
        public bool IsNamed => this is { Redirect: null, Path: null };

        /// <summary>The status the client is told; 0 for that of the answer, null for the error's.</summary>
        public int? As { get; } = settings.As;
    }
}

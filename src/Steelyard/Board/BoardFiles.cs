using System.Security.Cryptography;
using Steelyard.Admin;

namespace Steelyard.Board;

/// <summary>The files of the page, as they are in the program.</summary>
internal static class BoardFiles
{
    /// <summary>Nothing from elsewhere, nothing written into the page, no frame around it.</summary>
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Prefix = "board/";

    private static readonly Dictionary<string, string> s_types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    /// <summary>The rows of the admin API; who has no token yet may have them, for there is nothing secret in them.</summary>
    public static IEnumerable<AdminEndpoint> Endpoints { get; } =
        [.. typeof(BoardFiles).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(Endpoint)];

    private static AdminEndpoint Endpoint(string resource)
    {
        var name = resource[Prefix.Length..];
        var file = new Lazy<(byte[] Bytes, string Tag)>(() => Read(resource));
        return new("GET", name == "index.html" ? "/" : "/" + resource, name == "index.html" ? "The page." : "A part of the page.", call => AnswerAsync(call, file.Value, s_types[Path.GetExtension(name)]))
        {
            AnswerType = s_types[Path.GetExtension(name)].Split(';')[0],
            Open = true,
        };
    }

    private static (byte[] Bytes, string Tag) Read(string resource)
    {
        using var stream = typeof(BoardFiles).Assembly.GetManifestResourceStream(resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return (bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
    }

    private static async Task AnswerAsync(AdminCall call, (byte[] Bytes, string Tag) file, string type)
    {
        var (request, response) = (call.Context.Request, call.Context.Response);
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";

        // After an upgrade the page is another one.
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = file.Tag;
        if (request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = type;
        response.ContentLength = file.Bytes.Length;
        await response.Body.WriteAsync(file.Bytes, call.Context.RequestAborted);
    }
}

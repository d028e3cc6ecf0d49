using System.Globalization;
using System.Text;
using CsCheck;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>The one form of a path, against a slow way to find it.</summary>
public sealed class PathNormalizing
{
    private static readonly Gen<string> Path = Gen.OneOf(
        "/", "//", ".", "..", "a", "b.", ".a", "%2e", "%2E", "%2f", "%41", "%7E", "%25", "%00", "%zz", "%", "%4", "\\", "%5c", "~", "%c3%a9", "%20", "%3F", "%23")
        .Array[0, 12].Select(pieces => "/" + string.Concat(pieces));

    private static string Fast(string path)
    {
        var bytes = Encoding.Latin1.GetBytes(path);
        return PathNormalizer.IsNeeded(bytes) ? Encoding.Latin1.GetString(PathNormalizer.Normalize(bytes, new byte[bytes.Length])) : path;
    }

    /// <summary>Character by character, then segment by segment.</summary>
    private static string Slow(string path)
    {
        var decoded = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 < path.Length && int.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                var plain = code is > ' ' and < 0x7F && !"/%?#\\".Contains((char)code);
                decoded.Append(plain ? ((char)code).ToString() : path.Substring(i, 3).ToUpperInvariant());
                i += 2;
            }
            else
            {
                decoded.Append(path[i]);
            }
        }

        List<string> kept = [];
        var segments = decoded.ToString().Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var segment in segments)
        {
            if (segment == "..")
                kept = [.. kept.SkipLast(1)];
            else if (segment != ".")
                kept.Add(segment);
        }

        var endsOpen = decoded[^1] == '/' || segments is [.., "." or ".."];
        return "/" + string.Join('/', kept) + (endsOpen && kept.Count > 0 ? "/" : "");
    }

    [Fact]
    public void Both_ways_find_the_same_form() => Path.Sample(path => Assert.Equal(Slow(path), Fast(path)), iter: 50_000);

    [Fact]
    public void The_form_of_a_well_encoded_form_is_itself() => Path.Where(IsWellEncoded).Sample(path => Assert.Equal(Fast(path), Fast(Fast(path))), iter: 5_000);

    // A bare percent sign may stand before what becomes two digits.
    private static bool IsWellEncoded(string path) => !path.Split('%').Skip(1).Any(piece => piece.Length < 2 || !piece[..2].All(char.IsAsciiHexDigit));

    [Theory]
    [InlineData("/../a", true)]
    [InlineData("/a/../../b", true)]
    [InlineData("/a/%2e%2E/.%2e/b", true)]
    [InlineData("/a/..", false)]
    [InlineData("/a/./../b/..", false)]
    [InlineData("/.../..", false)]
    [InlineData("//..", true)]
    [InlineData("/a%2f..%2f..%2fb", true)]
    [InlineData("/..b/..", false)]
    public void What_leads_out_of_the_root_is_known(string path, bool climbs) => Assert.Equal(!climbs, PathNormalizer.IsSound(Encoding.Latin1.GetBytes(path)));

    [Theory]
    [InlineData("/a%00b")]
    [InlineData("/a%zz")]
    [InlineData("/a%2")]
    [InlineData("/%")]
    public void What_nobody_can_decode_is_known(string path) => Assert.False(PathNormalizer.IsSound(Encoding.Latin1.GetBytes(path)));

    [Theory]
    [InlineData("/a%20b%2Fc%25", false, "/a b/c%")]
    [InlineData("/a%2F%2Fb//c/.%2e/d", false, "/a/b/d")]
    [InlineData("/a//b", true, "/a//b")]
    [InlineData("/a/.", false, "/a/")]
    public void As_nginx_has_it_a_path_is_what_it_stands_for(string path, bool keepSlashes, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(path);
        var request = new RequestHead { AsNginx = true, KeepsSlashes = keepSlashes };
        Assert.Equal(expected, Encoding.Latin1.GetString(PathNormalizer.Normalize(request, bytes, new byte[bytes.Length])));
    }
}

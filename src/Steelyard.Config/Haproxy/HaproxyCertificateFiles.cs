using Steelyard.Config.Dialects;
using Steelyard.Config.Drafts;
using Steelyard.Config.Text;

namespace Steelyard.Config.Haproxy;

/// <summary>The certificates of bind lines: files, folders of them, and lists.</summary>
internal static class HaproxyCertificateFiles
{
    // What belongs to certificates, and is none.
    private static readonly string[] s_beside = [".key", ".issuer", ".ocsp", ".sctl"];

    private static readonly string[] s_harmless = ["alpn", "npn", "ciphers", "ciphersuites", "curves", "ecdhe", "ssl-min-ver", "ssl-max-ver", "no-ca-names", "allow-0rtt"];

    /// <summary>Adds a certificate, or those of a folder.</summary>
    public static void Add(string name, Place place, HaproxyUse use, List<CertificateFiles> certificates)
    {
        var path = use.File.PathOf(name, isCertificate: true);
        var inside = use.File.Source.FindFiles(path.TrimEnd('/') + "/*");
        if (inside.Count == 0)
        {
            AddOne(path, place, use, certificates);
            return;
        }

        foreach (var file in inside)
        {
            if (!s_beside.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))
                AddOne(file, place, use, certificates);
        }
    }

    private static void AddOne(string path, Place place, HaproxyUse use, List<CertificateFiles> certificates)
    {
        use.Problems.Files.Add(new(path, place));
        var key = path + ".key";
        var ofItsOwn = use.File.Source.FindFiles(key).Count > 0 && use.File.Source.ReadIfThere(path) is { } read && !read.Text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        if (ofItsOwn)
            use.Problems.Files.Add(new(key, place));
        certificates.Add(new(path, ofItsOwn ? key : null));
    }

    /// <summary>Adds those that a file lists: a file, settings in square brackets, and the names that it is for in each line.</summary>
    public static bool TryReadList(Word list, HaproxyUse use, List<CertificateFiles> certificates)
    {
        if (use.File.Source.ReadFile(list.Text, list.Place, use.Problems) is not { } source)
            return false;
        for (var number = 1; number <= source.LineCount; number++)
        {
            var line = source.GetLine(number).Trim().ToString();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var place = new Place(source, source.StartOfLine(number), source.EndOfLine(number));
            var end = line.IndexOfAny([' ', '\t', '[']);
            var rest = end < 0 ? "" : line[end..].Trim();
            if (rest.StartsWith('[') && !AreHarmless(rest[1..Math.Max(1, rest.IndexOf(']', StringComparison.Ordinal))], place, use))
                return false;
            Add(end < 0 ? line : line[..end], place, use, certificates);
        }

        return true;
    }

    private static bool AreHarmless(string settings, Place place, HaproxyUse use)
    {
        var words = settings.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < words.Length; i++)
        {
            if (Array.IndexOf(s_harmless, words[i]) < 0)
            {
                use.Problems.Error(place, $"{Shown.Quote(words[i])} of one certificate is not done here", "it in the bind line, for all of them");
                return false;
            }

            i += words[i] is "no-ca-names" or "allow-0rtt" ? 0 : 1;
        }

        return true;
    }
}

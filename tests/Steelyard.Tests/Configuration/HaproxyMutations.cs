using CsCheck;

namespace Steelyard.Tests.Configuration;

/// <summary>Whatever a haproxy.cfg holds, reading it ends with located errors, or with a snapshot that reads back the same once converted.</summary>
public sealed class HaproxyMutations
{
    private static readonly string[] Corpus =
        [.. new[] { "good", "bad" }.SelectMany(kind => Directory.EnumerateFiles(Path.Combine(GoldenFile.TestsFolder, "Golden/haproxy", kind), "*.cfg").Order()).Select(File.ReadAllText)];

    private static readonly string[] Pieces =
    [
        "\n", "\r\n", "\t", " ", "\"", "'", "\\", "\\x41", "$", "\"${A}\"", "\"${A-\"", "#", "{ ", " }", "!", "%[", "]", "%%", "(", ")", ",", "||", " or ", " if ", " unless ", "-i ", "-m ", "-f ",
        "global\n", "defaults x from y\n", "frontend f\n", "backend b\n", "listen l\n", "bind :80\n", "server s 10.0.0.1:80 ", "check ", "cookie ", "acl a ", "path_beg ", "req.hdr(host),lower ", "http-request ",
        "deny\n", "set-header X ", "redirect location ", "use_backend ", "timeout client ", "5s\n", "0", "99999999999", "-1", "é", "\0", "\u001b[2J", "\uD83D", "no option ", "stats ", "*:80-99\n", "[::]:80\n",
        "-u 3 ", "-M ", "set-map(x) a b\n", "add-acl(#3) a\n", ",map(x)", ",map_regm(x,y)", "setenv A b\n", "http-errors e\n", "errorfiles e\n", ".if defined(A)\n", ".endif\n",
    ];

    private static readonly Gen<string> Piece = Gen.OneOf(Gen.OneOf(Pieces), Gen.String[0, 3], Gen.OneOf(Corpus).Select(text => text[..Math.Min(text.Length, 40)]));

    [Fact]
    public void A_changed_file_never_throws() =>
        FileMutations.Each(FileMutations.Of(Corpus, Piece), 1_500, text => FileMutations.Check(text, "a.cfg"));

    [Fact]
    public void Random_lines_never_throw() => FileMutations.Each(Piece.List[0, 40].Select(pieces => "defaults\n" + string.Concat(pieces)), 1_500, text => FileMutations.Check(text, "a.cfg"));
}

using CsCheck;

namespace Steelyard.Tests.Configuration;

/// <summary>Whatever an nginx.conf holds, reading it ends with located errors, or with a snapshot that reads back the same once converted.</summary>
public sealed class NginxMutations
{
    private static readonly string[] Corpus =
        [.. new[] { "good", "bad" }.SelectMany(kind => Directory.EnumerateFiles(Path.Combine(GoldenFile.TestsFolder, "Golden/nginx", kind), "*.conf").Order()).Select(File.ReadAllText)];

    private static readonly string[] Pieces =
    [
        "\n", "\r\n", "\t", " ", "\"", "'", "\\", "$", "${", "}", "{", ";", "#", "$host", "${a}", "$1", "~", "~*", "^~", "=", "@x", "(", ")", "http { ", "server { ", "location / { ", "upstream u { ", "events { } ",
        "listen 80;", "listen unix:/s;", "server_name ~(?<n>a) *.x y.*;", "proxy_pass http://u/;", "proxy_pass http://$a;", "return 301 /x;", "return 200 \"$a\n\";", "rewrite ^(.*)$ /$1 last;", "set $a b;", "if ($a ~ (b)) { ", "map $a $b { default 1; ",
        "geo $g { 10.0.0.0/8 1; ", "split_clients $a $s { 5% x; * y; ", "error_page 404 = @x;", "limit_req zone=z;", "server 10.0.0.1 weight=3 max_conns=2;", "hash $a consistent;", "include x*;", "stream { ", "99999999999", "-1", "é", "\0", "\u001b[2J", "\uD83D",
    ];

    private static readonly Gen<string> Piece = Gen.OneOf(Gen.OneOf(Pieces), Gen.String[0, 3], Gen.OneOf(Corpus).Select(text => text[..Math.Min(text.Length, 60)]));

    [Fact]
    public void A_changed_file_never_throws() =>
        FileMutations.Each(FileMutations.Of(Corpus, Piece), 1_500, text => FileMutations.Check(text, "a.conf"));

    [Fact]
    public void Random_words_never_throw() => FileMutations.Each(Piece.List[0, 40].Select(pieces => "http { server { " + string.Concat(pieces)), 1_500, text => FileMutations.Check(text, "a.conf"));
}

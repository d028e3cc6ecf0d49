using CsCheck;

namespace Steelyard.Tests.Configuration;

/// <summary>Whatever an ecosystem file or a Compose file holds, reading it ends with located errors, or with a snapshot that reads back the same once converted.</summary>
public sealed class DialectMutations
{
    private static readonly string[] s_pieces =
    [
        "\n", "\r\n", "  ", "\t", "\"", "'", "`", "\\", "\\u0041", "\\u{1F600}", "\\uD800", "${A}", "${A:-b}", "${A?no}", "$$", "#", "//", "/*", "*/", "{", "}", "[", "]", "- ", ": ", ",", "&a ", "*a", "<<: *a", "null", "true", "-1", "0", "99999999999",
        "1.5", "0x1F", "1e400", "é", "\0", "\u001b[2J", "\uD83D", "module.exports = ", "export default ", "apps: ", "script: ", "instances: ", "env: ", "services:\n", "  web:\n", "    command: node app.js\n", "    ports: [\"80:3000\"]\n", "    deploy: { replicas: 2 }\n",
        "    environment:\n", "    healthcheck: { test: [CMD, curl, http://localhost/] }\n", "    depends_on: [ web ]\n", "    extends: web\n", "x-steelyard: { command: node a.js }\n", "--- \n", "!reset null",
    ];

    [Theory]
    [InlineData("pm2", "a.config.js")]
    [InlineData("pm2", "a.config.yml")]
    [InlineData("pm2", "a.json")]
    [InlineData("compose", "compose.yaml")]
    public void A_changed_file_never_throws(string dialect, string name)
    {
        string[] corpus = [.. new[] { "good", "bad" }.SelectMany(kind => Directory.EnumerateFiles(GoldenFolder.Of(dialect, kind))).Where(path => Path.GetExtension(path) is not (".expected" or ".actual")).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        var piece = Gen.OneOf(Gen.OneOf(s_pieces), Gen.String[0, 3], Gen.OneOf(corpus).Select(text => text[..Math.Min(text.Length, 60)]));
        FileMutations.Each(FileMutations.Of(corpus, piece), 700, text => FileMutations.Check(text, name));
    }
}

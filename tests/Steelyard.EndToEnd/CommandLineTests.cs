namespace Steelyard.EndToEnd;

public sealed class CommandLineTests
{
    [Fact]
    public async Task The_version_is_one_line()
    {
        var (status, output, error) = await SteelyardProcess.RunAsync("--version");

        Assert.Equal((0, ""), (status, error));
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", output);
    }

    [Theory]
    [InlineData]
    [InlineData("up")]
    [InlineData("check")]
    [InlineData("explain")]
    [InlineData("simulate")]
    [InlineData("whoami")]
    [InlineData("status")]
    [InlineData("drain")]
    [InlineData("ready")]
    [InlineData("maint")]
    [InlineData("healthcheck")]
    [InlineData("weight")]
    [InlineData("errors")]
    [InlineData("api")]
    public async Task Every_command_has_help_with_examples(params string[] command)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync([.. command, "--help"]);

        Assert.Equal((0, ""), (status, error));
        Assert.Contains("Examples:\n  steelyard ", output, StringComparison.Ordinal);
        Assert.Equal((0, output, ""), await SteelyardProcess.RunAsync(["help", .. command]));
    }

    [Fact]
    public async Task There_is_no_help_for_what_there_is_not()
    {
        var (status, output, error) = await SteelyardProcess.RunAsync("help", "chekc");

        Assert.Equal((2, ""), (status, output));
        Assert.StartsWith("there is no command 'chekc'; did you mean 'check'?", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chekc", "there is no command 'chekc'; did you mean 'check'?\nTry 'steelyard --help'.\n")]
    [InlineData("nonsense", "there is no command 'nonsense'; 'steelyard help' shows all\nTry 'steelyard --help'.\n")]
    public async Task Nor_is_it_run(string command, string expected) => Assert.Equal((2, "", expected), await SteelyardProcess.RunAsync(command));

    [Fact]
    public async Task Called_without_a_command_it_shows_them()
    {
        var (status, output, error) = await SteelyardProcess.RunAsync();
        Assert.Equal((2, ""), (status, output));
        Assert.Contains("\n  up ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chekc", "check")]
    [InlineData("whoami", "--listen")]
    [InlineData("whoami --listen 8080", "host:port")]
    [InlineData("up a b", "'b'")]
    [InlineData("explain", "--request")]
    [InlineData("explain -r http://x --header nothing", "'Name: value'")]
    [InlineData("explain -r http://x --from nowhere", "203.0.113.7")]
    [InlineData("simulate --policy fairest", "round-robin")]
    [InlineData("simulate --duration 0", "86400")]
    [InlineData("simulate --duration abc", "'abc' is no number for --duration; expected 1 to 86400")]
    [InlineData("simulate --seed -1", "expected 0 to 18446744073709551615")]
    [InlineData("logs -n abc", "expected 0 to 1000000")]
    [InlineData("logs -n 99999999999999", "expected 0 to 1000000")]
    [InlineData("explain -r http://x -n 0", "expected 1 to 1000000")]
    [InlineData("up x --file ", "--file names no file")]
    [InlineData("drain web", "web/2")]
    [InlineData("weight web/1 257", "0 to 256")]
    [InlineData("status --admin 8404", "host:port")]
    [InlineData("api api/history", "/api/history")]
    [InlineData("status --jsn", "'--jsn' is no option")]
    [InlineData("run --instnces 2 app.js", "'--instnces' is no option")]
    [InlineData("status --admin https://unix:/run/steelyard.api", "expected unix:/run/steelyard.api")]
    public async Task A_misused_command_line_is_said_on_standard_error_only(string line, string said)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync(line.Split(' '));

        Assert.Equal((2, ""), (status, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Contains("--help'", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status --admin unix:/run/steelyard.api --ca ca.pem", "no Unix socket does")]
    [InlineData("status --admin http://lb.example:8404 --ca ca.pem", "expected https://lb.example:8404")]
    [InlineData("status --ca ca.pem", "a local socket does not speak TLS")]
    public async Task Certificates_for_what_speaks_no_TLS_are_refused_before_anybody_is_asked(string line, string said)
    {
        var (status, output, error) = await SteelyardProcess.RunAsync(line.Split(' '));

        Assert.Equal((1, ""), (status, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
    }
}

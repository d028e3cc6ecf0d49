namespace Steelyard.EndToEnd;

public sealed class CheckTests : IDisposable
{
    private const string Good = "listen: [ { bind: ':0', to: web } ]\npools: { web: { servers: [ 127.0.0.1:1 ] } }\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_good_file_is_fine()
    {
        var file = _folder.Write("good.yaml", Good);

        Assert.Equal((0, $"{file} is fine: 1 listener, 1 pool\n", ""), await SteelyardProcess.RunAsync("check", file));
    }

    [Fact]
    public async Task A_folder_means_its_steelyard_yaml()
    {
        _folder.Write("steelyard.yaml", Good);
        await using var process = SteelyardProcess.Start(["check"], [], _folder.Path);

        Assert.Equal(0, await process.ExitAsync());
        Assert.Equal("steelyard.yaml is fine: 1 listener, 1 pool\n", process.Output);
    }

    [Fact]
    public async Task Every_problem_is_shown_in_its_place_without_colours_in_a_pipe()
    {
        var file = _folder.Write("bad.yaml", "listen: [ { bind: ':0', to: wob } ]\npools: { web: { servers: [ 127.0.0.1:1 ], wait: 3 } }\n");

        var (status, output, error) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal((1, ""), (status, error));
        Assert.Contains($"{file}:1:29: error: ", output, StringComparison.Ordinal);
        Assert.Contains($"{file}:2:43: error: ", output, StringComparison.Ordinal);
        Assert.EndsWith($"{file} cannot be used: 2 errors\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Fact]
    public async Task A_warning_leaves_the_file_usable()
    {
        var file = _folder.Write("warning.yaml", Good.Replace("web: {", "spare: { servers: [ 127.0.0.1:2 ] }, web: {", StringComparison.Ordinal));

        var (status, output, _) = await SteelyardProcess.RunAsync("check", file);

        Assert.Equal(0, status);
        Assert.EndsWith($"{file} is fine: 1 listener, 2 pools, 1 warning\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("check")]
    public async Task What_is_not_there_is_said_plainly(string command)
    {
        Assert.Equal((1, "", $"steelyard {command}: there is no file or folder {_folder.At("missing.yaml")}\n"),
            await SteelyardProcess.RunAsync(command, _folder.At("missing.yaml")));
        Assert.Equal((1, "", $"steelyard {command}: there is no steelyard.yaml in {_folder.Path}; name a file, or a folder that has one\n"),
            await SteelyardProcess.RunAsync(command, _folder.Path));
    }
}

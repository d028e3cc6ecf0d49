using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Golden/compose: Compose files. Good ones show what they are in Steelyard's own words, bad ones what is printed.</summary>
public sealed class GoldenCompose
{
    public static TheoryData<string> Good => GoldenFolder.Names("compose", "good", name => name.Contains("compose.y", StringComparison.Ordinal));

    public static TheoryData<string> Bad => GoldenFolder.Names("compose", "bad");

    [Theory, MemberData(nameof(Good))]
    public void A_good_file_is_read_as_its_conversion_says(string name) => GoldenFolder.CheckGood("compose", name);

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_file_prints_every_problem_in_its_place(string name) => GoldenFolder.CheckBad("compose", name);

    [Fact]
    public void No_expectation_has_lost_its_file() => GoldenFolder.CheckExpectations("compose");

    [Fact]
    public void Files_that_are_named_are_laid_over_each_other_and_no_other_is_looked_for()
    {
        var folder = GoldenFolder.Of("compose", "good");
        var main = Path.Combine(folder, "docker-compose.yml");

        var alone = ConfigurationFile.Read(main, new() { OverridesAreNamed = true });
        var over = ConfigurationFile.Read(main, new() { OverridesAreNamed = true, Overrides = [Path.Combine(folder, "docker-compose.override.yml")] });

        Assert.Contains("says no command", alone.Problems[0].Message, StringComparison.Ordinal);
        Assert.Equal(["node", "app.js"], over.Snapshot!.Pools[0].App!.Command.AsEnumerable());
        Assert.Equal(3, over.Snapshot.Pools[0].App!.Instances);
    }

    [Fact]
    public void An_override_file_takes_away_what_it_resets_and_replaces_what_it_overrides()
    {
        var folder = GoldenFolder.Of("compose", "good");

        var read = ConfigurationFile.Read(Path.Combine(folder, "docker-compose.yml"), new() { OverridesAreNamed = true, Overrides = [Path.Combine(folder, "reset.yaml")] });

        Assert.Empty(read.Problems.AsEnumerable());
        Assert.Equal(":8080", read.Snapshot!.Listeners.Single().Bind.Single().ToString());
        var app = read.Snapshot.Pools[0].App!;
        Assert.Equal(["KEPT"], app.Environment.AsEnumerable().Select(variable => variable.Name).Where(name => name is "KEPT" or "GONE"));
        Assert.Equal((3, 2, TimeSpan.Zero, RestartOn.Always), (app.Instances, app.Rolling.Parallel, app.Rolling.Delay, app.Restart.On));
    }
}

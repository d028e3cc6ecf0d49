using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Golden/pm2: ecosystem files. Good ones show what they are in Steelyard's own words, bad ones what is printed.</summary>
public sealed class GoldenEcosystem
{
    private static readonly ReadOptions s_production = new() { EnvironmentName = "production" };

    public static TheoryData<string> Good => GoldenFolder.Names("pm2", "good");

    public static TheoryData<string> Bad => GoldenFolder.Names("pm2", "bad");

    [Theory, MemberData(nameof(Good))]
    public void A_good_file_is_read_as_its_conversion_says(string name) =>
        GoldenFolder.CheckGood("pm2", name, name.StartsWith("everything", StringComparison.Ordinal) ? s_production : null);

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_file_prints_every_problem_in_its_place(string name) => GoldenFolder.CheckBad("pm2", name);

    [Fact]
    public void No_expectation_has_lost_its_file() => GoldenFolder.CheckExpectations("pm2");

    [Fact]
    public void What_has_to_be_computed_is_computed_and_problems_are_shown_where_their_keys_stand()
    {
        var path = Path.Combine(GoldenFolder.Of("pm2", "bad"), "computed.config.js");
        var asked = "";

        var good = ConfigurationFile.Read(path, new() { Evaluate = file => (asked = file) is null ? default : ("""{"apps":[{"script":"app.js","instances":3}]}""", null) });
        var bad = ConfigurationFile.Read(path, new() { Evaluate = _ => ("""{"apps":[{"script":"app.js","instances":"x"}]}""", null) });
        var failed = ConfigurationFile.Read(path, new() { Evaluate = _ => (null, "there is no node in PATH") });

        Assert.Equal(path, asked);
        Assert.Equal(3, good.Snapshot!.Pools[0].App!.Instances);
        Assert.Equal((2, 47, "'x' is nothing that 'instances' can be"), (bad.Problems[0].Line, bad.Problems[0].Column, bad.Problems[0].Message));
        Assert.Equal("what stands here has to be computed by node, and there is no node in PATH", failed.Problems[0].Message);
    }

    [Fact]
    public void An_environment_that_no_app_has_is_a_warning_as_with_PM2()
    {
        var result = ConfigurationFile.Read(Path.Combine(GoldenFolder.Of("pm2", "good"), "guide.config.js"), s_production);

        Assert.NotNull(result.Snapshot);
        var warning = Assert.Single(result.Problems.AsEnumerable());
        Assert.Equal((Severity.Warning, "no app has 'env_production', which '--env production' asks for"), (warning.Severity, warning.Message));
    }

    [Theory]
    [InlineData("", "the file exports nothing, or a function")]
    [InlineData("5", "text in the place of apps")]
    [InlineData("no JSON", "what node makes of the file is no configuration")]
    public void What_is_computed_and_is_no_configuration_is_told(string json, string message)
    {
        var result = ConfigurationFile.Read(Path.Combine(GoldenFolder.Of("pm2", "bad"), "computed.config.js"), new() { Evaluate = _ => (json, null) });

        Assert.Equal(message, Assert.Single(result.Problems.AsEnumerable()).Message);
    }
}

using Steelyard.Config;
using Steelyard.Docker;

namespace Steelyard.Tests.Configuration;

/// <summary>Golden/compose/swarm: Compose files whose images an engine in swarm mode is to run, as pools and as what Docker's API is told; and what is wrong with them.</summary>
public sealed class GoldenSwarm
{
    [Theory]
    [InlineData("shop.yaml", null)]
    [InlineData("mistakes.yaml", null)]
    [InlineData("none.yaml", "there is no Docker engine: no socket /run/docker.sock")]
    public void A_file_is_read_as_its_expectation_says(string name, string? whyNot)
    {
        var result = GoldenFolder.Read("compose", "swarm", name, new() { Swarm = () => new("/run/docker.sock", "folder", whyNot) });

        var text = result.Snapshot is { } snapshot ? $"{ConfigurationFile.Write(snapshot)}\n{string.Concat(snapshot.Services.AsEnumerable().Select(service => $"{SwarmSpec.Of(service)}\n"))}\n" : "";
        GoldenFile.Compare(Path.Combine(GoldenFolder.Of("compose", "swarm"), name + ".expected"), text + GoldenYaml.Print(result));
    }

    [Fact]
    public void Who_has_no_image_to_run_does_not_look_for_an_engine()
    {
        var result = GoldenFolder.Read("compose", "good", "shop.compose.yaml", new() { Swarm = () => throw new InvalidOperationException("nobody asked") });

        Assert.NotNull(result.Snapshot);
    }

    [Fact]
    public void What_a_service_was_made_from_changes_with_anything_it_says()
    {
        var service = new SwarmServiceSettings { Stack = "shop", Name = "web", Image = "a:1" };

        Assert.Equal(MadeFrom(service), MadeFrom(service with { Socket = "/elsewhere" }));
        Assert.NotEqual(MadeFrom(service), MadeFrom(service with { Image = "a:2" }));
        Assert.NotEqual(MadeFrom(service), MadeFrom(service with { Labels = [new("a", "b")] }));

        static string MadeFrom(SwarmServiceSettings service) => (string)SwarmSpec.Of(service)["Labels"]![SwarmSpec.MadeFrom]!;
    }
}

using Steelyard.EndToEnd.Strictness;
using Steelyard.Tests.Configuration;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What <see cref="LocationOracle"/> says of random files is what the real nginx does; the unit tests compare Steelyard with it.</summary>
public sealed class NginxLocationSamples
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public async Task Nginx_chooses_locations_as_the_oracle_says(int seed)
    {
        var random = new Random(seed);
        var locations = LocationOracle.Draw(random);
        var text = $"events {{ }} http {{ keepalive_requests 10000;\nserver {{ listen ADDRESS; {string.Join("\n", locations.Select(location => location.Write(name => $"return 200 {name};")))} }} }}";
        await using var nginx = ForeignProxy.StartNginx(text);
        using var client = await nginx.Connect();
        foreach (var path in LocationOracle.DrawPaths(random, 60))
        {
            await client.Send($"GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n");
            var answer = await client.ReadResponse("GET");
            var name = answer.StartLine.Contains("200", StringComparison.Ordinal) ? answer.Text : null;
            Assert.True(LocationOracle.Find(locations, path)?.Name == name, $"{path}: {name} and not {LocationOracle.Find(locations, path)?.Name}\n{text}");
        }
    }
}

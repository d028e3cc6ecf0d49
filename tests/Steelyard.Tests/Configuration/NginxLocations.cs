using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Configuration;

/// <summary>Which location of an nginx.conf takes a path: what is compiled of random files, beside <see cref="LocationOracle"/>.</summary>
public sealed class NginxLocations
{
    private const int Files = 300;
    private const int PathsOfEach = 60;

    [Fact]
    public void Locations_are_chosen_as_the_manual_says()
    {
        for (var seed = 0; seed < Files; seed++)
        {
            var random = new Random(seed);
            var locations = LocationOracle.Draw(random);
            var text = $"events {{ }} http {{ {string.Concat(locations.SelectMany(location => location.Names).Select(name => $"upstream {name} {{ server 127.0.0.1:1; }} "))}server {{ listen 127.0.0.1:8000; {string.Join("\n", locations.Select(location => location.Write(name => $"proxy_pass http://{name};")))} }} }}";
            var read = ConfigurationFile.Parse(text, "nginx.conf");
            Assert.True(read.Snapshot is not null, $"{text}\n{string.Join('\n', read.Problems.Select(problem => problem.ToString()))}");
            var table = new RouteTable(read.Snapshot.Listeners[0].Routes.AsSpan(), read.Snapshot.Pools.ToDictionary(pool => pool.Name, pool => new Pool(pool, 0)), asNginx: true);
            foreach (var path in LocationOracle.DrawPaths(random, PathsOfEach))
                Assert.True(LocationOracle.Find(locations, path)?.Name == Match(table, path), $"seed {seed}, {path}: {Match(table, path)} and not {LocationOracle.Find(locations, path)?.Name}\n{text}");
        }
    }

    private static string? Match(RouteTable table, string path)
    {
        var head = Encoding.Latin1.GetBytes($"GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n");
        var request = new RequestHead();
        request.Clear();
        Assert.Equal(HeadState.Complete, request.Read(head, 16 * 1024, 100));
        return table.Match(request, head, Encoding.Latin1.GetBytes(path)) is { Settings.Pool: { } pool } ? pool : null;
    }
}

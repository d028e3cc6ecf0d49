using System.Text;
using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Ten times the pools are ten times the work; allocated bytes are the measure, for they do not depend on the machine.</summary>
public sealed class LargeFiles
{
    [Fact]
    public void A_good_file_costs_in_proportion_to_its_size() => AssertLinear(Good);

    [Fact]
    public void A_file_full_of_mistakes_costs_in_proportion_to_its_size() => AssertLinear(Bad);

    [Fact]
    public void A_thousand_pools_of_ten_servers_are_read()
    {
        var result = ConfigurationFile.Parse(Good(1_000), "a.yaml");

        Assert.Empty(result.Problems.AsEnumerable());
        Assert.Equal(1_000, result.Snapshot!.Pools.Count);
        Assert.All(result.Snapshot.Pools.AsEnumerable(), pool => Assert.Equal(10, pool.Servers.Count));
    }

    [Fact]
    public void Networks_of_a_geo_cost_in_proportion_to_their_number()
    {
        Allocated(Geo(10), "nginx.conf");

        var (small, large) = (Allocated(Geo(500), "nginx.conf"), Allocated(Geo(5_000), "nginx.conf"));

        Assert.InRange((double)large / small, 5, 20);
    }

    /// <summary>Each key compared with all before it would take minutes.</summary>
    [Theory]
    [InlineData("compose.yaml", "x-a: {", "}\nservices: { a: { command: x } }\n")]
    [InlineData("apps.json", "{ \"apps\": [ { \"script\": \"x.js\", \"env\": {", "} } ] }")]
    [InlineData("apps.yml", "x: {", "}\napps: [ { script: x.js } ]\n")]
    public async Task Mappings_of_many_keys_cost_in_proportion_to_their_number(string name, string before, string behind)
    {
        var text = before + string.Join(", ", Enumerable.Range(0, 200_000).Select(i => $"\"k{i}\": 1")) + behind;

        var result = await Task.Run(() => ConfigurationFile.Parse(text, name), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(50), TestContext.Current.CancellationToken);

        Assert.NotNull(result.Snapshot);
    }

    [Theory]
    [InlineData("nginx.conf", "events { }\nhttp {\n", "upstream bPOOL { server 10.0.0.1:80; } server { listen PORT; location / { proxy_pass http://bPOOL; } }\n", "}")]
    [InlineData("haproxy.cfg", "defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n", "listen bPOOL\n  bind :PORT\n  http-request set-header A b if { path /POOL }\n  server a 10.0.0.1:80\n", "")]
    public void Listeners_with_pools_of_their_own_cost_in_proportion_to_their_number(string name, string before, string each, string behind)
    {
        Allocated(Text(10), name);

        var (small, large) = (Allocated(Text(100), name), Allocated(Text(1_000), name));

        Assert.InRange((double)large / small, 8, 12);

        string Text(int count) => before + string.Concat(Enumerable.Range(0, count).Select(i => each.Replace("POOL", $"{i}", StringComparison.Ordinal).Replace("PORT", $"{20_000 + i}", StringComparison.Ordinal))) + behind;
    }

    /// <summary>Each way through them walked anew would take for ever.</summary>
    [Theory]
    [InlineData(9_000, 1)]
    [InlineData(400, 400)]
    public async Task Apps_that_wait_for_others_cost_in_proportion_to_what_is_written(int count, int each)
    {
        var text = "services:\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"  s{i}: {{ command: x, depends_on: [ {string.Join(", ", Enumerable.Range(Math.Max(0, i - each), Math.Min(i, each)).Select(other => $"s{other}"))} ] }}\n"));

        var result = await Task.Run(() => ConfigurationFile.Parse(text, "compose.yaml"), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(50), TestContext.Current.CancellationToken);

        Assert.Equal(count, result.Snapshot!.Pools.Count);
    }

    [Fact]
    public void Services_that_extend_one_another_have_a_limit()
    {
        var text = "services:\n  s0: { command: x }\n" + string.Concat(Enumerable.Range(1, 65).Select(i => $"  s{i}: {{ extends: s{i - 1} }}\n"));

        var (most, more) = (ConfigurationFile.Parse(text[..text.IndexOf("  s65", StringComparison.Ordinal)], "compose.yaml"), ConfigurationFile.Parse(text, "compose.yaml"));

        Assert.Equal(65, most.Snapshot!.Pools.Count);
        Assert.Equal("more than 64 services extend one another in a row", Assert.Single(more.Problems.AsEnumerable()).Message);
    }

    [Fact]
    public async Task Services_that_extend_one_another_cost_in_proportion_to_their_number()
    {
        var text = "services:\n" + string.Concat(Enumerable.Range(0, 9_999).Select(i => $"  s{i}: {{ command: x{(i % 60 == 0 ? "" : $", extends: s{i - 1}")} }}\n"));

        var result = await Task.Run(() => ConfigurationFile.Parse(text, "compose.yaml"), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(50), TestContext.Current.CancellationToken);

        Assert.Equal(9_999, result.Snapshot!.Pools.Count);
    }

    [Fact]
    public void Variables_that_hold_each_other_have_a_limit()
    {
        var folder = Directory.CreateTempSubdirectory();
        var doubled = string.Concat(Enumerable.Repeat("$A", 100));
        File.WriteAllText(Path.Combine(folder.FullName, ".env"), "A0=0123456789\n" + string.Concat(Enumerable.Range(1, 20).Select(i => $"A{i}={doubled.Replace("A", $"{{A{i - 1}}}", StringComparison.Ordinal)}\n")));
        var file = Path.Combine(folder.FullName, "compose.yaml");
        File.WriteAllText(file, "services: { a: { command: x, environment: { A: $A20 } } }\n");

        var problem = ConfigurationFile.Read(file).Problems[0];
        folder.Delete(recursive: true);

        Assert.Equal((".env", 4, "the variables of this file are filled in with more than 4194304 characters"), (Path.GetFileName(problem.File), problem.Line, problem.Message));
    }

    [Fact]
    public void A_file_of_more_than_32_MiB_is_refused()
    {
        var result = ConfigurationFile.Parse(new string('#', (32 * 1024 * 1024) + 1), "a.yaml");

        Assert.Equal("a.yaml:1:1: error: the file is larger than 32MiB\n", GoldenYaml.Print(result).Split(" 1 |")[0]);
    }

    [Fact]
    public void One_very_long_line_is_read_and_shown_in_part()
    {
        var result = ConfigurationFile.Parse("loops: [ " + string.Join(", ", Enumerable.Repeat("abcdefghij", 100_000)) + " ]", "a.yaml");

        Assert.Null(result.Snapshot);
        Assert.InRange(GoldenYaml.Print(result).Length, 1, 2_000);
    }

    [Fact]
    public void Hosts_times_paths_have_a_limit()
    {
        var hosts = string.Join(", ", Enumerable.Range(0, 1_000).Select(i => $"h{i}.example"));
        var paths = string.Join(", ", Enumerable.Range(0, 101).Select(i => $"/{i}"));

        var result = ConfigurationFile.Parse($"listen: [ {{ bind: :80, routes: [ {{ host: [ {hosts} ], path: [ {paths} ], to: web }} ] }} ]\npools: {{ web: {{ servers: [ a:1 ] }} }}\n", "a.yaml");

        Assert.Equal("more than 100000 routes, each host counted with each path", Assert.Single(result.Problems.AsEnumerable()).Message);
    }

    private static void AssertLinear(Func<int, string> write)
    {
        Allocated(write(10));

        var (small, large) = (Allocated(write(500)), Allocated(write(5_000)));

        Assert.InRange((double)large / small, 8, 12);
    }

    private static long Allocated(string text, string name = "a.yaml")
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        ConfigurationFile.Parse(text, name);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    internal static string Good(int pools)
    {
        var text = new StringBuilder("listen:\n  - bind: :8080\n    routes:\n");
        for (var i = 0; i < pools; i++)
            text.Append($"      - {{ host: h{i}.example.com, path: /v{i}/*, to: pool-{i} }}\n");
        text.Append("pools:\n");
        for (var i = 0; i < pools; i++)
        {
            text.Append($"  pool-{i}:\n    balance: round-robin\n    servers:\n");
            for (var server = 0; server < 10; server++)
                text.Append($"      - {{ address: 10.{i / 250}.{i % 250}.{server}:3000, weight: 2 }}\n");
        }

        return text.ToString();
    }

    // Every other network is taken out again.
    private static string Geo(int networks)
    {
        var text = new StringBuilder("events { }\nhttp {\n  geo $zone {\n    default 9;\n");
        for (var i = 0; i < networks; i++)
            text.Append($"    10.0.{i / 250}.{i % 250} {i % 7};\n");
        for (var i = 0; i < networks; i += 2)
            text.Append($"    delete 10.0.{i / 250}.{i % 250};\n");
        return text.Append("  }\n  server { listen 8080; location / { return 200 $zone; } }\n}\n").ToString();
    }

    // Every route leads nowhere, every pool is there twice, every server too.
    private static string Bad(int pools)
    {
        var text = new StringBuilder("listen:\n  - bind: :8080\n    routes:\n");
        for (var i = 0; i < pools; i++)
            text.Append($"      - {{ host: h{i % 100}.example.com, to: pol-{i:D9} }}\n");
        text.Append("pools:\n");
        for (var i = 0; i < pools; i++)
            text.Append($"  pool-{i / 2:D9}: {{ severs: [], servers: [ a:1, a:1 ] }}\n");
        return text.ToString();
    }
}

using System.Globalization;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Workers;

/// <summary>What the process holds that is to live for years beside its workers.</summary>
public sealed class KeeperMemoryTests : WorkerFixture
{
    private const int Most = 16 * 1024;

    [Fact]
    public async Task The_keeper_of_sixteen_workers_stays_below_16_MB()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("STEELYARD_PROGRAM") is null, "That is a bound on the native program, which STEELYARD_PROGRAM names.");
        Folder.Write("app.js", "require('http').createServer((request, response) => response.end(request.url === '/pid' ? `${process.pid}` : 'ok')).listen(3000);");
        Write("node app.js", instances: 16);
        await using var up = Up();
        var url = await UrlAsync(up);
        Assert.Equal("ok", await Client.GetStringAsync(url, Cancel));

        // Its own, and its share of the program file that guard and engine have open too.
        var held = 0;
        await Patience.Until(() => Task.FromResult((held = KilobytesOf(up.Id, "Pss:")) < Most), () => $"{held} KB are below {Most} KB");
        await Patience.Until(() => Task.FromResult((held = KilobytesOf(up.Id, "Private_Dirty:")) < Most / 2), () => $"{held} KB of its own are below {Most / 2} KB");

        // What a command needs is given back.
        Assert.Equal(0, (await Ask("reload")).Status);
        await Patience.Until(() => Task.FromResult((held = KilobytesOf(up.Id, "Pss:")) < Most), () => $"after a reload, {held} KB are below {Most} KB");

        // What it took to start another worker is, too, without anybody asking.
        var before = KilobytesOf(up.Id, "Rss:");
        SteelyardProcess.Kill(int.Parse(await Client.GetStringAsync(new Uri(url, "/pid"), Cancel), CultureInfo.InvariantCulture));
        await Patience.Until(() => Task.FromResult((held = KilobytesOf(up.Id, "Rss:")) > before + 1024), () => $"a start has needed something: {held} KB, {before} KB before");
        await Patience.Until(() => Task.FromResult((held = KilobytesOf(up.Id, "Rss:")) < before + 1024), () => $"after a start, {held} KB are what they were before: {before} KB");
    }

    private static int KilobytesOf(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/smaps_rollup").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

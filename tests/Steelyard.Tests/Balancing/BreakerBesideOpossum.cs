using System.Diagnostics;
using System.Text.Json;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Tests.House;

namespace Steelyard.Tests.Balancing;

/// <summary>The breaker and the real opossum play the same scripts on simulated time, and are compared after each step.</summary>
public sealed class BreakerBesideOpossum
{
    private static readonly string s_folder = Path.Combine(Repository.Root, "tests", "opossum");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void They_do_the_same_at_every_step(int seed)
    {
        var random = new Random(seed);
        var settings = new BreakerSettings
        {
            Timeout = random.Next(4) == 0 ? null : TimeSpan.FromMilliseconds(10 * random.Next(5, 40)),
            Errors = random.Next(0, 90),
            Reset = TimeSpan.FromMilliseconds((10 * random.Next(10, 200)) + 4),
            Volume = random.Next(0, 8),
            Window = TimeSpan.FromMilliseconds(1000 * random.Next(1, 10)),
            Buckets = random.Next(2) == 0 ? 10 : 5,
            Capacity = random.Next(2) == 0 ? null : random.Next(1, 4),
        };

        // No two things happen in the same millisecond but calls that end together, whose order then is that of their timers.
        var steps = new List<Step>();
        for (var (at, i) = (1, 0); i < 200; i++)
        {
            at += 10 * random.Next(random.Next(6) == 0 ? 200 : 12);
            var troubled = i / 25 % 2 == 1;
            steps.Add(random.Next(10) == 0 ? new(at, "look") : new(at, "call", random.Next(10) < (troubled ? 6 : 1) ? random.Next(5) == 0 ? "never" : "error" : "ok", (10 * random.Next(40)) + 2));
        }

        var (expected, actual) = (PlayOpossum(settings, steps), Play(settings, steps));
        for (var i = 0; i < steps.Count; i++)
            Assert.True(expected[i] == actual[i], $"Step {i}, {steps[i]}: opossum has {expected[i]}, the breaker {actual[i]}.");
        Assert.Contains(expected, line => line.Contains("HalfOpen", StringComparison.Ordinal));
        Assert.Contains(expected, line => line.Contains("Open", StringComparison.Ordinal));
    }

    private sealed record Step(int At, string Do, string End = "", int After = 0);

    private static List<string> Play(BreakerSettings settings, List<Step> steps)
    {
        var breaker = new Breaker(settings);
        var timers = new PriorityQueue<(BreakerVerdict Verdict, string End, int Call), (int At, int Order)>();
        var ended = new HashSet<int>();
        var (calls, order) = (0, 0);
        var lines = new List<string>();
        foreach (var step in steps)
        {
            while (timers.TryPeek(out var next, out var due) && due.At <= step.At)
            {
                timers.Dequeue();
                if (!ended.Add(next.Call))
                    continue;
                if (next.End == "ok")
                    breaker.Succeeded(due.At);
                else if (next.End == "error")
                    breaker.Failed(due.At);
                else
                    breaker.TimedOut(due.At);
            }

            if (step.Do == "call" && breaker.Enter(step.At) is var verdict and (BreakerVerdict.Passed or BreakerVerdict.Trial))
            {
                calls++;
                if (settings.Timeout is { } timeout)
                    timers.Enqueue((verdict, "timeout", calls), (step.At + (int)timeout.TotalMilliseconds, order++));
                if (step.End != "never")
                    timers.Enqueue((verdict, step.End, calls), (step.At + step.After, order++));
            }

            var (failed, all) = breaker.Recent(step.At);
            var state = breaker.StateAt(step.At);
            var counts = breaker.Counts;
            lines.Add(string.Join(
                ' ',
                state,
                breaker.AwaitsTrial(step.At) ? "true" : "false",
                all,
                failed,
                counts.Calls,
                counts.Successes,
                counts.Failures,
                counts.Timeouts,
                counts.Rejects,
                counts.Full,
                counts.Opened,
                counts.HalfOpened,
                counts.Closed));
        }

        return lines;
    }

    private static List<string> PlayOpossum(BreakerSettings settings, List<Step> steps)
    {
        Assert.True(Directory.Exists(Path.Combine(s_folder, "node_modules", "opossum")), "test.sh installs opossum: npm ci --prefix tests/opossum");
        var script = new Dictionary<string, object>
        {
            ["options"] = Options(settings),
            ["steps"] = steps.ConvertAll(step => new Dictionary<string, object> { ["at"] = step.At, ["do"] = step.Do, ["end"] = step.End, ["after"] = step.After }),
        };
        using var node = Process.Start(new ProcessStartInfo("node", ["--no-warnings", Path.Combine(s_folder, "play.js")]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        node.StandardInput.Write(JsonSerializer.Serialize(script));
        node.StandardInput.Close();
        var lines = node.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        node.WaitForExit();
        Assert.Equal((0, steps.Count), (node.ExitCode, lines.Length));
        return [.. lines.Select(line => string.Join(' ', JsonDocument.Parse(line).RootElement.EnumerateArray().Select(value => value.ToString().Replace("True", "true", StringComparison.Ordinal).Replace("False", "false", StringComparison.Ordinal))))];
    }

    private static Dictionary<string, object> Options(BreakerSettings settings)
    {
        var options = new Dictionary<string, object>
        {
            ["timeout"] = settings.Timeout is { } timeout ? timeout.TotalMilliseconds : false,
            ["errorThresholdPercentage"] = settings.Errors,
            ["resetTimeout"] = settings.Reset.TotalMilliseconds,
            ["volumeThreshold"] = settings.Volume,
            ["rollingCountTimeout"] = settings.Window.TotalMilliseconds,
            ["rollingCountBuckets"] = settings.Buckets,
        };
        if (settings.Capacity is { } capacity)
            options["capacity"] = capacity;
        return options;
    }
}

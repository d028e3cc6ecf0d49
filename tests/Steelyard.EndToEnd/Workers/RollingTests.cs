using System.Globalization;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Workers;

/// <summary>Workers of several runtimes are replaced, added and taken away under load, and nobody notices.</summary>
[Trait("Lane", "apps")]
public sealed class RollingTests : WorkerFixture
{
    private const string Quick = "rolling: { monitor: 0s }";

    [Theory]
    [InlineData("node")]
    [InlineData("python")]
    [InlineData("activated")]
    [InlineData("c")]
    [InlineData("aspnet")]
    public async Task Restart_scaling_and_reload_cost_no_request(string kind)
    {
        Delay = 50;
        var listen = kind == "activated" ? "listen: activation" : "listen: auto";
        var command = WorkerApps.Put(kind, Folder);
        Write(command, 2, "one", Quick, listen, kind == "aspnet" ? "ready: { on: http, path: /health, within: 1m }" : "ready: { within: 1m }");
        await using var up = Up();
        var url = await UrlAsync(up);

        // All of them take their time: some are in flight whenever a worker has to leave.
        var load = new WorkerLoad(url, path: kind == "aspnet" ? $"/?delay={Delay}" : "/");
        await load.AnsweredByAsync("one");

        Assert.Equal((0, "restarted: web has 2 workers\n", ""), await Ask("restart"));
        await load.AnsweredByAsync("one");
        Assert.Equal(0, (await Ask("scale", "web+1")).Status);
        await load.AnsweredByAsync("one", 10);
        Assert.Equal((0, "scaled: web has 2 workers, before 3\n", ""), await Ask("scale", "web=-1"));
        Write(command, 2, "two", Quick, listen, "ready: { within: 1m }");
        var reload = await Ask("reload");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        Assert.True(reload.Status == 0, reload.Error);
        Assert.Empty(load.Failures);

        // Two, their successors, a third, and two of the new version.
        Assert.InRange(load.Answers.Count, 6, 7);
        Assert.Equal("", up.Error);
        up.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
    }

    // In flight for longer than anything else that happens; SIGTERM ends this app at once.
    [Fact]
    public async Task Answers_that_take_800_ms_are_waited_for()
    {
        Delay = 800;
        Write(WorkerApps.Put("node", Folder), 2, "one", Quick);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up), kept: 8, single: 4);
        await load.AnsweredByAsync("one");

        Assert.Equal(0, (await Ask("restart")).Status);
        Assert.Equal(0, (await Ask("scale", "web=1")).Status);
        await load.AnsweredByAsync("one", 12);
        await load.EndAsync();

        Assert.Empty(load.Failures);
        Assert.Equal("", up.Error);
    }

    [Theory]
    [InlineData("broken", "ended with exit code 1 before it accepted a connection", "no such database")]
    [InlineData("mute", "did not accept connections on", "")]
    [InlineData("shortlived", "ended with exit code 5 within the 5 s that new workers are watched", "lost the database")]
    public async Task A_version_that_fails_leaves_the_old_one_serving(string mode, string reason, string lastWords)
    {
        var command = WorkerApps.Put("python", Folder);
        string[] settings = ["rolling: { monitor: 5s }", "ready: { within: 3s }"];
        Write(command, 2, "one", settings);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up));
        await load.AnsweredByAsync("one");

        Write($"{command} {mode}", 2, "two", settings);
        var (status, _, error) = await Ask("reload");
        await load.AnsweredByAsync("one");
        await load.EndAsync();

        Assert.Equal(1, status);
        Assert.Contains($"web/1 {reason}", error, StringComparison.Ordinal);
        Assert.Contains(lastWords, error, StringComparison.Ordinal);
        Assert.Contains("the configuration stays as it was", error, StringComparison.Ordinal);
        Assert.Empty(load.Failures);
        Assert.Equal(2, load.Answers.Keys.Count(answer => answer.StartsWith("one", StringComparison.Ordinal)));
    }

    // To end well is what a job is for; of one that requests go to it is a failure like any other.
    [Fact]
    public async Task A_version_that_ends_well_where_requests_go_to_it_has_failed()
    {
        string[] settings = ["ready: delay", "restart: { on: failure }"];
        Write(WorkerApps.Put("python", Folder), 1, "one", settings);
        await using var up = Up();
        var url = await UrlAsync(up);

        Write("true", 1, "two", settings);
        var (status, _, error) = await Ask("reload");

        Assert.Equal(1, status);
        Assert.Contains("web/1 ended with exit code 0 before it", error, StringComparison.Ordinal);
        Assert.StartsWith("one ", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_only_worker_too_is_replaced_by_one_that_soon_dies_without_a_request_that_fails()
    {
        var command = WorkerApps.Put("python", Folder);
        const string Settings = "rolling: { monitor: 5s }";
        Write(command, 1, "one", Settings);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up));
        await load.AnsweredByAsync("one");

        Write($"{command} shortlived", 1, "two", Settings);
        Assert.Equal(1, (await Ask("reload")).Status);
        await load.AnsweredByAsync("one");
        await load.EndAsync();

        Assert.Contains(load.Answers.Keys, answer => answer.StartsWith("two", StringComparison.Ordinal));
        Assert.Empty(load.Failures);
    }

    // What it has started holds its output, which is waited for, for longer than the new one is watched.
    [Fact]
    public async Task A_version_that_dies_and_leaves_a_child_behind_has_failed_when_it_died()
    {
        var command = WorkerApps.Put("python", Folder);
        const string Settings = "rolling: { monitor: 1s }";
        Write(command, 2, "one", Settings);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up));
        await load.AnsweredByAsync("one");

        Write($"{command} leaves", 2, "two", Settings);
        var (status, _, error) = await Ask("reload");
        await load.AnsweredByAsync("one");
        await load.EndAsync();

        Assert.Equal(1, status);
        Assert.Contains("web/1 ended with exit code 5 within the 1 s that new workers are watched (rolling: monitor)\n", error, StringComparison.Ordinal);
        Assert.Contains("lost the database", error, StringComparison.Ordinal);
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_worker_that_holds_too_much_memory_is_replaced()
    {
        Write(WorkerApps.Put("python", Folder), 2, "one", Quick, "most-memory: 80MiB");
        await using var up = Up();
        var url = await UrlAsync(up);
        var load = new WorkerLoad(url);
        await load.AnsweredByAsync("one");
        await Client.GetStringAsync(new Uri(url, "/grow"), Cancel);
        await Client.GetStringAsync(new Uri(url, "/grow"), Cancel);

        await up.ErrorLineAsync("and is replaced (most-memory: 80MiB)");
        await Patience.Until(() => load.Answers.Count >= 3);
        await load.EndAsync();

        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task There_are_as_many_workers_as_there_is_work_for()
    {
        Delay = 200;
        Write(WorkerApps.Put("node", Folder), 1, "one", "scale: { max: 3, concurrency: 2, up-after: 1s, down-after: 1s }");
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up), kept: 6, single: 0);

        await up.LineAsync("web gets 3 workers instead of ");
        await Patience.Until(() => load.Answers.Count == 3);
        Assert.Equal((1, "steelyard: web has from 1 to 3 workers (scale), not 4\n"), (await Ask("scale", "web=4")) is var (status, _, error) ? (status, error) : default);
        await load.EndAsync();
        await up.LineAsync("web gets 1 worker instead of ");

        Assert.Empty(load.Failures);
    }

    // The old one holds what the new one needs.
    [Fact]
    public async Task With_stop_first_the_old_one_has_ended_before_the_new_one_is_started()
    {
        var command = WorkerApps.Put("python", Folder) + " alone";
        string[] settings = ["rolling: { order: stop-first, monitor: 0s }"];
        Write(command, 1, "one", settings);
        await using var up = Up();
        var url = await UrlAsync(up);

        Write(command, 1, "two", settings);
        Assert.Equal(0, (await Ask("reload")).Status);

        Assert.StartsWith("two ", await Client.GetStringAsync(url, Cancel), StringComparison.Ordinal);
        Assert.Equal("", up.Error);
    }

    // What it has started holds its output a second longer, so that its end is known after the other has its place.
    [Fact]
    public async Task Who_dies_while_the_next_one_is_watched_is_not_started_again()
    {
        Write(WorkerApps.Put("python", Folder) + " forks", 1, "one", "rolling: { monitor: 700ms }");
        await using var up = Up();
        var url = await UrlAsync(up);
        var old = (await Client.GetStringAsync(url, Cancel)).Split(' ')[1];
        await using var restart = Up("restart");
        await Patience.Until(async () => !(await Client.GetStringAsync(url, Cancel)).EndsWith($" {old}", StringComparison.Ordinal), () => up.Error);

        SteelyardProcess.Kill(int.Parse(old, CultureInfo.InvariantCulture));
        Assert.Equal(0, await restart.ExitAsync());
        Assert.Equal(0, (await Ask("scale", "web=2")).Status);

        Assert.Equal(3, up.Output.Split("listening as ").Length - 1);
    }

    [Fact]
    public async Task With_pause_the_workers_that_are_replaced_stay_so_and_the_others_are_not_tried()
    {
        var command = WorkerApps.Put("python", Folder);
        string[] settings = ["rolling: { monitor: 0s, on-failure: pause }"];
        Write(command, 3, "one", settings);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up));
        await load.AnsweredByAsync("one");

        Write($"{command} late{{instance}}", 3, "two", settings);
        var (status, _, error) = await Ask("reload");
        await load.AnsweredByAsync("one");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        Assert.Equal(1, status);
        Assert.Contains("web/2 ended with exit code 1 before it accepted a connection", error, StringComparison.Ordinal);
        Assert.Contains("1 of 3 are replaced and stay so (rolling: on-failure)", error, StringComparison.Ordinal);
        Assert.Empty(load.Failures);

        // Three of the old version and one of the new.
        Assert.Equal((3, 1), (Of("one"), Of("two")));

        int Of(string version) => load.Answers.Keys.Count(answer => answer.StartsWith(version, StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_continue_the_workers_that_can_be_replaced_are_and_the_failure_is_told()
    {
        var command = WorkerApps.Put("python", Folder);
        string[] settings = ["rolling: { monitor: 0s, on-failure: continue }"];
        Write(command, 2, "one", settings);
        await using var up = Up();
        var load = new WorkerLoad(await UrlAsync(up));
        await load.AnsweredByAsync("one");

        Write($"{command} broken{{instance}}", 2, "two", settings);
        var (status, _, error) = await Ask("reload");
        await load.AnsweredByAsync("one");
        await load.AnsweredByAsync("two");
        await load.EndAsync();

        Assert.Equal(1, status);
        Assert.Contains("web/1 ended with exit code 1 before it accepted a connection", error, StringComparison.Ordinal);
        Assert.Contains("1 of 2 are replaced (rolling: on-failure)", error, StringComparison.Ordinal);
        Assert.Empty(load.Failures);
    }
}

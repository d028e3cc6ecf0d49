using Steelyard.Apps;
using Steelyard.Config;

namespace Steelyard.Tests.Apps;

public sealed class CommandTemplateTests
{
    private static readonly string[] ThisProgram = ["/usr/bin/dotnet", "/opt/steelyard.dll"];

    [Fact]
    public void Each_instance_is_told_its_place_and_number()
    {
        var template = new CommandTemplate(["node", "app.js", "--listen=127.0.0.1:{port}", "n{instance}of{instance}"]);

        var words = template.Fill(2, socket: null, port: 40001, ThisProgram);

        Assert.Equal(["node", "app.js", "--listen=127.0.0.1:40001", "n2of2"], words);
    }

    [Fact]
    public void Steelyard_as_first_word_is_this_very_program()
    {
        var template = new CommandTemplate(["steelyard", "whoami", "-l", "unix:{socket}", "-n", "steelyard"]);

        var words = template.Fill(1, "/run/a.sock", port: null, ThisProgram);

        Assert.Equal(["/usr/bin/dotnet", "/opt/steelyard.dll", "whoami", "-l", "unix:/run/a.sock", "-n", "steelyard"], words);
    }

    [Theory]
    [InlineData("run {socket}", WorkerListen.Socket)]
    [InlineData("run {port}", WorkerListen.Port)]
    [InlineData("run --metrics={port} {socket}", WorkerListen.Socket)]
    [InlineData("run app.js", WorkerListen.Port)]
    [InlineData("node app.js", WorkerListen.Cluster)]
    [InlineData("/usr/bin/node app.js", WorkerListen.Cluster)]
    [InlineData("./server.mjs", WorkerListen.Cluster)]
    [InlineData("node app.js {port}", WorkerListen.Port)]
    [InlineData("node app.js {socket}", WorkerListen.Socket)]
    [InlineData("npm start", WorkerListen.Port)]
    public void How_an_app_is_reached_is_told_by_its_command(string command, WorkerListen listen)
    {
        Assert.Equal(listen, new AppSettings { Command = [.. command.Split(' ')] }.ListensBy);
    }

    [Fact]
    public void A_node_app_that_is_told_its_port_by_a_variable_has_one()
    {
        var app = new AppSettings { Command = ["node", "app.js"], Environment = [new("PORT", "{port}")] };

        Assert.Equal(WorkerListen.Port, app.ListensBy);
        Assert.Equal(WorkerListen.Cluster, (app with { Listen = WorkerListen.Cluster }).ListensBy);
    }

    [Fact]
    public void The_development_host_starts_alone_and_dotnet_needs_the_assembly()
    {
        Assert.Equal(["/opt/steelyard"], Steelyard.Apps.ThisProgram.WordsFor("/opt/steelyard", "/opt/steelyard.dll"));
        Assert.Equal(ThisProgram, Steelyard.Apps.ThisProgram.WordsFor("/usr/bin/dotnet", "/opt/steelyard.dll"));
    }
}

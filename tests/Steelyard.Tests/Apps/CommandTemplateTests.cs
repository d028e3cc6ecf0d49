using Steelyard.Apps;

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
    [InlineData("{socket}", true, false)]
    [InlineData("{port}", false, true)]
    [InlineData("--metrics={port} {socket}", true, true)]
    [InlineData("app.js", false, true)]
    public void A_command_without_a_place_listens_on_the_port_it_is_told(string word, bool socket, bool port)
    {
        var template = new CommandTemplate(["run", word]);

        Assert.Equal((socket, port), (template.UsesSocket, template.UsesPort));
    }

    [Fact]
    public void The_development_host_starts_alone_and_dotnet_needs_the_assembly()
    {
        Assert.Equal(["/opt/steelyard"], Steelyard.Apps.ThisProgram.WordsFor("/opt/steelyard", "/opt/steelyard.dll"));
        Assert.Equal(ThisProgram, Steelyard.Apps.ThisProgram.WordsFor("/usr/bin/dotnet", "/opt/steelyard.dll"));
    }
}

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
    [InlineData("{socket}", true)]
    [InlineData("{port}", false)]
    [InlineData("--metrics={port} {socket}", true)]
    [InlineData("app.js", false)]
    public void A_command_that_names_a_socket_has_one(string word, bool socket)
    {
        Assert.Equal(socket, new CommandTemplate(["run", word]).UsesSocket);
    }

    [Fact]
    public void The_development_host_starts_alone_and_dotnet_needs_the_assembly()
    {
        Assert.Equal(["/opt/steelyard"], Steelyard.Apps.ThisProgram.WordsFor("/opt/steelyard", "/opt/steelyard.dll"));
        Assert.Equal(ThisProgram, Steelyard.Apps.ThisProgram.WordsFor("/usr/bin/dotnet", "/opt/steelyard.dll"));
    }
}

using Steelyard.Commands;
using Steelyard.Config.Nginx;

namespace Steelyard.Tests.Commands;

/// <summary>The flags of the program under the name nginx, and the directives that stand among them.</summary>
public sealed class NginxFlagTests
{
    [Fact]
    public void Flags_stand_together_or_alone()
    {
        var flags = new NginxFlags();

        Assert.Null(flags.Read(["-tq", "-c", "a.conf", "-p/prefix", "-g", "daemon off; pid run.pid;", "-e", "stderr", "-s", "reload"]));

        Assert.Equal((true, true, false), (flags.Test, flags.Quiet, flags.Dump));
        Assert.Equal(("a.conf", "/prefix", "daemon off; pid run.pid;", "stderr", "reload"), (flags.File, flags.Prefix, flags.Directives, flags.ErrorLog, flags.Signal));
    }

    [Theory]
    [InlineData("invalid option: \"x\"", "-x")]
    [InlineData("invalid option: \"x\"", "-tx")]
    [InlineData("invalid option: \"conf\"", "conf")]
    [InlineData("invalid option: \"-s halt\"", "-s", "halt")]
    [InlineData("option \"-c\" requires file name", "-c")]
    [InlineData("option \"-p\" requires directory name", "-t", "-p")]
    [InlineData("option \"-g\" requires parameter", "-g", "")]
    public void What_is_wrong_is_said_in_nginxs_words(string mistake, params string[] args) => Assert.Equal(mistake, new NginxFlags().Read(args));

    [Fact]
    public void What_stands_on_the_command_line_goes_before_the_file()
    {
        const string File = "pid file.pid; error_log /var/log/error.log warn; http { server { listen 80; } }";

        var (alone, both) = (NginxProgram.Read("", File), NginxProgram.Read("pid 'line.pid'; daemon off;", File));

        Assert.Equal(("file.pid", true, "/var/log/error.log"), (alone.PidFile, alone.Daemon, alone.ErrorLog));
        Assert.Equal(("line.pid", false, "/var/log/error.log"), (both.PidFile, both.Daemon, both.ErrorLog));
        Assert.Equal((null, true, null), NginxProgram.Read("", "http { broken") is var broken ? (broken.PidFile, broken.Daemon, broken.ErrorLog) : default);
    }

    [Theory]
    [InlineData("daemn off;", "unknown directive \"daemn\" in command line")]
    [InlineData("listen 80;", "\"listen\" directive is not allowed here in command line")]
    [InlineData("daemon maybe;", "invalid value \"maybe\" in \"daemon\" directive, it must be \"on\" or \"off\" in command line")]
    [InlineData("pid;", "invalid number of arguments in \"pid\" directive in command line")]
    [InlineData("daemon off", "unexpected end of parameter, expecting \";\" in command line")]
    public void What_is_wrong_with_it_is_said_too(string directives, string mistake) => Assert.Equal(mistake, NginxProgram.Read(directives, "").Mistake);
}

using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>Keeper and engine as a service of the system: told of to its manager, run as another user, the first process of a container.</summary>
public sealed class ServiceTests : KeeperRun
{
    [Fact]
    public async Task A_service_manager_is_told_how_it_is()
    {
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(Folder.At("notify")));
        await using var origin = Origin();
        await using var up = SteelyardProcess.Start(["up", Write(origin)], new(Environment) { ["NOTIFY_SOCKET"] = Folder.At("notify") });

        Assert.Equal("READY=1", await NextAsync());
        var before = Stopwatch.GetTimestamp() / 1000;
        up.Signal(PosixSignal.SIGHUP);
        var reloading = await NextAsync();
        Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", reloading, StringComparison.Ordinal);
        Assert.InRange(long.Parse(reloading.Split('=')[2]), before, Stopwatch.GetTimestamp() / 1000);
        Assert.Equal("READY=1", await NextAsync());
        up.Signal(PosixSignal.SIGTERM);
        Assert.Equal("STOPPING=1", await NextAsync());
        Assert.Equal(0, await up.ExitAsync());

        async Task<string> NextAsync()
        {
            var buffer = new byte[1000];
            var length = await manager.ReceiveAsync(buffer, Cancel).AsTask().Patiently("word from the program");
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
    }

    [Fact]
    public async Task The_engine_becomes_another_user()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root can become somebody else.");
        await using var origin = Origin();
        await using var up = await UpAsync(Write(origin, more: "user: nobody"));
        var address = await AddressAsync(up);
        using var client = await RawClient.Connect(address);
        Assert.Equal("ok", (await client.Ask(Get)).Text);

        var status = await File.ReadAllLinesAsync($"/proc/{EngineOf(up)}/status", Cancel);
        Assert.Contains("Uid:\t65534\t65534\t65534\t65534", status);
        Assert.Contains("CapEff:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
    }

    [Fact]
    public async Task An_engine_of_another_user_serves_with_keys_that_it_may_not_read_and_sees_them_renewed()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root can become somebody else.");
        await using var origin = Origin();
        using var certificates = new TestCertificates();
        IssueOneFile(certificates);
        File.SetUnixFileMode(certificates.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var up = await UpAsync(Write(origin, more: "user: nobody", listener: $"tls: {{ certificate: {certificates.PathOf("both.pem")} }}, "));
        var address = await AddressAsync(up);
        using var client = await RawClient.Connect(address, tls: certificates.Client());
        Assert.Equal("ok", (await client.Ask(Get)).Text);
        Assert.Contains("Uid:\t65534\t65534\t65534\t65534", await File.ReadAllLinesAsync($"/proc/{EngineOf(up)}/status", Cancel));

        IssueOneFile(certificates);
        await up.ErrorLineAsync("both.pem has changed: new connections get the new certificate");
        using var next = await RawClient.Connect(address, tls: certificates.Client());
        Assert.Equal("ok", (await next.Ask(Get)).Text);
        Assert.NotEqual(client.Tls!.RemoteCertificate!.GetSerialNumberString(), next.Tls!.RemoteCertificate!.GetSerialNumberString());
    }

    [Fact]
    public async Task An_unknown_user_is_an_error_at_the_start()
    {
        await using var origin = Origin();
        var (status, _, error) = await SteelyardProcess.RunAsync(["up", Write(origin, more: "user: nobody-here")], Environment);
        Assert.Equal(1, status);
        Assert.Contains("there is no user 'nobody-here' on this machine", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_process_1_of_a_container_it_keeps_exit_codes_and_takes_orphans()
    {
        Assert.SkipUnless(System.Environment.UserName == "root", "Only root has namespaces for certain.");
        Folder.Write("app.sh", "#!/bin/sh\n(sleep 0.2; exit 5) &\nexec \"$@\"\n");
        var file = Folder.Write("steelyard.yaml", $$"""
            listen: [ { bind: 127.0.0.1:0, to: web } ]
            pools: { web: { app: { command: "sh app.sh sh -c '{{SteelyardProcess.Program}} whoami --listen unix:{socket}; exit 9'" } } }
            """);
        await using var up = SteelyardProcess.StartProgram("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", SteelyardProcess.Program, "up", file], Environment);
        var url = await AddressAsync(up);
        using var client = await RawClient.Connect(url);
        await client.Ask(Get);

        var keeper = Processes.ChildrenOf(up.Id).Single();
        await Patience.Until(() => !Processes.ChildrenOf(keeper).Any(Processes.IsZombie));
        SteelyardProcess.Signal(keeper, PosixSignal.SIGTERM);
        Assert.Equal(0, await up.ExitAsync());
        Assert.Contains("stopped", up.Output, StringComparison.Ordinal);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;
using Steelyard.EndToEnd.Strictness;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What the real HAProxy says to servers to see whether they are well Steelyard says too, byte by byte, and believes them alike.</summary>
public sealed class HaproxyCheckBytes
{
    private const string MySqlHello = "4A0000000A352E372E33330001000000616263646566676800FFF7210200FF811500000000000000000000616263646566676869" + "6A6B6C006D7973716C5F6E61746976655F70617373776F726400";

    /// <summary>Lines of a backend, what a server says first, what it says to each thing that it hears, and whether it is well. Of what it hears the 4 bytes of a time are not compared.</summary>
    public static TheoryData<string, string, string[], bool> Checks => new()
    {
        { "option redis-check", "", ["+PONG\r\n"], true },
        { "option redis-check", "", ["-ERR\r\n"], false },
        { "option smtpchk", "220 hi\r\n", ["250 ok\r\n", "221 bye\r\n"], true },
        { "option smtpchk EHLO example.org", "220 hi\r\n", ["250-a\r\n250 b\r\n", "221 bye\r\n"], true },
        { "option smtpchk", "520 no\r\n", [], false },
        { "option ldap-check", "", ["0x300C02010161070A010004000400"], true },
        { "option ldap-check", "", ["0x300C02010161070A013104000400"], false },
        { "option mysql-check", "0x" + MySqlHello, [], true },
        { "option mysql-check user hap", "0x" + MySqlHello, ["0x0700000200000002000000"], true },
        { "option mysql-check user hap", "0x" + MySqlHello, ["0x09000002FF15042332383030"], false },
        { "option mysql-check user hap pre-41", "0x" + MySqlHello, ["0x0700000200000002000000"], true },
        { "option pgsql-check user hap", "", ["0x520000000800000000"], true },
        { "option pgsql-check user hap", "", ["0x450000000A00000000FF"], false },
        { "option ssl-hello-chk", "", ["0x15030000020228"], true },
        { "option tcp-check\n tcp-check expect string prêt\n tcp-check send \"€ \\xE2\\x82\\xACé\\xE9\"\n tcp-check expect rstring ^\\xC3ê?é$\n tcp-check send 日\n tcp-check expect string \"\\xEA\"", "0x7072C3AA74", ["0xC3C3AAC3A9", "0xEA"], true },
        { "option tcp-check\n tcp-check expect string READY\n tcp-check send PING\\r\\n\n tcp-check expect rstring ^PO.G\n tcp-check send-binary 000aff\n tcp-check expect binary 0102\n tcp-check expect rbinary ^0102FF$", "READY\n", ["PONG", "0x0102FF"], true },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect ! string bad", "", ["very bad"], false },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect min-recv 4 ! string bad", "", ["good"], true },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect min-recv 4 ! rstring ^.ad", "", ["bad!"], false },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect min-recv 0 ! string bad\n tcp-check send TWO\n tcp-check expect rstring ^w", "", ["ok then", "well"], true },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect comment x min-recv 3 string good", "", ["fair"], false },
        { "option tcp-check\n tcp-check send ONE\n tcp-check expect min-recv 2 binary 0102", "", ["0x0102"], true },
        { "option tcp-check\n tcp-check connect\n tcp-check send A\n tcp-check expect string a\n tcp-check connect comment again\n tcp-check send B\n tcp-check expect string b", "", ["ab"], true },
    };

    [Theory, MemberData(nameof(Checks))]
    public async Task What_is_asked_is_the_same(string lines, string first, string[] answers, bool well)
    {
        using var server = new TalkingServer(first, answers);
        var configuration = $"""
            defaults
             timeout client 5s
             timeout server 5s
             timeout connect 2s
             timeout check 2s
            frontend front
             bind ADDRESS
             default_backend back
            backend back
             {lines}
             server one {server.Address} check inter 300ms fall 1 rise 1

            """;
        var connections = lines.Split("tcp-check connect").Length > 2 ? 2 : 1;
        List<string> theirs = [], ours = [];
        await using (ForeignProxy.StartHaProxy(configuration))
        {
            for (var i = 0; i < connections; i++)
                theirs.Add(await server.Next());
        }

        server.Forget();
        await using var balancer = TestBalancer.Start(ConfigurationFile.Parse(configuration.Replace("ADDRESS", "127.0.0.1:0", StringComparison.Ordinal), "checks.cfg"));
        for (var i = 0; i < connections; i++)
            ours.Add(await server.Next());
        Assert.Equal(theirs, ours);
        await Patience.Until(() => balancer.Servers[0].Up == well && (well || balancer.Servers[0].Asked));
    }

    /// <summary>A server that says something at once, and an answer for each thing that it hears.</summary>
    private sealed class TalkingServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Channel<string> _heard = Channel.CreateUnbounded<string>();
        private readonly byte[] _first;
        private readonly byte[][] _answers;

        public TalkingServer(string first, string[] answers)
        {
            (_first, _answers) = (Bytes(first), Array.ConvertAll(answers, Bytes));
            _listener.Start();
            _ = Serve();
        }

        public NetworkAddress Address => NetworkAddress.ForHost("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);

        public Task<string> Next() => _heard.Reader.ReadAsync().AsTask().Patiently("a check");

        public void Forget()
        {
            while (_heard.Reader.TryRead(out _))
            {
                // What was heard of the one before.
            }
        }

        public void Dispose() => _listener.Dispose();

        private static byte[] Bytes(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? Convert.FromHexString(text[2..]) : System.Text.Encoding.ASCII.GetBytes(text);

        private async Task Serve()
        {
            try
            {
                while (true)
                    _ = Talk(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task Talk(TcpClient client)
        {
            using (client)
            {
                var (heard, room) = (new System.Text.StringBuilder(), new byte[4096]);
                try
                {
                    var stream = client.GetStream();
                    await stream.WriteAsync(_first);
                    foreach (var answer in _answers)
                    {
                        var length = await stream.ReadAsync(room);
                        if (length == 0)
                            break;
                        heard.Append(Convert.ToHexString(room, 0, length)).Append(' ');
                        await stream.WriteAsync(answer);
                    }
                }
                catch (IOException)
                {
                    // The check is over.
                }

                // The time in a hello of TLS.
                var text = heard.ToString();
                await _heard.Writer.WriteAsync(text.StartsWith("1603000079", StringComparison.Ordinal) ? text[..22] + text[30..] : text);
            }
        }
    }
}

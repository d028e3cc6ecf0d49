using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Strictness;

/// <summary>A real nginx or HAProxy, configured to do what Steelyard does for the same cases.</summary>
internal sealed partial class ForeignProxy : IAsyncDisposable
{
    // Debian's nginx has it apart.
    private const string StreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private readonly IPEndPoint _address;
    private volatile string _said = "";

    private ForeignProxy(string program, string configuration, Func<string, string[]> arguments)
    {
        _address = new IPEndPoint(IPAddress.Loopback, RecordingOrigin.Refusing().Port);
        var file = Path.Combine(_folder.Path, "proxy.conf");
        File.WriteAllText(file, configuration.Replace("ADDRESS", _address.ToString(), StringComparison.Ordinal).Replace("FOLDER", _folder.Path, StringComparison.Ordinal));
        _process = Process.Start(new ProcessStartInfo(Locate(program), arguments(file)) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, line) => _said = $"{_said}{line.Data}\n";
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static ForeignProxy StartNginx(NetworkAddress origin) => StartNginx(NginxConfiguration(origin));

    public static ForeignProxy StartHaProxy(NetworkAddress origin) => StartHaProxy(HaProxyConfiguration(origin));

    /// <summary>HAProxy with a configuration in which ADDRESS is where it is to listen.</summary>
    public static ForeignProxy StartHaProxy(string configuration) => new("haproxy", configuration, file => ["-db", "-q", "-f", file]);

    /// <summary>
    /// nginx with a configuration in which ADDRESS is where it is to listen, and FOLDER one of its own. What every test
    /// needs is added: one worker in the foreground, files of its own, and no log unless the configuration has one.
    /// </summary>
    public static ForeignProxy StartNginx(string configuration) =>
        new("nginx", BeforeNginx(configuration) + configuration.Replace("http {", "http { " + InHttp(configuration), StringComparison.Ordinal), file => ["-p", Path.GetDirectoryName(file)!, "-e", "stderr", "-c", file]);

    /// <summary>The version of an installed program, as <c>1.22.1</c>.</summary>
    public static async Task<string> Version(string program)
    {
        var (_, said) = await ShortProgram.Run(Locate(program), "", "-v");
        return FirstVersion().Match(said).Value;
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstVersion();

    // Where they are installed is not on everybody's path.
    internal static string Locate(string program) => File.Exists("/usr/sbin/" + program) ? "/usr/sbin/" + program : program;

    /// <summary>Opens a connection, as soon as the program listens.</summary>
    public async Task<RawClient> Connect()
    {
        for (var since = Environment.TickCount64; ;)
        {
            Assert.False(_process.HasExited, "The proxy has ended: " + _said);
            try
            {
                return await RawClient.Connect(_address);
            }
            catch (SocketException) when (Environment.TickCount64 - since < Patience.Limit.TotalMilliseconds)
            {
                await Task.Delay(5);
            }
        }
    }

    private static string BeforeNginx(string configuration) => $"""
        {(configuration.Contains("stream {", StringComparison.Ordinal) && File.Exists(StreamModule) ? $"load_module {StreamModule};" : "")}
        {(Environment.UserName == "root" ? "user root;" : "")}
        daemon off; pid FOLDER/nginx.pid; error_log stderr emerg; worker_processes 1;

        """;

    private static string InHttp(string configuration) =>
        $"{(configuration.Contains("access_log", StringComparison.Ordinal) ? "" : "access_log off;")} client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi; uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;";

    private static string NginxConfiguration(NetworkAddress origin) => $$"""
        events { }
        http {
          client_header_timeout 500ms;
          client_body_timeout 500ms;
          keepalive_timeout 500ms;
          lingering_timeout 500ms;
          upstream web { server {{origin}}; keepalive 16; }
          server {
            listen ADDRESS;
            location = /admin { return 403; }
            location / {
              proxy_pass http://web;
              proxy_http_version 1.1;
              proxy_request_buffering off;
              proxy_read_timeout 500ms;
              proxy_next_upstream off;
              proxy_set_header Host $host;
              proxy_set_header Connection "";
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
        }
        """;

    private static string HaProxyConfiguration(NetworkAddress origin) => $"""
        defaults
          mode http
          timeout client 500ms
          timeout server 500ms
          timeout connect 500ms
          timeout http-request 500ms
          timeout http-keep-alive 500ms
          retries 0
          option forwardfor
        frontend in
          bind ADDRESS
          http-request deny status 403 if {"{ path /admin }"}
          default_backend web
        backend web
          http-reuse always
          server one {origin}

        """;

    public async ValueTask DisposeAsync()
    {
        // Asked to, for a master of nginx that is killed leaves its worker behind.
        if (!_process.HasExited)
            SteelyardProcess.Signal(_process.Id, System.Runtime.InteropServices.PosixSignal.SIGTERM);
        await _process.WaitForExitAsync().Patiently("the proxy's end");
        _process.Dispose();
        _folder.Dispose();
    }
}

using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Proxying;

/// <summary>The lines health_check and match, after nginx's manual: the free nginx knows neither.</summary>
public sealed class NginxMatchTests
{
    private const string Answer = "HTTP/1.1 202 Accepted\r\nContent-Type: text/html\r\nX-State: degraded\r\nConnection: close\r\nContent-Length: 17\r\n\r\nWelcome to nginx!";

    [Theory]
    [InlineData("status 200;", false)]
    [InlineData("status 200-299 500;", true)]
    [InlineData("status ! 500;", true)]
    [InlineData("status ! 202 500-599;", false)]
    [InlineData("header Content-Type = text/html;", true)]
    [InlineData("header content-type = text/htm;", false)]
    [InlineData("header Content-Type != text/plain;", true)]
    [InlineData("header Content-Type != text/html;", false)]
    [InlineData("header X-Other != text/html;", false)]
    [InlineData("header Connection ~ clo;", true)]
    [InlineData("header Connection ~ ^lose;", false)]
    [InlineData("header Connection ~ ose$;", true)]
    [InlineData("header Connection ~* ^CLOSE$;", true)]
    [InlineData("header Connection !~ keep;", true)]
    [InlineData("header Connection !~ ^close$;", false)]
    [InlineData("header Content-Type;", true)]
    [InlineData("header Host;", false)]
    [InlineData("header ! X-Accel-Redirect;", true)]
    [InlineData("header ! Connection;", false)]
    [InlineData("body ~ \"Welcome to\";", true)]
    [InlineData("body ~ \"^to\";", false)]
    [InlineData("body !~ maintenance;", true)]
    [InlineData("body !~ nginx;", false)]
    [InlineData("status 202; header Content-Type = text/html; body ~ Welcome;", true)]
    [InlineData("body ~ Welcome; header Content-Type = text/plain;", false)]
    [InlineData("require $upstream_http_x_state;", true)]
    [InlineData("require $upstream_http_x_other;", false)]
    [InlineData("require $upstream_status $accepted;", true)]
    [InlineData("require $rejected;", false)]
    [InlineData("require $well;", true)]
    [InlineData("require $sound;", false)]
    public async Task A_server_that_is_well_answers_what_match_says(string match, bool well)
    {
        await using var server = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send(Answer);
        });
        await using var balancer = Start(
            $$"""
            events {}
            http {
                map $upstream_status $accepted { default 0; ~^2 1; }
                map $upstream_status $rejected { default 1; 202 0; }
                map $upstream_http_x_state $well { default 0; OK 1; ~^deg 1; }
                map $upstream_http_x_state $sound { default 1; "" 0; degraded ""; }
                match it { {{match}} }
                upstream u { zone u 64k; server {{server.Address}}; }
                server {
                    listen 127.0.0.1:0;
                    location / { proxy_pass http://u; health_check interval=20ms uri=/health match=it mandatory; }
                }
            }
            """);
        await Patience.Until(() => (balancer.Servers[0].LastCheck == ProbeFault.None) == well && balancer.Servers[0].Up == well && balancer.Servers[0].LastCheckStatus == 202);
    }

    [Theory]
    [InlineData("send PING\\r\\n; expect +PONG;", true)]
    [InlineData("expect ~* ^.pong; send \"PIN\\x47\\r\\n\";", true)]
    [InlineData("send PING\\r\\n; expect \"ready\";", false)]
    [InlineData("send \"PIN\\r\\n\"; expect ~ PONG;", false)]
    public async Task In_stream_it_is_what_is_sent_and_comes_back(string match, bool well)
    {
        await using var server = RecordingOrigin.Start(async connection =>
        {
            await connection.Send(await connection.ReadLine() == "PING" ? "+PONG\r\n" : "-ERR\r\n");
            connection.Close();
        });
        await using var balancer = Start(
            $$"""
            stream {
                match it { {{match}} }
                upstream u { server {{server.Address}}; }
                server { listen 127.0.0.1:0; proxy_pass u; health_check interval=20ms match=it mandatory; }
            }
            """);
        await Patience.Until(() => (balancer.Servers[0].LastCheck == ProbeFault.None) == well && balancer.Servers[0].Up == well);
    }

    private static TestBalancer Start(string configuration) => TestBalancer.Start(ConfigurationFile.Parse(configuration, "nginx.conf"));
}

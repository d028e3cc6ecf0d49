using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd;

/// <summary>The page of statistics of a haproxy.cfg: who may see it, and what it says, for people and for programs.</summary>
public sealed class HaproxyStatisticsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_page_is_shown_to_whom_the_file_lets_see_it()
    {
        await using var origin = RecordingOrigin.Start(async connection =>
        {
            while (await connection.ReadRequestOrEnd() is not null)
                await connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        });
        await using var up = SteelyardProcess.Start("up", _folder.Write("haproxy.cfg", $$"""
            defaults
              mode http
              timeout client 5s
              timeout server 5s
              timeout connect 5s
            listen front
              bind 127.0.0.1:0
              stats uri /stats
              stats refresh 10s
              stats auth me:secret
              stats hide-version
              http-request deny if { path /denied }
              http-request use-service prometheus-exporter if { path /metrics }
              use_backend other if { path_beg /other }
              server one {{origin.Address}}
            backend other
              stats uri /other/stats?
              stats scope .
              stats http-request deny if { urlp(no) -m found }
              server two {{origin.Address}}
            """));
        var url = (await up.UrlAsync("listening on")).ToString().TrimEnd('/');
        using var client = new HttpClient();
        var cancel = TestContext.Current.CancellationToken;

        Assert.Equal("hi", await client.GetStringAsync(url + "/", cancel));
        var refused = await client.GetAsync(url + "/stats", cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Basic realm=\"HAProxy Statistics\"", refused.Headers.WwwAuthenticate.ToString());

        using var known = new HttpClient();
        known.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("me:secret")));
        var page = await known.GetAsync(url + "/stats", cancel);
        var text = await page.Content.ReadAsStringAsync(cancel);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal("10", page.Headers.GetValues("Refresh").Single());
        Assert.Contains("<table id=\"front\">", text, StringComparison.Ordinal);
        Assert.Contains(">one</th>", text, StringComparison.Ordinal);
        Assert.Contains("<h1>Steelyard</h1>", text, StringComparison.Ordinal);
        Assert.False((await known.GetAsync(url + "/stats;norefresh", cancel)).Headers.Contains("Refresh"));

        var csv = (await known.GetStringAsync(url + "/stats;csv", cancel)).Split('\n');
        Assert.StartsWith("# pxname,svname,qcur,", csv[0], StringComparison.Ordinal);
        Assert.Equal(["front,FRONTEND", "front,one", "front,BACKEND", "other,two", "other,BACKEND"], csv.Skip(1).Where(line => line.Length > 0).Select(line => string.Join(',', line.Split(',').Take(2))));
        Assert.StartsWith("[[{\"objType\":\"Frontend\",", await known.GetStringAsync(url + "/stats;json", cancel), StringComparison.Ordinal);

        var scoped = await client.GetStringAsync(url + "/other/stats?;csv", cancel);
        Assert.DoesNotContain("\nfront,", scoped, StringComparison.Ordinal);
        Assert.Contains("\nother,two,", scoped, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(url + "/other/stats?no=1", cancel)).StatusCode);
        Assert.Equal("hi", await client.GetStringAsync(url + "/other/else", cancel));
        Assert.Contains("steelyard_", await client.GetStringAsync(url + "/metrics", cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_changes_servers_for_whom_the_file_lets_do_it()
    {
        await using var one = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
        await using var two = RecordingOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
        await using var up = SteelyardProcess.Start("up", _folder.Write("haproxy.cfg", $$"""
            defaults
              mode http
              timeout client 5s
              timeout server 5s
              timeout connect 5s
            listen front
              bind 127.0.0.1:0
              stats uri /stats
              stats admin if { req.hdr(X-Admin) yes }
              balance first
              server one {{one.Address}}
              server two {{two.Address}}
            """));
        var url = (await up.UrlAsync("listening on")).ToString().TrimEnd('/');
        await up.LineAsync("ready");
        using var plain = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var admin = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        admin.DefaultRequestHeaders.Add("X-Admin", "yes");
        var cancel = TestContext.Current.CancellationToken;
        async Task<string> Post(HttpClient client, string form, string target = "/stats", string? site = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url + target) { Content = new StringContent(form, Encoding.ASCII, "application/x-www-form-urlencoded") };
            if (site is not null)
                request.Headers.Add("Sec-Fetch-Site", site);
            using var answer = await client.SendAsync(request, cancel);
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
            return answer.Headers.Location!.ToString();
        }

        Assert.DoesNotContain("<form", await plain.GetStringAsync(url + "/stats", cancel), StringComparison.Ordinal);
        Assert.Contains("name=\"s\" value=\"two\"", await admin.GetStringAsync(url + "/stats", cancel), StringComparison.Ordinal);
        Assert.Equal("/stats;st=DENY", await Post(plain, "s=one&action=maint&b=front"));
        Assert.Equal("/stats;st=DENY", await Post(admin, "s=one&action=maint&b=front", site: "cross-site"));
        Assert.Equal("one", await plain.GetStringAsync(url + "/", cancel));

        Assert.Equal("/stats;st=DONE", await Post(admin, "s=one&action=maint&b=front", site: "same-origin"));
        Assert.Equal("two", await plain.GetStringAsync(url + "/", cancel));
        Assert.Contains("Action processed successfully.", await admin.GetStringAsync(url + "/stats;st=DONE", cancel), StringComparison.Ordinal);
        Assert.Equal("/stats;st=PART;up;norefresh", await Post(admin, "s=one&s=none&action=ready&b=front", "/stats;up;norefresh"));
        Assert.Equal("one", await plain.GetStringAsync(url + "/", cancel));
        Assert.Equal("/stats;st=DONE", await Post(admin, "s=one&action=hdown&b=%66ront"));
        Assert.Equal("two", await plain.GetStringAsync(url + "/", cancel));
        Assert.Equal("/stats;st=DONE", await Post(admin, "s=one&action=hrunn&b=front"));
        Assert.Equal("one", await plain.GetStringAsync(url + "/", cancel));
        Assert.Equal("/stats;st=NONE", await Post(admin, "action=maint&b=front"));
        Assert.Equal("/stats;st=ERRP", await Post(admin, "s=one&action=explode&b=front"));
        Assert.Equal("/stats;st=ERRP", await Post(admin, "s=one&action=maint&b=nobody"));
        Assert.Equal("/stats;st=EXCD", await Post(admin, "s=" + new string('x', 9000)));
        Assert.Equal("one", await plain.GetStringAsync(url + "/", cancel));
    }
}

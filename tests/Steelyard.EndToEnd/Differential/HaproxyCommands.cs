using Steelyard.EndToEnd.Machinery;

namespace Steelyard.EndToEnd.Differential;

/// <summary>What the real HAProxy says on its command socket Steelyard says too.</summary>
[Trait("Lane", "files")]
public sealed class HaproxyCommands : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Maps_and_acls_are_shown_and_changed_while_they_are_used()
    {
        var (map, acl) = (_folder.Write("hosts.map", "# hosts\na.com  one\nb.com two three  \nc.com\n"), _folder.Write("bad.acl", "10.0.0.0/8\n1.2.3.4\n"));
        await using var both = await CommandSocketPair.StartAsync(_folder, $$"""
            frontend f
             bind "unix@${FRONT}"
             acl bad hdr_ip(ip) -f {{acl}}
             acl post method POST
             acl own path -u 40 /a /b
             http-request set-map({{map}}) %[hdr(k)] %[hdr(v)] if { hdr(k) -m found }
             http-request del-map({{map}}) %[hdr(d)] if { hdr(d) -m found }
             http-request add-acl({{acl}}) %[hdr(ban)] if { hdr(ban) -m found }
             http-request del-acl({{acl}}) %[hdr(unban)] if { hdr(unban) -m found }
             http-request deny if bad METH_GET
             http-request return status 200 content-type text/plain lf-string "%[hdr(n),map({{map}},none)] %[hdr(n),map_beg({{map}},-)] %[hdr(n),map_reg({{map}},-)]" unless own
             http-request return status 201 content-type text/plain string own

            """);
        string[] hosts = ["a.com", "d.com", "d.com.x", "e.com", "p.com"];

        await Asked();
        await both.SameAsync("show map", $"show map {map}", "show map #2", "show map #0", "show map nope", $"show acl {acl}", "show acl #0", "show acl #40", $"show acl {map}");
        await both.SameAsync($"get map {map} b.com", $"get map {map} zz", $"get acl {acl} 10.1.1.1", "get acl #40 /a", "get map", "get map nope x", "get acl");
        await both.SameAsync($"add map {map} d.com four", $"add map {map} d.com five six", $"add map {map} x", "add map nope k v", $"show map {map}", $"get map {map} d.com");
        await Asked();
        await both.SameAsync($"set map {map} d.com seven", $"set map {map} zzz seven", $"set map {map} x", "set map nope a b", $"set map {map} #0x1 v", $"show map {map}");
        await Asked();
        await both.SameAsync($"del map {map} d.com", $"del map {map} d.com", $"del map {map}", "del map nope x", $"del map {map} #0x1", $"show map {map}");
        await both.SameAsync($"add acl {acl} 5.6.7.8", $"add acl {acl} zork", $"add acl {acl}", "add acl nope a", "add acl #40 /c", "show acl #40", "del acl #40 /c", "del acl #40 /c", "del acl nope x");
        await both.SameAsync("clear map", "clear map nope", "clear acl nope", $"prepare map {map}", $"add map @1 {map} p.com v1", $"add map @1 {map} d.com v2", $"show map @1 {map}", $"add map @9 {map} p v", $"show map @9 {map}");
        await Asked();
        await both.SameAsync($"commit map @1 {map}", $"show map {map}", $"commit map @1 {map}", $"commit map @7 {map}", $"commit map {map}", "prepare map nope", "prepare acl", $"commit acl @x {acl}", $"add acl @7 {acl} 1.1.1.1");
        await Asked();
        await both.SameAsync($"clear map {map}", $"show map {map}", $"add map {map} <<\na.com v1\ne.com v2 v3\n", $"show map {map}", $"add map {map} <<\nk1\n", $"add acl {acl} <<\n7.7.7.7\n", $"add map {map} a\\ b c\\ d; show map {map}");
        await Asked();
        await both.SameAsync("add map nope <<\nx y\n");

        await Same("n: k\r\nk: k\r\nv: by rule\r\n");
        await Same("n: k\r\nk: k\r\nv: again\r\n");
        await Same("n: k\r\nd: k\r\n");
        await Same("ip: 8.8.8.8\r\nban: 8.8.8.8\r\n");
        await Same("ip: 8.8.8.8\r\n");
        await Same("ip: 8.8.8.8\r\nunban: 8.8.8.8\r\n");
        await both.SameAsync($"show map {map}", $"show acl {acl}");

        async Task Asked()
        {
            foreach (var host in hosts)
                await Same($"n: {host}\r\nip: 9.9.9.9\r\n");
            await Same("n: a.com\r\nip: 10.1.2.3\r\n");
            Assert.Equal(("201 own", "201 own"), await both.GetAsync(path: "/b"));
        }

        async Task Same(string fields)
        {
            var (theirs, ours) = await both.GetAsync(fields);
            Assert.True(theirs == ours || (theirs[..3] == ours[..3] && theirs[0] == '4'), $"{fields}\n--- HAProxy\n{theirs}\n--- Steelyard\n{ours}");
        }
    }

    [Fact]
    public async Task A_server_that_use_server_names_is_taken_out_brought_back_and_weighed()
    {
        await using var blue = Server("blue");
        await using var green = Server("green");
        await using var both = await CommandSocketPair.StartAsync(_folder, $$"""
            frontend f
             bind "unix@${FRONT}"
             default_backend b
            backend b
             use-server blue if { hdr(color) blue }
             use-server green if { hdr(color) green }
             server blue {{blue.Address}} weight 100
             server green {{green.Address}} weight 0

            """);

        await Answers(any: "blue", blue: "blue", green: "green");
        await both.SameAsync("set server b/blue state maint", "get weight b/blue");
        await Answers(any: null, blue: null, green: "green");
        await both.SameAsync("set weight b/green 100", "get weight b/green");
        await Answers(any: "green", blue: "green", green: "green");
        await both.SameAsync("set server b/blue state drain", "get weight b/blue");
        await Answers(any: "green", blue: "blue", green: "green");
        await both.SameAsync("set server b/blue state ready", "set server b/green state maint");
        await Answers(any: "blue", blue: "blue", green: "blue");

        async Task Answers(string? any, string? blue, string? green)
        {
            foreach (var (color, server) in ((string, string?)[])[("", any), ("blue", blue), ("green", green)])
            {
                var (theirs, ours) = await both.GetAsync($"color: {color}\r\n");
                Assert.True(server is null ? theirs[..3] == "503" && ours[..3] == "503" : theirs == $"200 {server}" && ours == theirs, $"color {color}, {server}\n--- HAProxy\n{theirs}\n--- Steelyard\n{ours}");
            }
        }
    }

    private static RecordingOrigin Server(string name) => RecordingOrigin.Start(async connection =>
    {
        while (await connection.ReadRequestOrEnd() is not null)
            await connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {name.Length}\r\n\r\n{name}");
    });

    [Fact]
    public async Task Maps_compare_in_the_same_ways()
    {
        _folder.Write("n.map", "a 5\nab 6\n");
        _folder.Write("r.map", "a.* x\\1\n(b)(c) y\\2z\n");
        _folder.Write("ip.map", "10.0.0.0/8 big\n10.1.0.0/16 small\n10.1.2.3 one\n10.2.3.4/16 masked\n");
        _folder.Write("i.map", "5 five\n1:4 few\n7 seven\n");
        _folder.Write("ii.map", "1 10\n2 20\n");
        _folder.Write("p.map", "/a A\n/ab AB\n/abc/d ABCD\n");
        // HAProxy mixes up what it remembers of comparisons that differ in this alone, so each has a file.
        string[] lists = ["end.map", "sub.map", "dom.map", "dir.map"];
        foreach (var list in lists)
            _folder.Write(list, "com COM\na.com ACOM\nb BB\n");
        _folder.Write("v.map", "x 1.2.3.4\ny 5.6.7.8\n");
        (string Name, string Sample)[] samples =
        [
            ("int", "hdr(n),map_str_int(n.map,7),add(1)"), ("beg", "path,map_beg(p.map,-)"), ("end", "hdr(d),map_end(end.map,-)"), ("sub", "hdr(d),map_sub(sub.map,-)"), ("dom", "hdr(d),map_dom(dom.map,-)"),
            ("dir", "path,map_dir(dir.map,-)"), ("reg", "hdr(r),map_reg(r.map,-)"), ("regm", "hdr(r),map_regm(r.map,-)"), ("ip", "hdr_ip(ip),map_ip(ip.map,-)"), ("i", "hdr(i),map_int(i.map,-)"),
            ("v", "hdr(v),map_str_ip(v.map,9.9.9.9)"), ("ii", "hdr(n),length,map_int_int(ii.map,3)"), ("none", "hdr(none),map(n.map,7)"), ("plain", "hdr(n),map_str(n.map)"),
        ];
        var line = string.Join(' ', samples.Select(sample => $"{sample.Name}=%[{sample.Sample.Replace("(n.map", $"({_folder.At("n.map")}", StringComparison.Ordinal)}]"));
        foreach (var file in (string[])["r.map", "ip.map", "i.map", "ii.map", "p.map", "v.map", .. lists])
            line = line.Replace($"({file}", $"({_folder.At(file)}", StringComparison.Ordinal);
        await using var both = await CommandSocketPair.StartAsync(_folder, $$"""
            frontend f
             bind "unix@${FRONT}"
             http-request return status 200 content-type text/plain lf-string "{{line}}"

            """);

        foreach (var (fields, path) in ((string, string)[])[
            ("n: a\r\nd: www.a.com\r\nr: aXb\r\nip: 10.1.2.3\r\ni: 3\r\nv: x\r\n", "/abc/def"),
            ("n: ab\r\nd: a.com.b\r\nr: bc\r\nip: 10.1.9.3\r\ni: 05\r\nv: z\r\n", "/x/b/y"),
            ("n: zz\r\nd: com\r\nr: zbcz\r\nip: 10.9.9.9\r\ni: 7\r\n", "/ab"),
            ("n: abc\r\nip: 10.2.9.9\r\ni: 99\r\n", "/"),
        ])
        {
            var (theirs, ours) = await both.GetAsync(fields, path);
            Assert.True(theirs == ours && theirs.StartsWith("200 int", StringComparison.Ordinal), $"{fields}\n--- HAProxy\n{theirs}\n--- Steelyard\n{ours}");
        }

        string File(string name) => _folder.At(name);
        await both.SameAsync($"get map {File("n.map")} a", $"get map {File("r.map")} bc", $"get map {File("ip.map")} 10.1.9.9", $"get map {File("i.map")} 3", $"get map {File("end.map")} www.a.com", $"get map {File("p.map")} /abc/d", $"get map {File("v.map")} x", "show map");
        await both.SameAsync($"add map {File("n.map")} k x", $"add map {File("i.map")} zz x", $"add map {File("ip.map")} 1.2.3.4/77 x", $"add map {File("i.map")} 9:3 x", $"get map {File("ii.map")} 2");
        await both.SameAsync($"set map {File("n.map")} a zork", $"set map {File("n.map")} a 7zork", $"show map {File("n.map")}", $"get map {File("n.map")} a");
    }

    [Fact]
    public async Task Frontends_are_disabled_and_enabled_again_or_shut_down()
    {
        await using var both = await CommandSocketPair.StartAsync(_folder, """
            frontend f
             bind "unix@${FRONT}"
             http-request return status 200 content-type text/plain string hello

            """);

        await both.SameAsync("disable frontend", "disable frontend nope", "disable frontend f", "disable frontend f");
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => both.GetOursAsync());
        Assert.Contains(",PAUSED,", (await both.AskAsync("show stat -1 1 -1")).Ours, StringComparison.Ordinal);
        await both.SameAsync("enable frontend", "enable frontend nope", "enable frontend f", "enable frontend f", "set maxconn frontend", "set maxconn frontend nope 5", "set maxconn frontend f", "set maxconn frontend f 7");
        Assert.Equal("200 hello", await both.GetOursAsync());
        await both.SameAsync("shutdown frontend", "shutdown frontend nope", "shutdown frontend f", "shutdown frontend f", "enable frontend f", "disable frontend f");
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => both.GetOursAsync());
        Assert.Contains(",STOP,", (await both.AskAsync("show stat -1 1 -1")).Ours, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_are_shown()
    {
        using var certificates = new TestCertificates();
        var files = new[] { certificates.Issue("b.example", "b.example", "*.b.example"), certificates.Issue("a.example", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(3), rsa: true) };
        List<string> whole = [];
        foreach (var (certificate, key, _) in files)
            whole.Add(_folder.Write($"whole-{whole.Count}.pem", await Read(certificate) + "\n" + await Read(key!)));
        await using var both = await CommandSocketPair.StartAsync(_folder, $$"""
            frontend f
             bind "unix@${FRONT}" ssl crt {{whole[0]}} crt {{whole[1]}}
             http-request return status 200

            """);
        await both.SameAsync("show ssl cert", $"show ssl cert {whole[0]}", $"show ssl cert {whole[1]}", "show ssl cert nope");

        Task<string> Read(string name) => File.ReadAllTextAsync(Path.Combine(certificates.Folder, name), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Servers_are_changed_and_changes_refused_in_the_same_words()
    {
        await using var both = await CommandSocketPair.StartAsync(_folder, """
            frontend f
             bind "unix@${FRONT}"
             default_backend b
            backend b
             balance roundrobin
             server s1 127.0.0.1:1 weight 5
             server s2 127.0.0.1:2 disabled
             server s3 127.0.0.1:5 check port 88 inter 1h

            """);

        await both.SameAsync("set server b/s1 check-port 5", "set server b/s1 check-addr 127.0.0.1", "set server b/s3 check-port 99", "set server b/s3 check-port", "set server b/s3 check-port x", "set server b/s3 check-port 99999", "set server b/s3 check-addr 127.0.0.2", "set server b/s3 check-addr 127.0.0.3 port 77", "set server b/s3 check-addr 127.0.0.3 port x", "set server b/s3 check-addr zork", "set server b/s3 check-addr");
        await both.SameAsync("set rate-limit connections global 500", "set rate-limit connections global", "set rate-limit sessions global 0", "add server b/n1 127.0.0.1:91 check", "add server b/n2 127.0.0.1:92 backup weight 3 disabled", "del server b/n1", "del server b/n2");
        await both.SameAsync("set server b/s1 addr 127.0.0.2", "set server b/s1 addr 127.0.0.2", "set server b/s1 addr 127.0.0.2 port 3", "set server b/s1 addr 127.0.0.3 port 4", "set server b/s1 addr 127.0.0.3 port x", "set server b/s1 addr 127.0.0.3 port", "set server b/s1 addr zork", "set server b/s1 addr");
        await both.SameAsync("set server b/s1 fqdn localhost", "set server b/s1 fqdn", "set server b/s1 ssl on", "set server b/s1 agent-addr 127.0.0.1", "set server b/s1 agent-port 5", "set server b/s1 agent-send x", "set server b/s1 zork", "set server b/s1", "set server b", "set server nope/s1 state ready", "set server b/nope state ready", "set server");
        await both.SameAsync("set server b/s1 state zz", "set server b/s1 weight 3", "get weight b/s1", "set server b/s1 weight 50%", "get weight b/s1", "set server b/s1 weight", "set server b/s1 weight 999", "set server b/s1 weight x", "set weight b/s1 7", "set weight b/s1", "get weight b", "get weight");
        await both.SameAsync("enable server b/zz", "enable server", "set server b/s1 health zz", "set server b/s1 agent up", "enable health b/s2", "enable agent b/s1", "set maxconn server b/s1 4", "set maxconn server b/s1", "set maxconn server b/s1 zz", "set maxconn server b", "shutdown sessions server b/s1", "shutdown session zz", "shutdown session");
        await both.SameAsync("add server b/new 127.0.0.1:99", "add server b/new 127.0.0.1:99", "del server b/s1", "del server b/new", "add server b", "add server nope/x 127.0.0.1:1", "set timeout cli", "set timeout cli x", "set timeout cli 5");
    }

    [Fact]
    public async Task Tables_are_shown_changed_and_emptied_alike()
    {
        await using var both = await CommandSocketPair.StartAsync(_folder, """
            frontend f
             bind "unix@${FRONT}"
             stick-table type ip size 100 store gpc0,conn_cnt,http_req_rate(1h)
             http-request track-sc0 hdr_ip(ip)
             http-request return status 200 content-type text/plain string hello
            backend t
             stick-table type string len 20 size 50 store gpt0,gpc1,gpc1_rate(1h)

            """);
        foreach (var client in (string[])["10.0.0.3", "9.0.0.1", "10.0.0.21"])
            Assert.Equal(("200 hello", "200 hello"), await both.GetAsync($"ip: {client}\r\n"));

        await both.SameAsync("show table", "show table f", "show table nope", "show table f data.gpc0 gt 0", "show table f data.conn_cnt ge 1", "show table f data.zz gt 1", "show table f data.gpt0 gt 1", "show table f data.gpc0 zz 1", "show table f data.gpc0 gt x", "show table f key 10.0.0.3", "show table f key 9.9.9.9", "show table f zz");
        await both.SameAsync("set table f key 5.5.5.5 data.gpc0 7", "set table f key 5.5.5.5 data.http_req_rate 7", "show table f key 5.5.5.5", "set table f key 5.5.5.5 data.gpc0", "set table f key 5.5.5.5", "set table f zz", "set table", "set table nope key 1", "set table f key 5.5.5.5 data.gpt0 7", "set table t key abc data.gpt0 3 data.gpc1 5 data.gpc1_rate 2", "show table t");
        await both.SameAsync("clear table", "clear table nope", "clear table f key 5.5.5.5", "clear table f key 5.5.5.5", "show table f", "clear table f", "show table f", "clear table t key abc", "show table t");
    }

    [Fact]
    public async Task Statistics_have_the_same_columns_kinds_and_filters()
    {
        await using var both = await CommandSocketPair.StartAsync(_folder, """
            frontend f
             bind "unix@${FRONT}"
             default_backend b
            backend b
             balance roundrobin
             server s1 127.0.0.1:1 weight 5
             server s2 127.0.0.1:2 disabled

            """);

        // Where numbers stand is the same, whatever they are.
        foreach (var command in (string[])["show stat", "show stat typed", "show stat json", "show stat no-maint", "show stat up", "show stat b 4 2", "show stat -1 1 -1 typed", "show stat 3 -1 -1 json", "show info", "show info typed", "show info json", "show servers state", "show servers conn b"])
        {
            var (theirs, ours) = await both.AskAsync(command);
            Assert.True(Blurred(theirs, command) == Blurred(ours, command), $"{command}\n--- HAProxy\n{theirs}--- Steelyard\n{ours}");
        }

        await both.SameAsync("show stat nope 4 -1", "show stat 9 1 1", "show backend", "show servers conn zz", "show servers state zz", "show cli level");
    }

    // The time since a start, memory, and what is counted of connections to the socket itself are nobody's to compare.
    private static string Blurred(string text, string command) =>
        System.Text.RegularExpressions.Regex.Replace(text, command.StartsWith("show info", StringComparison.Ordinal) ? "(?<=(: |:str:|:u32:|:u64:|\"value\":))[^,}{\n]*" : "(?<![.a-z0-9_])[0-9]+(?![.0-9a-z_])", "N", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
}

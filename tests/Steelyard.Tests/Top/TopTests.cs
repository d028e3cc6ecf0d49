using System.Text.Json.Nodes;
using Steelyard.Commands;
using Steelyard.Top;

namespace Steelyard.Tests.Top;

/// <summary>What <c>steelyard top</c> shows, and what its keys do.</summary>
public sealed class TopTests
{
    private static JsonNode Look(string rows, string order = "[1,2]") => JsonNode.Parse($$"""
        {"at":60000,"whole":true,"engine":{"pid":7,"since":0,"generation":2},"troubled":1,"states":{"down":1},"serverCount":3,
         "totals":{"requestRate":1234,"failedRate":0.5,"retryRate":0,"active":3,"waiting":0,"open":12},
         "pools":[{"name":"web","app":true,"order":{{order}},"rows":[{{rows}}]}]}
        """)!;

    private const string First = """{"number":1,"address":"a:1","state":"up","active":3,"limit":10,"rate":12.5,"failedRate":0,"time":3.25,"weight":1,"failures":0,"check":"passed (200)"}""";
    private const string Second = """{"number":2,"address":"b:1","state":"down","active":0,"weight":5,"failures":9,"check":"it refuses the connection"}""";

    private static string Show(TopLook look, TopView view, int? height, int width = 1000)
    {
        using var writer = new StringWriter();
        var terminal = Terminal.To(writer);
        terminal.Profile.Width = width;
        terminal.Write(TopScreen.Draw(look, view, width, height));
        return string.Join('\n', writer.ToString().Split('\n').Select(line => line.TrimEnd()));
    }

    private static ConsoleKeyInfo Key(char key) => new(key, default, false, false, false);

    [Fact]
    public void Servers_are_shown_with_what_they_do()
    {
        var look = new TopLook();
        look.Take(Look($"{First},{Second}"));

        // What has not changed is not told again.
        look.Take(Look(Second));

        Assert.Equal(
            """
            1 of 3 servers is in trouble   engine 7 up for 1m 0s, generation 2
            1,234/s requests, 0.5/s failed, 0/s retries   3 in flight, 0 waiting, 12 connections

              Pool Server State Active Req/s Fail/s  Time Wght Check
              web  a:1    up      3/10    12        3.3ms    1 passed (200)
                   b:1    down       0     0                 5 it refuses the connection
              1 more
            """.ReplaceLineEndings("\n").TrimEnd(),
            Show(look, new(), height: null).TrimEnd());
    }

    [Fact]
    public void A_server_with_a_name_is_called_by_it()
    {
        var (look, view) = (new TopLook(), new TopView());
        look.Take(Look($"{First.Replace("\"address\":\"a:1\"", "\"address\":\"10.0.0.1:3000\",\"name\":\"shop-1\"", StringComparison.Ordinal)},{Second}"));

        Assert.Contains("\n  web  shop-1 10.0.0.1:3000 up ", Show(look, view, height: null), StringComparison.Ordinal);
        Assert.Contains("  shop-1 10.0.0.1:3000 up ", Show(look, view, height: null, width: 40), StringComparison.Ordinal);
        view.Press(Key('d'), look.Rows, out _);
        Assert.Equal("Drain shop-1 10.0.0.1:3000 of web? y/n", view.Line);
    }

    /// <summary>Nobody may check them.</summary>
    [Theory]
    [InlineData(0.0, "all 3 servers are well")]
    [InlineData(61.0, "all 3 servers are well")]
    [InlineData(62.0, "all 3 servers are up, but requests fail")]
    public void Servers_whose_requests_fail_are_not_called_well(double failedRate, string expected)
    {
        var (look, told) = (new TopLook(), Look($"{First},{Second}"));
        (told["troubled"], told["states"], told["totals"]!["failedRate"]) = (0, new JsonObject(), failedRate);
        look.Take(told);

        Assert.StartsWith(expected + "   engine", Show(look, new(), height: null), StringComparison.Ordinal);
    }

    /// <summary>Workers that die leave their pool, and then there is no server that could be down.</summary>
    [Fact]
    public void Nothing_is_well_while_a_pool_has_no_server()
    {
        var (look, told) = (new TopLook(), Look($"{First},{Second}"));
        (told["troubled"], told["states"]) = (0, new JsonObject());
        (told["dead"], told["deadCount"], told["troubles"]) = (new JsonArray("app"), 3, new JsonArray("dns web.internal: there is no such name"));
        look.Take(told);

        var shown = Show(look, new(), height: null);
        Assert.StartsWith("app and 2 more have no server left   engine", shown, StringComparison.Ordinal);
        Assert.Contains("\ndns web.internal: there is no such name\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_is_selected_and_drained_once_that_is_confirmed()
    {
        var (look, view) = (new TopLook(), new TopView());
        look.Take(Look($"{First},{Second}"));
        TopAction? Press(char key)
        {
            Assert.Equal(TopStep.Draw, view.Press(Key(key), look.Rows, out var confirmed));
            return confirmed;
        }

        Assert.Null(Press('j'));
        Assert.Contains("\n>      b:1", Show(look, view, height: 20), StringComparison.Ordinal);
        Assert.Null(Press('d'));
        Assert.EndsWith("Drain b:1 of web? y/n", Show(look, view, height: 20).TrimEnd(), StringComparison.Ordinal);
        Assert.Null(Press('n'));
        Assert.Null(Press('y'));
        Press('d');
        Assert.Equal(new("PUT", "/api/pools/web/servers/b%3A1/state", """{"state":"drain"}""", "Drain b:1 of web?"), Press('y'));
        Press('R');
        Assert.Equal("/api/apps/web/restart", Press('y')!.Path);

        // The selection stays with its server when another order comes.
        look.Take(Look("", "[2,1]"));
        Assert.Equal(0, view.IndexIn(look.Rows));
    }

    [Fact]
    public void Sorting_and_trouble_are_asked_for_anew()
    {
        var view = new TopView();
        Assert.Equal(TopStep.AskAnew, view.Press(Key('s'), [], out _));
        Assert.Equal(TopStep.AskAnew, view.Press(Key('t'), [], out _));
        Assert.Equal("/api/live?sort=state&troubled=true", view.Path);
        Assert.Equal(TopStep.Draw, view.Press(Key('d'), [], out _));
        Assert.Null(view.Asks);
        Assert.Equal(TopStep.Quit, view.Press(Key('q'), [], out _));
    }

    [Fact]
    public void What_does_not_fit_is_left_out()
    {
        var look = new TopLook();
        look.Take(Look($"{First},{Second}"));
        var shown = Show(look, new(), height: 7);
        Assert.DoesNotContain("b:1", shown, StringComparison.Ordinal);
        Assert.Contains("  2 more", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_narrow_terminal_columns_are_left_out_and_the_keys_stay_on_the_screen()
    {
        var (look, view) = (new TopLook(), new TopView());
        look.Take(Look($"{First},{Second}"));

        Assert.Equal(
            """
            1 of 3 servers is in trouble
            engine 7 up for 1m 0s, generation 2
            1,234/s requests, 0.5/s failed,
            0/s retries
            3 in flight, 0 waiting, 12 connections

              Pool Server State Active Req/s Fail/s
            > web  a:1    up      3/10    12
              2 more
            j k select  d drain  r ready
            m maintenance  R restart workers
            s sort  t not up  q quit
            """,
            Show(look, view, height: 12, width: 40).TrimEnd());
    }

    [Fact]
    public void A_long_address_is_shortened_in_its_middle_once_nothing_else_can_go()
    {
        var look = new TopLook();
        look.Take(Look($"{First},{Second.Replace("b:1", "backend-two.example.com:1", StringComparison.Ordinal)}"));
        var shown = Show(look, new(), height: null, width: 32);
        Assert.Contains("\n  a:1                      up", shown, StringComparison.Ordinal);
        Assert.Contains("\n  backend-two.…ample.com:1 down", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "{}", "all 3 servers are well")]
    [InlineData(0, "{\"drain\":1,\"maintenance\":1}", "1 of 3 servers is well, 2 taken out")]
    [InlineData(1, "{\"drain\":1,\"down\":1}", "1 of 3 servers is in trouble, 1 taken out")]
    public void What_an_operator_has_taken_out_is_no_trouble(int troubled, string states, string expected)
    {
        var (look, told) = (new TopLook(), Look(First, "[1]"));
        (told["troubled"], told["states"]) = (troubled, JsonNode.Parse(states));
        look.Take(told);
        Assert.StartsWith(expected + "   ", Show(look, new(), height: null), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_no_server_none_is_called_well()
    {
        var (look, told) = (new TopLook(), Look("", "[]"));
        (told["troubled"], told["states"], told["serverCount"]) = (0, new JsonObject(), 0);
        look.Take(told);
        Assert.StartsWith("there are no servers   ", Show(look, new(), height: null), StringComparison.Ordinal);
    }
}

using System.Net;
using System.Text;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Expressions;

/// <summary>What expressions and conditions come to for a request, and that it costs no garbage.</summary>
public sealed class Evaluating
{
    private const string Request = "GET /api/v1/users?id=42&name=A%20b&empty= HTTP/1.1\r\nHost: Api.Example.com:8080\r\nX-List: a, \"b,c\" , d\r\nX-List: e\r\nCookie: sid=abc; theme=dark\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n";

    [Theory]
    [InlineData("path", "/api/v1/users")]
    [InlineData("lower(header('Host'))", "api.example.com:8080")]
    [InlineData("host-only(header('Host'))", "Api.Example.com")]
    [InlineData("port-only(header('Host'))", "8080")]
    [InlineData("header('X-List')", "a, \"b,c\" , d")]
    [InlineData("header-values('X-List')", "e")]
    [InlineData("header-lines('x-list')", "e")]
    [InlineData("header-list('X-List')", "a, \"b,c\" , d, e")]
    [InlineData("header-list('X-None')", null)]
    [InlineData("header-count('X-List')", "4")]
    [InlineData("header('X-None')", null)]
    [InlineData("default(header('X-None'), 'none')", "none")]
    [InlineData("cookie('theme')", "dark")]
    [InlineData("cookie('none')", null)]
    [InlineData("parameter('id')", "42")]
    [InlineData("parameter('empty')", "")]
    [InlineData("url-decode(parameter('name'))", "A b")]
    [InlineData("url-encode('a b/c')", "a%20b%2Fc")]
    [InlineData("length(path)", "13")]
    [InlineData("field(path, '3', '/')", "v1")]
    [InlineData("field(path, '-1', '/')", "users")]
    [InlineData("field(path, '2', '/', '2')", "api/v1")]
    [InlineData("field(path, '9', '/')", null)]
    [InlineData("word(path, '2', '/')", "v1")]
    [InlineData("word(path, '-2', '/')", "v1")]
    [InlineData("bytes(path, '1', '3')", "api")]
    [InlineData("bytes(path, '20')", "")]
    [InlineData("trim-start(path, '/')", "api/v1/users")]
    [InlineData("trim-end('a--', '-')", "a")]
    [InlineData("replace(path, '/v([0-9]+)', '/version-\\\\1')", "/api/version-1/users")]
    [InlineData("replace('a-b-c', '-', '+', 'g')", "a+b+c")]
    [InlineData("replace('aXbxc', 'x', '', 'gi')", "abc")]
    [InlineData("add('5', '-7')", "-2")]
    [InlineData("multiply(parameter('id'), '2')", "84")]
    [InlineData("modulo(parameter('id'), '5')", "2")]
    [InlineData("divide(parameter('id'), '0')", null)]
    [InlineData("add('9223372036854775807', '1')", "9223372036854775807")]
    [InlineData("multiply('9223372036854775807', '-2')", "-9223372036854775808")]
    [InlineData("from-hex('zz')", null)]
    [InlineData("url-decode('a+b?c+d')", "a b?c d")]
    [InlineData("url-decode('a+b?c+d', 'path')", "a+b?c d")]
    [InlineData("hex(bytes-of('10', 'number'))", "000000000000000A")]
    [InlineData("hex(bytes-of('10', 'short'))", "0000000A")]
    [InlineData("hex(bytes-of('1.2.3.4', 'address'))", "01020304")]
    [InlineData("hex(bytes-of('x', 'number'))", "0000000000000000")]
    [InlineData("bytes-of('', 'number')", null)]
    [InlineData("add('', '5')", null)]
    [InlineData("add(' 42', '5')", "5")]
    [InlineData("from-hex('')", "0")]
    [InlineData("url-decode('%zz+a')", "%zz a")]
    [InlineData("url-decode('%zz', 'strict')", null)]
    [InlineData("host-only('a.example.:80')", "a.example")]
    [InlineData("host-only('a.example.:80', 'any')", "a.example.")]
    [InlineData("network-of('10.1.2.3', '8', '-1')", "10.0.0.0")]
    [InlineData("network-of('fd00::1', '8', '-1')", null)]
    [InlineData("date-seconds('Sun, 06 Nov 1994 08:49:37 GMT')", "784111777")]
    [InlineData("date-seconds('yesterday')", null)]
    [InlineData("pem('')", null)]
    [InlineData("pem('abc')", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n")]
    [InlineData("pem('012345678901234567890123456789012345678901234567a')", "-----BEGIN CERTIFICATE-----\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3\nYQ==\n-----END CERTIFICATE-----\n")]
    [InlineData("last-address('1.1.1.1, 10.0.0.1, 10.0.0.2')", "10.0.0.2")]
    [InlineData("last-address('1.1.1.1, 9.9.9.9:80,10.0.0.1, [fd00::1]', '10.0.0.0/8 fd00::/8')", "9.9.9.9")]
    [InlineData("last-address('10.0.0.1, 10.0.0.2', '10.0.0.0/8')", "10.0.0.1")]
    [InlineData("last-address('9.9.9.9, unknown, 10.0.0.2', '10.0.0.0/8')", "10.0.0.2")]
    [InlineData("last-address('unknown')", null)]
    [InlineData("language('de;q=0.3, fr-CA;q=0.8, en-gb;q=0.7', 'en;fr;de')", "fr")]
    [InlineData("language('it;q=0, es', 'it', 'en')", "en")]
    [InlineData("language('it;q=0, es', 'it')", null)]
    [InlineData("big-endian('ABC', '.', '2', '0')", "16706.67")]
    [InlineData("big-endian('ABC', '.', '2', '1')", "16706")]
    [InlineData("big-endian-hex('ABC', ':', '1', '0')", "41:42:43")]
    [InlineData("json(url-decode('%C3%A9%F0%9F%98%80%1F'), 'utf8')", "\\u00e9\\ud83d\\ude00\\u001f")]
    [InlineData("json(url-decode('%FFa%C0%AF'), 'utf8')", null)]
    [InlineData("json(url-decode('%FFa'), 'utf8s')", "a")]
    [InlineData("json(url-decode('%C3%A9'), 'ascii')", "\\u00c3\\u00a9")]
    [InlineData("hex(hmac('abc', 'sha1', 'a2V5'))", "4FD0B215276EF12F2B3E4C8ECAC2811498B656FC")]
    [InlineData("is-zero('0')", "1")]
    [InlineData("normalize('/a b%?x', 'encode-path')", "/a%20b%25%3Fx")]
    [InlineData("normalize('/a-b/c', 'encode-path')", "/a-b/c")]
    [InlineData("normalize('/a b?c d', 'encode-target')", "/a%20b?c d")]
    [InlineData("normalize('a&b=c+d/e', 'encode-argument')", "a%26b%3Dc%2Bd/e")]
    [InlineData("behind(path, '/api/')", "v1/users")]
    [InlineData("behind(header('Host'), 'Api.{map(host, is any-case \\'api.example.com\\' => \\'Example\\')}.')", "com:8080")]
    [InlineData("behind(path, '/other')", null)]
    [InlineData("header-list('Cookie')", "sid=abc; theme=dark")]
    [InlineData("base64('abc')", "YWJj")]
    [InlineData("base64-decode('YWJj')", "abc")]
    [InlineData("base64-decode('%')", null)]
    [InlineData("basic-credentials", "user:pass")]
    [InlineData("hex('aZ')", "615A")]
    [InlineData("network-of(client, '16')", "10.1.0.0")]
    [InlineData("network-of('fd00:1:2::3', '24', '32')", "fd00:1::")]
    [InlineData("crc32('abc')", "891568578")]
    [InlineData("parameter-of(header('Cookie'), 'sid', ';')", "abc")]
    [InlineData("map(host, is any-case 'api.example.com' => 'api-{method}', else 'other')", "api-GET")]
    [InlineData("map(host, is 'x' => 'y', else 'other')", "other")]
    [InlineData("map(host, is 'x' => 'y')", null)]
    [InlineData("map(client, in-network '10.0.0.0/8' => 'in', in-network '0.0.0.0/0' => 'out')", "in")]
    [InlineData("map(path, matches '^/API' => 'no', matches any-case '^/API' => 'yes')", "yes")]
    [InlineData("'{method} {lower(host)}{{x}}'", "GET api.example.com{x}")]
    [InlineData("http-version", "1.1")]
    [InlineData("tls", "0")]
    [InlineData("variable('txn.none')", null)]
    public void A_value_is_found(string text, string? expected)
    {
        Assert.True(ExpressionParser.TryParse(text, out Expression expression, out var mistake), mistake.Message);

        Assert.Equal(expected, Evaluate(expression));
        Assert.True(ExpressionParser.TryParse(expression.ToString(), out Expression again, out _));
        Assert.Equal(expression, again);
    }

    [Theory]
    [InlineData("path starts-with '/api'", true)]
    [InlineData("path starts-with ['/x', '/api']", true)]
    [InlineData("path ends-with 'Users'", false)]
    [InlineData("path ends-with any-case 'Users'", true)]
    [InlineData("path contains 'v1'", true)]
    [InlineData("path contains any-case 'V1/U'", true)]
    [InlineData("path in-directory 'v1'", true)]
    [InlineData("path in-directory '/api/v1/'", true)]
    [InlineData("path in-directory 'v'", false)]
    [InlineData("host in-domain 'Example'", true)]
    [InlineData("host in-domain 'xample'", false)]
    [InlineData("path matches '^/api/v[0-9]+/'", true)]
    [InlineData("header-values('X-List') is 'd'", true)]
    [InlineData("header-values('X-List') is '\"b,c\"'", true)]
    [InlineData("header-values('X-List') is 'z'", false)]
    [InlineData("upper(header-values('X-List')) is 'D'", true)]
    [InlineData("header('X-List') is 'd'", false)]
    [InlineData("client in-network '10.0.0.0/8'", true)]
    [InlineData("client in-network ['192.168.0.0/16', '10.1.2.3']", true)]
    [InlineData("client in-network 'fd00::/8'", false)]
    [InlineData("parameter('id') in-range '40:45'", true)]
    [InlineData("parameter('id') in-range '43:'", false)]
    [InlineData("parameter('name') in-range '0:'", false)]
    [InlineData("path has-length ':13'", true)]
    [InlineData("cookie('sid')", true)]
    [InlineData("header('X-None')", false)]
    [InlineData("not header('X-None') and method is ['GET', 'HEAD']", true)]
    [InlineData("false or (true and not false)", true)]
    [InlineData("not (true or false)", false)]
    [InlineData("path is ['a','b','c','d','e','f','g','h','/api/v1/users']", true)]
    [InlineData("path is any-case ['a','b','c','d','e','f','g','h','/API/v1/users']", true)]
    public void A_condition_holds_or_not(string text, bool expected)
    {
        Assert.True(Condition.TryParse(text, out var condition, out var mistake), mistake.Message);

        var scope = Scope(out _);
        var compiled = CompiledCondition.From(condition)!;
        Assert.Equal(expected, compiled.Holds(scope));
        Assert.True(Condition.TryParse(condition.ToString(), out var again, out _));
        Assert.Equal(condition, again);
    }

    [Theory]
    [InlineData("path starts-with", "without a text")]
    [InlineData("path begins '/a'", "not a comparison")]
    [InlineData("headr('a') is 'b'", "'headr' is not a variable")]
    [InlineData("header is 'b'", "without a name")]
    [InlineData("path is 'a' and", "missing at the end")]
    [InlineData("(path is 'a'", "missing at the end")]
    [InlineData("path is 'a", "never closed")]
    [InlineData("path is []", "empty list")]
    [InlineData("path matches '('", "regular expression")]
    [InlineData("client in-network '10.0.0.1/8'", "bits set")]
    [InlineData("path in-range 'x'", "range of numbers")]
    [InlineData("field(path, 'x', '/') is 'a'", "not a number")]
    [InlineData("lower(path, 'a') is 'a'", "1 argument")]
    [InlineData("path is 'a' 'b'", "left over")]
    public void A_mistake_is_said(string text, string message)
    {
        Assert.False(Condition.TryParse(text, out _, out var mistake));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_evaluation_allocates_nothing()
    {
        string[] conditions =
        [
            "lower(header('Host')) starts-with 'api' and not (path matches '^/v[0-9]+/(a|b)*$' or client in-network '192.168.0.0/16')",
            "map(host, matches any-case '^(api|web)' => 'x-{upper(method)}', else 'y') is 'x-GET' and upper(header-values('X-List')) is 'E'",
            "replace(url-decode(parameter('name')), '(.) (.)', '\\\\2 \\\\1', 'g') is 'b A' and multiply(length(path), '3') in-range '39'",
        ];
        var compiled = Array.ConvertAll(conditions, text => CompiledCondition.From(Condition.TryParse(text, out var read, out _) ? read : null)!);
        var scope = Scope(out _);
        foreach (var condition in compiled)
            Assert.True(condition.Holds(scope));
        Steady.RequireNone(scope, scope =>
        {
            foreach (var condition in compiled)
                condition.Holds(scope);
        });
    }

    private static string? Evaluate(Expression expression)
    {
        var scope = Scope(out _);
        ExpressionRoom.OfThread.Clear();
        return CompiledValue.From(expression).TryRead(scope, out var value) ? Encoding.UTF8.GetString(value) : null;
    }

    private static TemplateScope Scope(out byte[] head)
    {
        head = Encoding.ASCII.GetBytes(Request);
        var request = new RequestHead();
        request.Clear();
        Assert.Equal(HeadState.Complete, request.Read(head, 16384, 100));
        var client = new ForwardedFields();
        client.Reset(KernelAddress.For(IPAddress.Parse("10.1.2.3"), 1234), new ListenerState(new RouteTable([], new Dictionary<string, Steelyard.Balancing.Pool>()), []));
        return new() { Request = request, Head = head, Client = client };
    }
}

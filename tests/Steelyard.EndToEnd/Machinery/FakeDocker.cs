using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>What speaks as Docker's engine does on a Unix socket, and says what a test wants it to.</summary>
internal sealed class FakeDocker : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<Channel<string>, bool> _listeners = new();
    private readonly ConcurrentDictionary<string, JsonObject> _containers = new();
    private int _listened;

    private FakeDocker(WebApplication server)
    {
        _server = server;
        server.Run(AnswerAsync);
    }

    /// <param name="socket">Where it is asked.</param>
    /// <param name="before">What is to be there before anybody can ask.</param>
    public static async Task<FakeDocker> StartAsync(string socket, Action<FakeDocker>? before = null)
    {
        File.Delete(socket);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        builder.WebHost.UseShutdownTimeout(TimeSpan.Zero);
        var fake = new FakeDocker(builder.Build());
        before?.Invoke(fake);
        await fake._server.StartAsync();
        return fake;
    }

    /// <summary>The version of its API.</summary>
    public string ApiVersion { get; set; } = "1.41";

    /// <summary>What it answers to everything but for its version; null for the truth.</summary>
    public (int Status, string Body)? Lie { get; set; }

    public JsonArray Services { get; set; } = [];

    public JsonArray Tasks { get; set; } = [];

    public JsonArray Nodes { get; set; } = [];

    /// <summary>How many lists it was asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>How many times somebody has begun to listen to events.</summary>
    public int Listened => Volatile.Read(ref _listened);

    /// <summary>Puts a container there, or another in its place.</summary>
    public void Set(string id, string address, Action<JsonObject>? more = null, params (string Name, string Value)[] labels)
    {
        var container = JsonNode.Parse($$"""
            {
              "Id": "{{id}}", "Name": "/{{id}}",
              "State": { "Running": true, "Paused": false, "Restarting": false },
              "Config": { "Labels": {}, "ExposedPorts": {} }, "HostConfig": { "NetworkMode": "bridge" },
              "NetworkSettings": { "Networks": { "bridge": { "IPAddress": "{{address}}", "GlobalIPv6Address": "" } } }
            }
            """)!.AsObject();
        foreach (var (name, value) in labels)
            container["Config"]!["Labels"]![name] = value;
        more?.Invoke(container);
        _containers[id] = container;
    }

    public void Remove(string id) => _containers.TryRemove(id, out _);

    /// <summary>Tells who listens.</summary>
    public void Tell(string type, string action, string id, params (string Name, string Value)[] attributes)
    {
        var all = new JsonObject();
        foreach (var (name, value) in attributes)
            all[name] = value;
        Tell(new JsonObject { ["Type"] = type, ["Action"] = action, ["Actor"] = new JsonObject { ["ID"] = id, ["Attributes"] = all } }.ToJsonString());
    }

    public void Tell(string line)
    {
        foreach (var listener in _listeners.Keys)
            listener.Writer.TryWrite(line);
    }

    /// <summary>Ends the streams of events.</summary>
    public void Break()
    {
        foreach (var listener in _listeners.Keys)
            listener.Writer.TryComplete();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path == "/version")
        {
            await WriteAsync(context, 200, $$"""{ "Version": "20.10.24", "ApiVersion": "{{ApiVersion}}", "MinAPIVersion": "1.12" }""");
            return;
        }

        if (Lie is var (status, body))
        {
            await WriteAsync(context, status, body);
            return;
        }

        path = path[path.IndexOf('/', 1)..];
        if (path == "/events")
            await TellAsync(context);
        else if (path == "/containers/json")
            await WriteAsync(context, 200, List(_containers.Values));
        else if (path.StartsWith("/containers/", StringComparison.Ordinal))
            await (_containers.TryGetValue(path.Split('/')[2], out var one) ? WriteAsync(context, 200, one.ToJsonString()) : WriteAsync(context, 404, """{ "message": "No such container" }"""));
        else if (path is "/services" or "/tasks" or "/nodes")
            await WriteAsync(context, 200, (path switch { "/services" => Services, "/tasks" => Tasks, _ => Nodes }).ToJsonString());
        else
            await WriteAsync(context, 404, """{ "message": "page not found" }""");
    }

    private string List(ICollection<JsonObject> containers)
    {
        Asked++;
        return new JsonArray([.. containers.Select(container => new JsonObject { ["Id"] = (string)container["Id"]! })]).ToJsonString();
    }

    private async Task TellAsync(HttpContext context)
    {
        var lines = Channel.CreateUnbounded<string>();
        _listeners[lines] = true;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        Interlocked.Increment(ref _listened);
        await foreach (var line in lines.Reader.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync(line + "\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        _listeners.TryRemove(lines, out _);
    }

    private static async Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body), context.RequestAborted);
    }

    public async ValueTask DisposeAsync()
    {
        Break();
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }
}

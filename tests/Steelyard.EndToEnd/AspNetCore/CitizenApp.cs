using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Steelyard.AspNetCore;

namespace Steelyard.EndToEnd.AspNetCore;

/// <summary>An app in this process with all parts of Steelyard.AspNetCore, and a client of it.</summary>
internal sealed class CitizenApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CitizenApp(WebApplication app)
    {
        _app = app;
        Client = new(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new(app.Urls.First()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<CitizenApp> StartAsync(Action<SteelyardOptions>? configure = null, Action<IServiceCollection>? add = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "citizen", EnvironmentName = "Test" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.AddSteelyard(configure);
        add?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapSteelyard();
        map?.Invoke(app);
        await app.StartAsync();
        return new(app);
    }

    public async Task<(int Status, JsonElement Body)> AskAsync(string path)
    {
        using var answer = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken));
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

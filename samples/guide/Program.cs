using Microsoft.Extensions.Diagnostics.HealthChecks;
using Steelyard.AspNetCore;

// Health, sessions, metrics, a graceful end and a circuit breaker in one app. API is whom it calls, REDIS where sessions are.
var api = Environment.GetEnvironmentVariable("API");
var builder = WebApplication.CreateBuilder(args);
builder.AddSteelyard(options =>
{
    options.Sessions.Redis = Environment.GetEnvironmentVariable("REDIS");
    options.Sessions.Name = "guide";
    options.Health.CacheFor = TimeSpan.Zero;
});
builder.Services.AddHttpClient("api").AddCallBreaker(breaker => breaker.Fallback = _ => new() { Content = JsonContent.Create(new { data = "fallback data" }) });
builder.Services.AddHealthChecks().AddAsyncCheck("database", AskDatabase);

var app = builder.Build();
app.MapSteelyard();
app.MapGet("/", (HttpContext context) =>
{
    var views = (context.Session.GetInt32("views") ?? 0) + 1;
    context.Session.SetInt32("views", views);
    return Results.Json(new { views });
});
app.MapGet("/slow", async (int after) =>
{
    await Task.Delay(after);
    return "done";
});
app.MapGet("/call", async (IHttpClientFactory clients) => Results.Text(await clients.CreateClient("api").GetStringAsync(new Uri($"{api}/data")), "application/json"));
app.Run();

async Task<HealthCheckResult> AskDatabase(CancellationToken cancel)
{
    using var client = new HttpClient();
    using var answer = await client.GetAsync(new Uri($"{api}/database"), cancel);
    return answer.IsSuccessStatusCode ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{(int)answer.StatusCode}");
}

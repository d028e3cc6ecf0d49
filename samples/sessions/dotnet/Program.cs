using Microsoft.AspNetCore.DataProtection;
using Steelyard.AspNetCore;

// Counts the visits of a client in its session, which any worker finds in Redis.
var builder = WebApplication.CreateBuilder(args);
builder.AddSteelyard(options =>
{
    options.Sessions.Redis = Environment.GetEnvironmentVariable("REDIS");
    options.Sessions.Name = "visits";
    options.Sessions.Secure = false;
    options.Shutdown.Timeout = Seconds("SHUTDOWN_TIMEOUT", 10);
    options.Shutdown.Delay = Seconds("SHUTDOWN_DELAY", 0);
    options.Shutdown.Close("the ledger", _ => Task.CompletedTask);
});

// What is lost where each worker has keys of its own: no other can read its cookies.
if (Environment.GetEnvironmentVariable("OWN_KEYS") == "1")
    builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
var app = builder.Build();
app.MapSteelyard();
app.MapGet("/", (HttpContext context) =>
{
    var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
    context.Session.SetInt32("visits", visits);
    return $"{visits} .NET {Environment.ProcessId}";
});
app.MapGet("/slow", async (int delay) =>
{
    await Task.Delay(delay);
    return "done";
});
app.Run();

static TimeSpan Seconds(string name, double otherwise) =>
    TimeSpan.FromSeconds(double.TryParse(Environment.GetEnvironmentVariable(name), System.Globalization.CultureInfo.InvariantCulture, out var seconds) ? seconds : otherwise);

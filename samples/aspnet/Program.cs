// An app as any other: ASPNETCORE_URLS tells it where to listen, and SIGTERM lets it end what is in flight.
var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/", async (int? delay) =>
{
    await Task.Delay(delay ?? 0);
    return $"{Environment.GetEnvironmentVariable("VERSION")} {Environment.ProcessId}";
});
app.MapGet("/health", () => "well");
app.Run();

using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>
/// The session of a request, opened when the app uses it first. The middleware of ASP.NET Core opens, and renews in
/// the store, the sessions of all requests: a store that is away would hold those that need none, health checks too.
/// </summary>
internal sealed partial class SessionOnUse(HttpContext context, RequestDelegate middleware) : ISession, ISessionFeature
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private ISession? _opened;

    public bool IsAvailable => Opened.IsAvailable;

    public string Id => Opened.Id;

    public IEnumerable<string> Keys => Opened.Keys;

    public ISession Session
    {
        get => this;
        set => _opened = value;
    }

    private ISession Opened => _opened ??= Open();

    /// <summary>Puts sessions in front of all that the app does with a request.</summary>
    [RequiresUnreferencedCode("The session middleware of ASP.NET Core cannot be trimmed.")]
    public static void Use(IApplicationBuilder app)
    {
        var branch = app.New();
        branch.UseSession();
        branch.Run(static context => context.Features.GetRequiredFeature<SessionOnUse>().HoldAsync(context));
        var middleware = branch.Build();
        app.Use(next => async context =>
        {
            var session = new SessionOnUse(context, middleware);
            context.Features.Set(session);
            context.Features.Set<ISessionFeature>(session);
            try
            {
                await next(context);
            }
            finally
            {
                context.Features.Set<ISessionFeature>(null);
                context.Features.Set<SessionOnUse>(null);
                await session.EndAsync();
            }
        });
    }

    public Task LoadAsync(CancellationToken cancellationToken = default) => Opened.LoadAsync(cancellationToken);

    public Task CommitAsync(CancellationToken cancellationToken = default) => _opened?.CommitAsync(cancellationToken) ?? Task.CompletedTask;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => Opened.TryGetValue(key, out value);

    public void Set(string key, byte[] value) => Opened.Set(key, value);

    public void Remove(string key) => Opened.Remove(key);

    public void Clear() => Opened.Clear();

    // The middleware runs up to the place where the app would, and waits there for the end of the request.
    private ISession Open()
    {
        _running = middleware(context);
        if (_opened is { } opened)
            return opened;

        // It has not come so far: the keys of cookies are away, or no cookie can be set any more.
        var fault = _running.Exception!.InnerException!;
        _running = null;
        if (!context.Response.HasStarted)
            LogFault(context.RequestServices.GetRequiredService<ILogger<SessionOnUse>>(), fault);
        return new NoSession(context.Response.HasStarted);
    }

    private Task HoldAsync(HttpContext held)
    {
        _opened = held.Session;
        return _end.Task;
    }

    private Task EndAsync()
    {
        _end.SetResult();
        return _running ?? Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Error, "No session can be opened")]
    private static partial void LogFault(ILogger log, Exception fault);

    /// <summary>What the app sees in the place of a session that cannot be opened: as one whose store is away, nothing is there and nothing is kept.</summary>
    private sealed class NoSession(bool late) : ISession
    {
        public bool IsAvailable => false;

        public string Id => "";

        public IEnumerable<string> Keys => [];

        public Task LoadAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task CommitAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
        {
            value = null;
            return false;
        }

        public void Set(string key, byte[] value)
        {
            if (late)
                throw new InvalidOperationException("No session can begin after the answer has.");
        }

        public void Remove(string key)
        {
        }

        public void Clear()
        {
        }
    }
}

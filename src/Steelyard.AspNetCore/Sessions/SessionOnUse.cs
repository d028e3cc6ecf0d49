using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Steelyard.AspNetCore.Sessions;

/// <summary>
/// The session of a request, opened when the app uses it first, or before an endpoint that is known to. The middleware of
/// ASP.NET Core opens, and renews in the store, the sessions of all requests: a store that is away would hold those that
/// need none, health checks too.
/// </summary>
internal sealed partial class SessionOnUse(HttpContext context, RequestDelegate middleware, SessionHabits habits, SessionOptions options) : ISession, ISessionFeature
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;
    private ISession? _opened;
    private bool _used;
    private bool _renews;

    public bool IsAvailable => Used.IsAvailable;

    public string Id => Used.Id;

    public IEnumerable<string> Keys => Used.Keys;

    public ISession Session
    {
        get => this;
        set => _opened = value;
    }

    private ISession Opened => _opened ??= Open();

    private ISession Used
    {
        get
        {
            if (!_used && context.GetEndpoint() is { } endpoint)
                habits.Used(endpoint);
            _used = true;
            return Opened;
        }
    }

    /// <summary>Puts sessions in front of all that the app does with a request.</summary>
    [RequiresUnreferencedCode("The session middleware of ASP.NET Core cannot be trimmed.")]
    public static void Use(IApplicationBuilder app)
    {
        var branch = app.New();
        branch.UseSession();
        branch.Run(static context => context.Features.GetRequiredFeature<SessionOnUse>().HoldAsync(context));
        var middleware = branch.Build();
        var habits = app.ApplicationServices.GetRequiredService<SessionHabits>();
        var options = app.ApplicationServices.GetRequiredService<IOptions<SessionOptions>>().Value;
        app.Use(next => async context =>
        {
            var session = new SessionOnUse(context, middleware, habits, options);
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

    /// <summary>Loads what a client has that comes with a cookie.</summary>
    public async Task LoadAheadAsync()
    {
        if (_opened is not null || !context.Request.Cookies.ContainsKey(options.Cookie.Name!))
            return;
        try
        {
            await Opened.LoadAsync();
        }
        catch (Exception)
        {
            // The app may not use it; else it hears from the session itself, which does not ask the store once more.
        }
    }

    public Task LoadAsync(CancellationToken cancellationToken = default) => Used.LoadAsync(cancellationToken);

    public Task CommitAsync(CancellationToken cancellationToken = default) => _opened?.CommitAsync(cancellationToken) ?? Task.CompletedTask;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => Used.TryGetValue(key, out value);

    public void Set(string key, byte[] value)
    {
        Used.Set(key, value);
        RenewCookie();
    }

    public void Remove(string key)
    {
        Used.Remove(key);
        RenewCookie();
    }

    public void Clear()
    {
        Used.Clear();
        RenewCookie();
    }

    // The session lives on from when it was used last: its cookie would end before it. As express-session does with one that was changed.
    private void RenewCookie()
    {
        if (_renews || options.Cookie.MaxAge is null || _opened is not KnownSession { IsAvailable: true } || context.Response.HasStarted)
            return;
        _renews = true;
        context.Response.OnStarting(() =>
        {
            context.Response.Cookies.Append(options.Cookie.Name!, context.Request.Cookies[options.Cookie.Name!]!, options.Cookie.Build(context));
            context.Response.Headers.CacheControl = "no-cache,no-store";
            return Task.CompletedTask;
        });
    }

    // The middleware runs up to the place where the app would, and waits there for the end of the request.
    private ISession Open()
    {
        _running = middleware(context);

        // It puts its own session in the place of this one, which would not hear what the app does.
        context.Features.Set<ISessionFeature>(this);
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
        if (!_used && context.Response.StatusCode < StatusCodes.Status400BadRequest && context.GetEndpoint() is { } endpoint)
            habits.NotUsed(endpoint);
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

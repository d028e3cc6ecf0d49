using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Steelyard.AspNetCore.Breaker;
using Steelyard.AspNetCore.Health;
using Steelyard.AspNetCore.Metrics;
using Steelyard.AspNetCore.Requests;
using Steelyard.AspNetCore.Sessions;
using Steelyard.AspNetCore.Shutdown;

namespace Steelyard.AspNetCore;

/// <summary>Makes an app a good citizen behind a balancer: all of it at once, or each part alone.</summary>
public static class SteelyardExtensions
{
    private const string SessionsAreNotTrimmed = "The session middleware of ASP.NET Core cannot be trimmed: a native app adds the other parts one by one.";

    // A worker that has just started compiles what connects, beside others that do: who is too hasty then tells a client that it
    // has no session. Who asks a Redis that is known to be away is told so at once.
    private const string RedisDefaults = "connectTimeout=5000,syncTimeout=2000,";

    private static readonly string[] s_live = [HealthBook.Live];

    private static readonly TimeSpan s_mostOfMemory = TimeSpan.FromSeconds(2);

    private static readonly string[] s_reads = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds all parts: forwarded addresses, names of requests, health, metrics, sessions and the graceful end.</summary>
    /// <param name="builder">The app.</param>
    /// <param name="configure">What is to be other than by default.</param>
    [RequiresUnreferencedCode(SessionsAreNotTrimmed)]
    public static IHostApplicationBuilder AddSteelyard(this IHostApplicationBuilder builder, Action<SteelyardOptions>? configure = null)
    {
        var options = new SteelyardOptions();
        configure?.Invoke(options);
        builder.Services
            .AddSteelyardForwarding(options.Forwarding)
            .AddSteelyardMetrics(options.Metrics)
            .AddSteelyardHealth(options.Health)
            .AddSteelyardShutdown(options.Shutdown)
            .AddSteelyardSessions(options.Sessions, builder.Environment);
        return builder;
    }

    /// <summary>Maps the endpoints of the parts that were added: health and metrics.</summary>
    public static IEndpointRouteBuilder MapSteelyard(this IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetService<HealthBook>() is not null)
            app.MapSteelyardHealth();
        if (app.ServiceProvider.GetService<RequestMetrics>() is not null)
            app.MapSteelyardMetrics();
        return app;
    }

    /// <summary>
    /// Adds the health endpoints on the checks of Microsoft.Extensions.Diagnostics.HealthChecks: each check that the app
    /// adds is a component of the detailed report; one with the tag <c>live</c> says whether the process lives.
    /// </summary>
    public static IServiceCollection AddSteelyardHealth(this IServiceCollection services, HealthOptions? options = null)
    {
        services.AddSingleton(Options.Create(options ?? new()));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Readiness>();
        services.TryAddSingleton<HealthBook>();
        var checks = services.AddHealthChecks();
        if ((options ?? new()).DiskFolder is not null)
            checks.AddCheck<DiskSpaceCheck>("diskSpace");

        // Every check has its time, also those that the app adds after.
        services.PostConfigure<HealthCheckServiceOptions>(all =>
        {
            foreach (var check in all.Registrations)
            {
                if (check.Timeout == Timeout.InfiniteTimeSpan)
                    check.Timeout = (options ?? new()).Timeout;
                var make = check.Factory;
                check.Factory = services => new TimedCheck(() => make(services));
            }
        });
        return services;
    }

    /// <summary>Maps the health endpoints.</summary>
    public static IEndpointRouteBuilder MapSteelyardHealth(this IEndpointRouteBuilder app)
    {
        var (services, path) = (app.ServiceProvider, app.ServiceProvider.GetRequiredService<IOptions<HealthOptions>>().Value.Path);
        var (readiness, book, time) = (services.GetRequiredService<Readiness>(), services.GetRequiredService<HealthBook>(), services.GetRequiredService<TimeProvider>());
        app.MapMethods(path, s_reads, (RequestDelegate)(context => HealthEndpoints.WriteBriefAsync(context, readiness, time))).WithMetadata(NoSessionNeeded.Mark);
        app.MapMethods(path + "/detailed", s_reads, (RequestDelegate)(context => HealthEndpoints.WriteDetailedAsync(context, book))).WithMetadata(NoSessionNeeded.Mark);
        app.MapMethods(path + "/live", s_reads, (RequestDelegate)(async context => await HealthEndpoints.WriteWordAsync(context, (await book.LiveAsync()).Status != HealthStatus.Unhealthy))).WithMetadata(NoSessionNeeded.Mark);
        app.MapMethods(path + "/ready", s_reads, (RequestDelegate)(async context => await HealthEndpoints.WriteWordAsync(context, readiness.IsReady && (await book.ReadyAsync()).Status != HealthStatus.Unhealthy))).WithMetadata(NoSessionNeeded.Mark);
        return app;
    }

    /// <summary>Adds a check that says whether the process lives at all: where it fails, the process is to be started anew.</summary>
    public static IHealthChecksBuilder AddLivenessCheck(this IHealthChecksBuilder checks, string name, Func<CancellationToken, Task<HealthCheckResult>> check) =>
        checks.AddAsyncCheck(name, check, s_live);

    /// <summary>Counts how long requests take, by method, route and status.</summary>
    public static IServiceCollection AddSteelyardMetrics(this IServiceCollection services, RequestMetricsOptions? options = null)
    {
        services.AddSingleton(Options.Create(options ?? new()));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RequestMetrics>();
        return services.AddSingleton<IStartupFilter>(new Pipeline(static app =>
        {
            var (metrics, time) = (app.ApplicationServices.GetRequiredService<RequestMetrics>(), app.ApplicationServices.GetRequiredService<TimeProvider>());
            app.Use(next => context => metrics.CountAsync(context, next, time));
        }));
    }

    /// <summary>Maps the metrics.</summary>
    public static IEndpointConventionBuilder MapSteelyardMetrics(this IEndpointRouteBuilder app) => app.MapMethods(
        app.ServiceProvider.GetRequiredService<IOptions<RequestMetricsOptions>>().Value.Path,
        s_reads,
        (RequestDelegate)app.ServiceProvider.GetRequiredService<RequestMetrics>().WriteAsync).WithMetadata(NoSessionNeeded.Mark);

    /// <summary>Adds sessions: in Redis, with the keys of cookies, so that any worker knows every client; or in memory.</summary>
    [RequiresUnreferencedCode(SessionsAreNotTrimmed)]
    public static IServiceCollection AddSteelyardSessions(this IServiceCollection services, SessionSettings settings, IHostEnvironment environment)
    {
        var (name, mostOfStore) = (settings.Name ?? environment.ApplicationName, s_mostOfMemory);
        services.AddDataProtection().SetApplicationName(name);
        if (!string.IsNullOrWhiteSpace(settings.Redis))
        {
            var configuration = ConfigurationOptions.Parse(RedisDefaults + settings.Redis);
            configuration.BacklogPolicy = BacklogPolicy.FailFast;

            // An app that starts before its Redis connects once that is there.
            configuration.AbortOnConnectFail = false;

            // Who waits for the first connection waits as long as that may take.
            mostOfStore = TimeSpan.FromMilliseconds((double)configuration.ConnectTimeout + configuration.AsyncTimeout);
            var connection = new Lazy<IConnectionMultiplexer>(() => ConnectionMultiplexer.Connect(configuration));
            services.AddSingleton(_ => connection.Value);
            services.AddStackExchangeRedisCache(cache =>
            {
                cache.InstanceName = name + ":";
                cache.ConnectionMultiplexerFactory = () => connection.IsValueCreated ? Task.FromResult(connection.Value) : Task.Run(() => connection.Value);
            });

            // Data protection reads them before the app listens, or each of the first requests would hold a thread until they are read: too few would be
            // left to read them with. The app may have chosen another place for its keys, before or after.
            services.AddOptions<KeyManagementOptions>().PostConfigure<IHostApplicationLifetime>((keys, app) => keys.XmlRepository ??= new KeyStore(connection, name + ":keys", app.ApplicationStarted));
            services.AddHealthChecks().AddRedis(_ => connection.Value, "cache");
            ConnectOnceStarted(services, connection);
        }
        else
        {
            services.AddDistributedMemoryCache();
        }

        services.AddSession(session =>
        {
            session.IdleTimeout = settings.Lifetime;
            session.IOTimeout = mostOfStore;
            session.Cookie.Name = settings.Cookie;
            session.Cookie.MaxAge = settings.Lifetime;
            session.Cookie.HttpOnly = true;
            session.Cookie.IsEssential = true;
            session.Cookie.SameSite = SameSiteMode.Lax;
            session.Cookie.SecurePolicy = settings.Secure ?? environment.IsProduction() ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        });
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ISessionStore, SessionStore>();
        services.AddSingleton<SessionHabits>();
        services.AddSingleton<MatcherPolicy, SessionLoading>();
        return services.AddSingleton<IStartupFilter>(new Pipeline(SessionOnUse.Use));
    }

    private static void ConnectOnceStarted(IServiceCollection services, Lazy<IConnectionMultiplexer> connection) =>
        services.AddSingleton<IStartupFilter>(new Pipeline(app => app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(() => _ = Task.Run(() => connection.Value))));

    /// <summary>Ends the app in order when it is told to (SIGTERM), and tells a supervisor when it is ready and when it ends (sd_notify(3)).</summary>
    public static IServiceCollection AddSteelyardShutdown(this IServiceCollection services, ShutdownOptions? options = null)
    {
        var its = options ?? new();
        services.AddSingleton(Options.Create(its));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Readiness>();
        services.AddHostedService<GracefulShutdown>();

        // The forced end comes first.
        return services.Configure<HostOptions>(host => host.ShutdownTimeout = its.Timeout * 2);
    }

    /// <summary>Takes the addresses and names of requests from balancers that are trusted, and passes names on with calls to others.</summary>
    public static IServiceCollection AddSteelyardForwarding(this IServiceCollection services, ForwardingOptions? options = null)
    {
        var its = options ?? new();
        services.AddSingleton(Options.Create(its));
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            // To the middleware nobody named means that everybody is believed.
            forwarded.ForwardedHeaders = its.Trusted.Count == 0 ? ForwardedHeaders.None
                : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;

            // As far back as there are trusted ones.
            forwarded.ForwardLimit = null;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in its.Trusted)
                forwarded.KnownIPNetworks.Add(network);
        });
        services.AddHttpContextAccessor();
        services.TryAddSingleton<RequestNames>();
        services.AddTransient<RequestNameHandler>();
        services.ConfigureHttpClientDefaults(static client => client.AddHttpMessageHandler<RequestNameHandler>());
        return services.AddSingleton<IStartupFilter>(new Pipeline(static app =>
        {
            // Names first, while the peer is still known by its own address.
            var names = app.ApplicationServices.GetRequiredService<RequestNames>();
            app.Use(next => context => names.NameAsync(context, next));
            app.UseForwardedHeaders();
        }));
    }

    /// <summary>Puts the calls of a client under a circuit breaker.</summary>
    /// <param name="client">The client, from <c>AddHttpClient</c>.</param>
    /// <param name="configure">What is to be other than by default.</param>
    public static IHttpClientBuilder AddCallBreaker(this IHttpClientBuilder client, Action<CallBreakerOptions>? configure = null)
    {
        var options = new CallBreakerOptions();
        configure?.Invoke(options);
        client.Services.TryAddSingleton(TimeProvider.System);
        client.Services.AddKeyedSingleton(client.Name, (services, _) => new CallBreaker(options, services.GetRequiredService<TimeProvider>()));
        return client.AddHttpMessageHandler(services => new CallBreakerHandler(services.GetRequiredKeyedService<CallBreaker>(client.Name)));
    }
}

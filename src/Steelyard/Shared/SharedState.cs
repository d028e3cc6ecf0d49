using System.Diagnostics;
using System.Security.Authentication;
using StackExchange.Redis;
using Steelyard.Config;
using Steelyard.Engine;

namespace Steelyard.Shared;

/// <summary>
/// What this balancer shares with others over one Redis. All of it is done by a task in the background: what loops have
/// done is told, what others have done is taken in, and while Redis is away each goes by what it knows.
/// </summary>
internal sealed class SharedState : IAsyncDisposable
{
    private const string Trial = "redis.call('SET', KEYS[1], '', 'PX', 1)";
    private const string Ended = "the connection has ended";

    // So often it is asked whether it is there, when there is nothing to tell.
    private static readonly TimeSpan s_askEvery = TimeSpan.FromSeconds(1);

    // Between two readings of all clients, of which each that fails makes the next one later.
    private static readonly TimeSpan s_leastMergePause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_mostMergePause = TimeSpan.FromMinutes(1);

    private readonly SharedSettings _settings;
    private readonly string _folder;
    private readonly SharedLimits _limits;
    private readonly SharedClients _clients;
    private readonly Action<string> _say;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _running;
    private Task? _exchange;
    private Task? _merging;
    private volatile bool _mergeIsDue;
    private long _mergeBegun;
    private TimeSpan _mergePause = s_leastMergePause;
    private bool _isLate;
    private volatile bool _broken;
    private bool _isAway;
    private long? _refusedAt;
    private long _awaySince;
    private long _heardAt = Stopwatch.GetTimestamp();
    private volatile string? _failure;

    private SharedState(LoadBalancer balancer, SharedSettings settings, string folder, Action<string> say)
    {
        (_settings, _folder, _say) = (settings, folder, say);
        (_limits, _clients) = (new(balancer, settings.Prefix, Counts), new(balancer, settings.Prefix, Counts));
        _running = Task.Run(RunAsync);
    }

    /// <summary>What has come of it.</summary>
    public SharedCounts Counts { get; } = new();

    /// <summary>Begins to share.</summary>
    /// <param name="balancer">What.</param>
    /// <param name="settings">Over which Redis.</param>
    /// <param name="folder">The folder of the configuration.</param>
    /// <param name="say">Takes a line when Redis goes away, and when it is back.</param>
    public static SharedState Start(LoadBalancer balancer, SharedSettings settings, string folder, Action<string> say) => new(balancer, settings, folder, say);

    /// <summary>Tells of what is left to tell, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running;
        _ended.Dispose();
    }

    private async Task RunAsync()
    {
        ConnectionMultiplexer redis;
        try
        {
            redis = await ConnectionMultiplexer.ConnectAsync(RedisOptions.Of(_settings, _folder));
        }
        catch (Exception error) when (error is RedisException or IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            Counts.Away = error.Message;
            _say($"nothing is shared: {error.Message}");
            return;
        }

        redis.ConnectionFailed += (_, failed) => Break(failed.Exception is { } error ? WordsFor(error) : WordsFor(failed.FailureType));
        await using (redis)
        {
            using var timer = new PeriodicTimer(_settings.Every);
            try
            {
                while (await timer.WaitForNextTickAsync(_ended.Token))
                    await TurnAsync(redis);
            }
            catch (OperationCanceledException)
            {
                // The engine has stopped, or shares over another Redis.
            }

            if (!_isAway)
                await TurnAsync(redis);
            await Task.WhenAny(_merging ?? Task.CompletedTask, Task.Delay(RedisOptions.Patience));
        }
    }

    private async Task TurnAsync(ConnectionMultiplexer redis)
    {
        // What others told since one of its connections broke was not heard.
        if (_broken)
            (_broken, Counts.IsUp) = (false, false);
        if (!redis.IsConnected || (!Counts.IsUp && !redis.GetSubscriber().IsConnected()))
        {
            // Why is known with the next try.
            Counts.IsUp = false;
            if (!_isAway && (_failure is not null || Stopwatch.GetElapsedTime(_heardAt) > s_askEvery))
            {
                Counts.Fail();
                GoAway(_failure ?? await WhyAsync(redis));
            }

            Forget();
            return;
        }

        if (_refusedAt is { } refused && Stopwatch.GetElapsedTime(refused) < s_askEvery)
        {
            Forget();
            return;
        }

        // One that takes long is not begun again beside itself.
        _exchange ??= ExchangeAsync(redis);
        try
        {
            await _exchange.WaitAsync(RedisOptions.Patience);
            _exchange = null;
        }
        catch (TimeoutException) when (_exchange is { IsCompleted: false })
        {
            Counts.Fail();
            GoAway($"no answer within {RedisOptions.Patience.TotalSeconds:0} s");
            _isLate = true;
        }
        catch (Exception error)
        {
            // Whatever comes of it, nobody else is there to go on.
            _exchange = null;
            _refusedAt = error is RedisServerException ? Stopwatch.GetTimestamp() : null;
            Counts.Fail();
            GoAway(WordsFor(error));
        }
    }

    private void Forget()
    {
        // An exchange that is still under way reads what loops tell, and nobody may beside it.
        if (_exchange is not (null or { IsCompleted: true }))
            return;
        _limits.Forget();
        _clients.Forget();
    }

    private async Task ExchangeAsync(ConnectionMultiplexer redis)
    {
        var db = redis.GetDatabase(_settings.Database);
        var sent = Counts.Sent;
        if (_isLate)
            _limits.Forget();
        _isLate = false;
        if (!Counts.IsUp)
        {
            // One that is full or a replica answers, and takes nothing: it is away until it does. It is asked as limits are settled,
            // by a script: a SET the client library would not even send to a replica, and not say what that is.
            await db.ScriptEvaluateAsync(Trial, [$"{_settings.Prefix}:trial"]);
            _refusedAt = null;
            await _clients.ListenAsync(redis);
        }

        await _limits.SettleAsync(db);
        var toldAll = await _clients.TellAsync(db);
        if (Counts.Sent == sent && (!Counts.IsUp || Stopwatch.GetElapsedTime(_heardAt) > s_askEvery))
            await db.PingAsync();
        _heardAt = Stopwatch.GetTimestamp();
        var wasUp = Counts.IsUp;
        _failure = null;
        ComeBack();
        _mergeIsDue |= !wasUp || !toldAll;
        if (!wasUp)
            _mergePause = s_leastMergePause;
        if (!_mergeIsDue || _merging is { IsCompleted: false } || Stopwatch.GetElapsedTime(_mergeBegun) < _mergePause)
            return;
        (_mergeIsDue, _mergeBegun) = (false, Stopwatch.GetTimestamp());
        _merging = MergeAsync(redis);
    }

    // It takes as long as there are clients; limits are settled meanwhile.
    private async Task MergeAsync(ConnectionMultiplexer redis)
    {
        try
        {
            await Task.Yield();
            await _clients.MergeAsync(redis, _settings.Database);
            _mergePause = s_leastMergePause;
        }
        catch (Exception error)
        {
            // It may have gone away again; or it may never do this, as for a user without SCAN: then it is tried seldom.
            Counts.Fail();
            if (_mergePause == s_leastMergePause)
                _say($"the clients that Redis at {_settings.Redis} remembers could not all be read: {WordsFor(error)}");
            _mergePause = TimeSpan.FromTicks(Math.Min(_mergePause.Ticks * 2, s_mostMergePause.Ticks));
            _mergeIsDue = true;
        }
    }

    /// <summary>Why there is no connection. Of one that was never there nobody is told, but whoever asks over it.</summary>
    private static async Task<string> WhyAsync(ConnectionMultiplexer redis)
    {
        try
        {
            await redis.GetDatabase().PingAsync();
            return "no connection";
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return error.InnerException is RedisConnectionException first ? WordsFor(first) : "no connection";
        }
    }

    private void GoAway(string reason)
    {
        (Counts.IsUp, Counts.Away) = (false, reason);
        if (_isAway)
            return;
        (_isAway, _awaySince) = (true, Stopwatch.GetTimestamp());
        _say($"Redis at {_settings.Redis} is away ({reason}): clients and limits are counted here alone until it is back");
    }

    private void ComeBack()
    {
        (Counts.IsUp, Counts.Away) = (true, null);
        if (!_isAway)
            return;
        _isAway = false;
        _say($"Redis at {_settings.Redis} is back after {Stopwatch.GetElapsedTime(_awaySince).TotalSeconds:0.0} s: clients and limits are shared again");
    }

    private void Break(string why)
    {
        // What is refused ends too, and that is not why.
        if (why != Ended || _failure is null)
            _failure = why;
        _broken = true;
    }

    private static string WordsFor(ConnectionFailureType failure) => failure switch
    {
        ConnectionFailureType.UnableToConnect or ConnectionFailureType.UnableToResolvePhysicalConnection => "nobody answers",
        ConnectionFailureType.AuthenticationFailure => "user or password are refused",
        ConnectionFailureType.ProtocolFailure => "what answers is no Redis",
        _ => Ended,
    };

    // Messages go on with advice over several lines, and figures behind semicolons and commas.
    private static string WordsFor(Exception error) => error switch
    {
        RedisConnectionException { InnerException: AuthenticationException tls } => $"its certificate is refused: {tls.Message}",
        RedisConnectionException connection => WordsFor(connection.FailureType),
        TimeoutException => "no answer in time",
        _ => error.Message.Split('\n', ';', ',')[0].Split(". script:")[0].Trim(),
    };
}

using System.Net;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Steelyard.AspNetCore.Breaker;

/// <summary>The state of one breaker: shared by all handlers of a client, which the factory renews from time to time.</summary>
internal sealed class CallBreaker
{
    private readonly CallBreakerOptions _options;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;

    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">A setting is out of its range.</exception>
    public CallBreaker(CallBreakerOptions options, TimeProvider time)
    {
        if (options.LongestBody is < 1 or > 1 << 30)
            throw new System.ComponentModel.DataAnnotations.ValidationException($"{nameof(options.LongestBody)} is {options.LongestBody}; it is from 1 to 1 GiB");
        _options = options;
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = options.ErrorThresholdPercentage / 100,
                MinimumThroughput = options.VolumeThreshold,
                SamplingDuration = options.RollingWindow,
                BreakDuration = options.ResetTimeout,
                ShouldHandle = failed => ValueTask.FromResult(IsFailure(failed.Outcome)),
                OnOpened = _ => Tell(options.OnOpen),
                OnClosed = _ => Tell(options.OnClose),
                OnHalfOpened = _ => Tell(options.OnHalfOpen),
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.Timeout, OnTimeout = _ => Tell(options.OnTimeout) })
            .Build();
    }

    /// <summary>Makes a call, if it may be made.</summary>
    public async Task<HttpResponseMessage> CallAsync(HttpRequestMessage request, Func<CancellationToken, Task<HttpResponseMessage>> call, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(cancellation);
        try
        {
            var outcome = await _pipeline.ExecuteOutcomeAsync(
                async (context, call) =>
                {
                    try
                    {
                        return Outcome.FromResult(await AnswerAsync(call, context.CancellationToken));
                    }
                    catch (Exception fault)
                    {
                        // The pipeline judges it; it is thrown again below.
                        return Outcome.FromException<HttpResponseMessage>(fault);
                    }
                },
                context,
                call);
            return End(request, outcome);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task<HttpResponseMessage> AnswerAsync(Func<CancellationToken, Task<HttpResponseMessage>> call, CancellationToken cancellation)
    {
        var answer = await call(cancellation);
        if (!_options.CoversBody || answer.StatusCode == HttpStatusCode.SwitchingProtocols || answer.Content.Headers.ContentType?.MediaType == "text/event-stream" || answer.Content.Headers.ContentLength > _options.LongestBody)
            return answer;
        try
        {
            await answer.Content.LoadIntoBufferAsync(_options.LongestBody, cancellation);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private HttpResponseMessage End(HttpRequestMessage request, in Outcome<HttpResponseMessage> outcome)
    {
        if (outcome.Exception is BrokenCircuitException)
            _options.OnReject?.Invoke();
        else if (IsFailure(outcome))
            _options.OnFailure?.Invoke(outcome.Result, outcome.Exception);
        else if (outcome.Result is { } good)
            _options.OnSuccess?.Invoke(good);
        if (_options.Fallback is { } fallback && (outcome.Exception is BrokenCircuitException || IsFailure(outcome)))
        {
            outcome.Result?.Dispose();
            _options.OnFallback?.Invoke();
            return fallback(request);
        }

        outcome.ThrowIfException();
        return outcome.Result!;
    }

    // A caller that gives up says nothing of who was called.
    private bool IsFailure(in Outcome<HttpResponseMessage> outcome) =>
        outcome.Exception is HttpRequestException or TimeoutRejectedException || (outcome.Result is { } answer && _options.IsFailure(answer));

    private static ValueTask Tell(Action? who)
    {
        who?.Invoke();
        return default;
    }
}

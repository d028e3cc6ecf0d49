using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Steelyard.Admin;

/// <summary>
/// Answers what Kestrel refuses before anybody sees a request: a Host field that is none, a request line that cannot be
/// read, fields without end. By itself it sends a status and no body. It tells those who listen to its diagnostics just
/// before that, when there is no response to write to yet; so they write to the connection, and what Kestrel writes then
/// goes nowhere.
/// </summary>
internal sealed class BadRequests : IObserver<KeyValuePair<string, object?>>
{
    private const string Event = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    /// <summary>Begins to answer them.</summary>
    public static IDisposable AnswerIn(WebApplication app) => app.Services.GetRequiredService<DiagnosticListener>().Subscribe(new BadRequests(), name => name == Event);

    /// <summary>Serves a connection so that they can be answered on it.</summary>
    public static async Task ServeAsync(ConnectionContext connection, ConnectionDelegate serve)
    {
        var transport = connection.Transport;
        var gate = new Gate(transport);
        connection.Transport = gate;
        connection.Features.Set(gate);
        try
        {
            await serve(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    public void OnNext(KeyValuePair<string, object?> said)
    {
        if (said.Value is IFeatureCollection features
            && features.Get<IBadRequestExceptionFeature>()?.Error is Microsoft.AspNetCore.Http.BadHttpRequestException bad
            && features.Get<IHttpResponseFeature>() is { HasStarted: false } response
            && features.Get<Gate>() is { } gate)
            gate.EndWith(Answer(bad, response.Headers.Allow, HttpMethods.IsHead(features.GetRequiredFeature<IHttpRequestFeature>().Method)));
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private static byte[] Answer(Microsoft.AspNetCore.Http.BadHttpRequestException bad, string? allowed, bool toHead)
    {
        var phrase = ReasonPhrases.GetReasonPhrase(bad.StatusCode);

        // It quotes what was wrong only where its log would.
        var detail = bad.Message.Replace(": ''", "", StringComparison.Ordinal);
        var body = JsonSerializer.SerializeToUtf8Bytes(new ProblemView(phrase, bad.StatusCode, detail), AdminJson.Readable.ProblemView);
        var head = Encoding.ASCII.GetBytes($"HTTP/1.1 {bad.StatusCode} {phrase}\r\nContent-Type: application/problem+json\r\nContent-Length: {body.Length + 1}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{(allowed is null ? "" : $"Allow: {allowed}\r\n")}Connection: close\r\n\r\n");
        return toHead ? head : [.. head, .. body, (byte)'\n'];
    }

    /// <summary>A connection that lets nothing out any more once it was told what its last answer is. One thread at a time writes to it.</summary>
    private sealed class Gate(IDuplexPipe transport) : PipeWriter, IDuplexPipe
    {
        private readonly PipeWriter _output = transport.Output;
        private byte[]? _nowhere;

        public PipeReader Input => transport.Input;

        public PipeWriter Output => this;

        public override bool CanGetUnflushedBytes => _output.CanGetUnflushedBytes;

        public override long UnflushedBytes => _output.UnflushedBytes;

        public void EndWith(ReadOnlySpan<byte> answer)
        {
            _output.Write(answer);
            _nowhere = new byte[4096];
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _nowhere is null ? _output.GetMemory(sizeHint) : Nowhere(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _nowhere is null ? _output.GetSpan(sizeHint) : Nowhere(sizeHint);

        private byte[] Nowhere(int size) => _nowhere = _nowhere!.Length >= size ? _nowhere : new byte[size];

        public override void Advance(int bytes)
        {
            if (_nowhere is null)
                _output.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => _output.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            _nowhere is null ? _output.WriteAsync(source, cancellationToken) : _output.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => _output.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => _output.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => _output.CompleteAsync(exception);
    }
}

using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Steelyard.Config;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>The admin API of a running <c>steelyard up</c>, as commands ask it.</summary>
internal sealed class AdminConnection : IDisposable
{
    private const string TokenHint = " (--token-file FILE, or STEELYARD_TOKEN in the environment)";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly string _where;
    private readonly AdminTrust? _trust;

    private AdminConnection(NetworkAddress address, string? token, AdminTrust? trust)
    {
        (_where, _trust) = (address.ToString(), trust);
        var handler = address.UnixPath is { } path ? Through(path) : new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (trust is not null)
            handler.SslOptions = trust.Options;
        _http = new HttpClient(handler)
        {
            BaseAddress = new($"{(trust is null ? "http" : "https")}://{(address.UnixPath is null ? address.Host.Length == 0 ? $"localhost:{address.Port}" : address.ToString() : "localhost")}/"),
            Timeout = Patience,
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The API at an address.</summary>
    /// <param name="address">Where.</param>
    /// <param name="token">What it asks for; null for nothing.</param>
    /// <param name="trust">Whose certificate is believed where it speaks TLS; null where it does not.</param>
    public static AdminConnection To(NetworkAddress address, string? token = null, AdminTrust? trust = null) => new(address, token, trust);

    /// <summary>The APIs that answer on local sockets of this user.</summary>
    /// <param name="file">The configuration; null for any.</param>
    public static IReadOnlyList<AdminConnection> Local(string? file) =>
        [.. (file is null ? RuntimeFolder.All(AdminSockets.Ending) : RuntimeFolder.PathsFor(file, AdminSockets.Ending))
            .Where(UnixSockets.Answers).Select(path => To(NetworkAddress.ForUnix(path)))];

    private static SocketsHttpHandler Through(string path) => new()
    {
        UseProxy = false,
        ConnectCallback = (_, cancel) => UnixSockets.OpenAsync(path, cancel),
    };

    /// <summary>What an endpoint answers, as it came.</summary>
    /// <exception cref="AdminProblemException">It refused, or nobody answers.</exception>
    public async Task<string> AskAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using var answer = await _http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? text : throw Refusal((int)answer.StatusCode, text);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            throw new AdminProblemException(0, error is TaskCanceledException ? $"{_where} does not answer" : $"{_where}: {Reason(error)}");
        }
    }

    /// <summary>The server-sent events of an endpoint, until it ends or nobody wants more.</summary>
    /// <exception cref="AdminProblemException">It refused, or nobody answers.</exception>
    public async IAsyncEnumerable<JsonNode> FollowAsync(string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var answer = await OpenAsync(path, cancel);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancel))
            yield return JsonNode.Parse(item.Data) ?? throw NotOurs();
    }

    private async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        try
        {
            var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (answer.IsSuccessStatusCode)
                return answer;
            using (answer)
                throw Refusal((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (HttpRequestException error)
        {
            throw new AdminProblemException(0, $"{_where}: {Reason(error)}");
        }
    }

    /// <summary>The same, read.</summary>
    /// <exception cref="AdminProblemException">It refused, or nobody answers.</exception>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => Read(await AskAsync("GET", path), type);

    /// <summary>Reads an answer.</summary>
    /// <exception cref="AdminProblemException">It is none of this API.</exception>
    public T Read<T>(string answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer, type) ?? throw NotOurs();
        }
        catch (JsonException)
        {
            throw NotOurs();
        }
    }

    // What the libraries say names neither the cause nor the way out.
    private string Reason(Exception error) => error switch
    {
        { InnerException: System.Security.Authentication.AuthenticationException } when _trust is { Refusal: null } => "no TLS comes about with what answers there; it may speak plain HTTP: http:// before the address, and no --ca",
        { InnerException: System.Security.Authentication.AuthenticationException refused } => $"{_trust?.Refusal ?? refused.Message} (--ca FILE says whose certificate is believed)",
        { InnerException: SocketException { SocketErrorCode: SocketError.AddressNotAvailable } } when _where.StartsWith("unix:", StringComparison.Ordinal) => "there is no such socket",
        { InnerException: SocketException refused } => refused.Message,
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } => "what answers there does not speak HTTP; it may speak TLS: --ca FILE, or https:// before the address",
        _ => error.Message,
    };

    private AdminProblemException NotOurs() => new(0, $"what answers at {_where} is not the admin API of this version");

    private AdminProblemException Refusal(int status, string text)
    {
        try
        {
            var problem = JsonSerializer.Deserialize(text, AdminJson.Readable.ProblemView);
            return problem is null ? NotOurs() : new(status, problem.Detail + (status == StatusCodes.Status401Unauthorized ? TokenHint : "")) { Lines = problem.Lines };
        }
        catch (JsonException)
        {
            return NotOurs();
        }
    }

    public void Dispose() => _http.Dispose();
}

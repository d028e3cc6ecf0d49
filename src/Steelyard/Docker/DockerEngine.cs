using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Steelyard.Docker;

/// <summary>
/// Docker's engine behind its Unix socket. The version of its API that both know is agreed on before the first question,
/// and again after one that came to nothing, for another engine may be there. For one question at a time, and events beside it.
/// </summary>
/// <param name="socket">The path of the socket.</param>
internal sealed class DockerEngine(string socket) : IDisposable
{
    // Docker 19.03, of 2019, the oldest with all that is asked for here; and the newest that was read about.
    private static readonly Version s_least = new(1, 40);
    private static readonly Version s_most = new(1, 51);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    // A list of a thousand tasks is some 4 MB.
    private const long MostBytes = 64 << 20;
    private const int MostBytesOfRefusal = 64 << 10;

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ConnectCallback = (_, cancel) => UnixSockets.OpenAsync(socket, cancel),
    })
    {
        BaseAddress = new("http://docker/"),
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MostBytes,
    };

    private string? _version;

    /// <summary>What filters look like in an address: names with their values, of which any may hold.</summary>
    public static string Filters(params ReadOnlySpan<(string Name, IReadOnlyList<string> Values)> filters)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (name, values) in filters)
            {
                json.WriteStartArray(name);
                foreach (var value in values)
                    json.WriteStringValue(value);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return "filters=" + Uri.EscapeDataString(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    /// <summary>What the engine answers.</summary>
    /// <param name="path">What is asked for, without the version.</param>
    /// <param name="type">What comes.</param>
    /// <param name="cancel">Calls it off.</param>
    /// <exception cref="DockerException">It does not, or refuses.</exception>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Parse(await AskAsync(HttpMethod.Get, path, null, cancel), type, path);

    /// <summary>Has the engine do something.</summary>
    /// <returns>What it answers.</returns>
    /// <exception cref="DockerException">It does not, or refuses.</exception>
    public Task<byte[]> PostAsync(string path, string body, CancellationToken cancel) => AskAsync(HttpMethod.Post, path, body, cancel);

    /// <summary>What happens from now on, once the engine has promised to tell; the events end with an exception.</summary>
    /// <exception cref="DockerException">It does not tell, or has ceased to.</exception>
    public async Task<IAsyncEnumerable<DockerEvent>> EventsAsync(string filters, CancellationToken cancel)
    {
        var path = $"events?{filters}";
        await AgreeAsync(cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_version}/{path}");
        var answer = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        try
        {
            await CheckAsync(answer, path, cancel);
            return ReadAsync(answer, cancel);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private async IAsyncEnumerable<DockerEvent> ReadAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var owned = answer;
        using var lines = new EventLines(await answer.Content.ReadAsStreamAsync(cancel));
        while (true)
        {
            byte[] line;
            try
            {
                line = await lines.NextAsync(cancel) ?? throw new DockerException($"the engine at {socket} has ceased to tell what happens");
            }
            catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException)
            {
                throw new DockerException($"the engine at {socket} has ceased to tell what happens: {error.Message}");
            }

            yield return Parse(line, DockerJson.Default.DockerEvent, "/events");
        }
    }

    private async Task<byte[]> AskAsync(HttpMethod method, string path, string? body, CancellationToken cancel)
    {
        await AgreeAsync(cancel);
        using var request = new HttpRequestMessage(method, $"{_version}/{path}");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
        await CheckAsync(answer, path, cancel);
        return await answer.Content.ReadAsByteArrayAsync(cancel);
    }

    private async Task AgreeAsync(CancellationToken cancel)
    {
        if (_version is not null)
            return;
        using var request = new HttpRequestMessage(HttpMethod.Get, "version");
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
        await CheckAsync(answer, "version", cancel);
        var version = Parse(await answer.Content.ReadAsByteArrayAsync(cancel), DockerJson.Default.VersionAnswer, "version");
        if (!Version.TryParse(version.ApiVersion, out var most))
            throw new DockerException($"what answers at {socket} does not say the version of its API, as Docker's engine does");
        if (most < s_least)
            throw new DockerException($"the engine at {socket} is too old: its API has version {most}, Docker {version.Version ?? "?"}; {s_least} is needed, of Docker 19.03");
        if (Version.TryParse(version.LeastApiVersion, out var least) && least > s_most)
            throw new DockerException($"the engine at {socket} is too new: its API begins with version {least}, and {s_most} is the last that is known here");
        _version = string.Create(CultureInfo.InvariantCulture, $"v{(most < s_most ? most : s_most)}");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(s_patience);
        try
        {
            return await _http.SendAsync(request, completion, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            _version = null;
            throw new DockerException($"the engine at {socket} has not answered in {s_patience.TotalSeconds:0} s");
        }
        catch (HttpRequestException error)
        {
            _version = null;
            throw new DockerException(Why(error));
        }
    }

    private string Why(HttpRequestException error) => error.GetBaseException() switch
    {
        SocketException { SocketErrorCode: SocketError.AccessDenied } => $"{socket} may not be opened by this user: root may, and members of its group",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } when File.Exists(socket) => $"nobody answers at {socket}",
        SocketException when !File.Exists(socket) => $"there is no Docker engine: no socket {socket}",
        HttpIOException or HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded } => $"what answers at {socket} does not speak as Docker's engine does: {error.GetBaseException().Message}",
        ArgumentException => $"{socket} is too long for the path of a socket",
        var cause => $"{socket}: {cause.Message}",
    };

    private async Task CheckAsync(HttpResponseMessage answer, string path, CancellationToken cancel)
    {
        if (answer.IsSuccessStatusCode)
            return;
        string? message = null;
        try
        {
            message = JsonSerializer.Deserialize(await RefusalAsync(answer, cancel), DockerJson.Default.RefusalAnswer)?.Message;
        }
        catch (JsonException)
        {
            // Then the status has to do.
        }

        // Another engine may be there now, with another API.
        if (answer.StatusCode is HttpStatusCode.BadRequest)
            _version = null;
        var why = string.IsNullOrWhiteSpace(message) ? $"status {(int)answer.StatusCode} for {path.Split('?')[0]}" : message.ReplaceLineEndings(" ").Trim();
        throw new DockerException($"Docker at {socket}: {why}", (int)answer.StatusCode);
    }

    /// <summary>The beginning of a refusal, which is all of any that an engine writes; of one to events nobody has read anything yet.</summary>
    private static async Task<byte[]> RefusalAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var (body, length) = (new byte[MostBytesOfRefusal], 0);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(s_patience);
        try
        {
            length = await (await answer.Content.ReadAsStreamAsync(patience.Token)).ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, patience.Token);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException || (broken is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // The status has come.
        }

        return body[..length];
    }

    private T Parse<T>(byte[] json, JsonTypeInfo<T> type, string path)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            throw new DockerException($"what {socket} answers to {path.Split('?')[0]} is not what Docker's engine does");
        }
    }

    public void Dispose() => _http.Dispose();
}

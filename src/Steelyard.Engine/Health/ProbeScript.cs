using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Steelyard.Config;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Health;

/// <summary>A script of a check, compiled: it begins with a connection. A check by HTTP is one as well.</summary>
internal sealed class ProbeScript
{
    private ProbeScript(ProbeKey key, IEnumerable<ProbeStep> steps)
    {
        List<CompiledStep> all = [];
        foreach (var step in steps)
        {
            if (all.Count == 0 && step.Do != ProbeStepKind.Connect)
                all.Add(new(new ProbeStep { Do = ProbeStepKind.Connect }, key));
            all.Add(new(step, key));
        }

        Steps = [.. all];
    }

    public CompiledStep[] Steps { get; }

    /// <summary>What a check does; null for one that only connects, or asks an agent.</summary>
    public static ProbeScript? Of(ProbeKey key) => key.Settings.Kind switch
    {
        ProbeKind.Script => new(key, key.Settings.Script),
        ProbeKind.Http => new(key, OfHttp(key.Settings)),
        _ => null,
    };

    private static IEnumerable<ProbeStep> OfHttp(HealthSettings settings)
    {
        yield return new() { Do = ProbeStepKind.Request, Text = ProbeRequest.Of(settings).ToString() };
        yield return new() { Do = ProbeStepKind.ExpectStatus, Statuses = settings.Statuses };
        if (settings.Body is { } body)
            yield return new() { Do = ProbeStepKind.Expect, Text = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(body)) };
        if (settings.BodyPattern is { } pattern)
            yield return new() { Do = ProbeStepKind.ExpectPattern, Text = pattern };
    }
}

/// <summary>A step of it.</summary>
internal sealed class CompiledStep(ProbeStep step, ProbeKey key)
{
    private readonly Regex? _pattern = step.Do is ProbeStepKind.ExpectPattern or ProbeStepKind.ExpectHex or ProbeStepKind.ExpectHead ? new(step.Text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant) : null;

    public ProbeStep Settings => step;

    /// <summary>What is sent or expected.</summary>
    public byte[] Bytes { get; } = step.Do == ProbeStepKind.Request ? Write(ProbeRequest.Parse(step.Text), key) : Encoding.Latin1.GetBytes(step.Text);

    /// <summary>What the answer to a request is framed by: it has no body where it is to HEAD.</summary>
    public KnownMethod Method { get; } = step.Text.StartsWith("HEAD ", StringComparison.Ordinal) ? KnownMethod.Head : KnownMethod.Get;

    /// <summary>The address of its connection; null for that of the check.</summary>
    public System.Net.IPAddress? Address { get; } = step.Address is { } address ? System.Net.IPAddress.Parse(address) : null;

    /// <summary>Whether it is judged when all has come: an expression may speak of the end.</summary>
    public bool AsksForAll => step.Not || step.Do == ProbeStepKind.ExpectPattern;

    /// <summary>Whether so much has come that it can be judged; null where that is not what counts.</summary>
    public bool? IsEnough(int heard) => step.Least is not { } least ? null : heard >= Math.Max(Math.Max(least, 1), step.Do == ProbeStepKind.Expect ? Bytes.Length : 0);

    /// <summary>Whether it has come, not asking whether it must.</summary>
    public bool IsIn(ReadOnlySpan<byte> heard) => step.Do switch
    {
        ProbeStepKind.Expect => heard.IndexOf(Bytes) >= 0,
        ProbeStepKind.ExpectPattern => _pattern!.IsMatch(Encoding.Latin1.GetString(heard)),
        _ => _pattern!.IsMatch(Convert.ToHexString(heard)),
    };

    /// <summary>Whether the fields of an answer are those that are expected.</summary>
    public bool PassesHead(FieldTable fields, ReadOnlySpan<byte> head)
    {
        var text = new StringBuilder();
        foreach (ref readonly var field in fields.All)
            text.Append(Encoding.Latin1.GetString(field.Name(head)).ToLowerInvariant()).Append(": ").Append(Encoding.Latin1.GetString(field.Value(head))).Append('\n');
        return _pattern!.IsMatch(text.ToString()) != step.Not;
    }

    /// <summary>Whether a status is one that is expected.</summary>
    public bool Passes(int status)
    {
        foreach (var range in step.Statuses.AsSpan())
        {
            if (range.Contains(status))
                return true;
        }

        return false;
    }

    private static byte[] Write(ProbeRequest request, ProbeKey key)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{request.Method} {request.Path} HTTP/1.1\r\nHost: {request.Host ?? HostOf(key)}\r\n");
        var named = false;
        foreach (var field in request.Fields.AsSpan())
        {
            text.Append(CultureInfo.InvariantCulture, $"{field.Name}: {field.Value}\r\n");
            named |= field.Name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);
        }

        if (!named)
            text.Append("User-Agent: Steelyard health check\r\n");
        if (request.Body.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {request.Body.Length}\r\n");
        if (!key.Settings.KeepsConnection())
            text.Append("Connection: close\r\n");
        return Encoding.Latin1.GetBytes(text.Append("\r\n").Append(request.Body).ToString());
    }

    private static string HostOf(ProbeKey key) => key.Server is { UnixPath: null, Greets: false } ? key.Server.Numbered(0).ToString() : "localhost";
}

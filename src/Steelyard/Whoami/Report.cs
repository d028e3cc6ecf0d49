using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Steelyard.Whoami;

/// <summary>What the server tells: who it is, and the request as it received it.</summary>
internal sealed record Report
{
    public required string Name { get; init; }

    public required int Pid { get; init; }

    public required string Address { get; init; }

    /// <summary>How many requests this server has received, this one included.</summary>
    public required long Requests { get; init; }

    public required int Hue { get; init; }

    public required ReceivedRequest Request { get; init; }

    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"name: {Name}\npid: {Pid}\naddress: {Address}\nrequests: {Requests}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{Request.Method} {Request.Target} {Request.Protocol}\n");
        foreach (var (name, values) in Request.Headers)
        {
            foreach (var value in values)
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"\nbody: {Request.BodyLength} bytes, sha256 {Request.BodySha256}\n");
        return text.ToString();
    }
}

/// <summary>A request as the server received it.</summary>
internal sealed record ReceivedRequest
{
    public required string Method { get; init; }

    public required string Target { get; init; }

    public required string Protocol { get; init; }

    public required IReadOnlyDictionary<string, string[]> Headers { get; init; }

    public required long BodyLength { get; init; }

    /// <summary>In lower case hexadecimal digits.</summary>
    public required string BodySha256 { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Report))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>With <see cref="PlainText"/>.</summary>
    public static ReportJson Readable => field ??= new(PlainText.Json(Default.Options));
}

using System.Globalization;
using Steelyard.Config;

namespace Steelyard.Apps.Reach;

/// <summary>A port of 127.0.0.1 that the worker is told.</summary>
internal sealed class PortReach : WorkerReach
{
    private readonly ReservedPort _port = new();

    public override NetworkAddress Address => NetworkAddress.ForHost("127.0.0.1", _port.Number);

    public override int? Port => _port.Number;

    public override IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("PORT", _port.Number.ToString(CultureInfo.InvariantCulture)),
        new("ASPNETCORE_URLS", $"http://127.0.0.1:{_port.Number.ToString(CultureInfo.InvariantCulture)}"),
    ];

    // From here on it is the worker's to take.
    public override void Starting() => _port.Release();

    public override void Dispose() => _port.Dispose();
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Steelyard.Config.Text;

/// <summary>Networks: <c>10.0.0.0/8</c>, <c>fd00::/8</c>, or one address.</summary>
internal static class NetworkText
{
    public static bool TryParse(string text, out IPNetwork network, out Mistake mistake)
    {
        const string Expected = "an address or a network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8";
        (network, mistake) = (default, default);
        var slash = text.IndexOf('/');
        var address = slash < 0 ? text : text[..slash];
        if (!TryParseAddress(address, out var ip))
        {
            mistake = new($"{Shown.Quote(text)} is not a network", Expected);
            return false;
        }

        var most = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (slash < 0)
        {
            network = new(ip, most);
        }
        else if (!DecimalText.TryParse(text[(slash + 1)..], 0, most, out var bits, out _))
        {
            mistake = new($"{Shown.Quote(text)} is not a network", $"a number of bits from 0 to {most} after the slash");
        }
        else
        {
            var first = FirstAddress(ip, (int)bits);
            if (first.Equals(ip))
                network = new(ip, (int)bits);
            else
                mistake = new($"{Shown.Quote(text)} has bits set after the first {bits}", "the first address of the network, or one address without a slash", $"{first}/{bits}");
        }

        return mistake.Message is null;
    }

    /// <summary>A network with the bits behind its length left out, and a length for a mask with dots, as HAProxy takes them; anything else as it is.</summary>
    public static string Masked(string text)
    {
        if (text.IndexOf('/', StringComparison.Ordinal) is not (var slash and > 0) || !IPAddress.TryParse(text.AsSpan(0, slash), out var address))
            return text;
        var length = text[(slash + 1)..];
        if (IPAddress.TryParse(length, out var mask) && length.Contains('.', StringComparison.Ordinal))
            length = mask.GetAddressBytes().Sum(one => System.Numerics.BitOperations.PopCount(one)).ToString(CultureInfo.InvariantCulture);
        return int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) ? $"{FirstAddress(address, bits)}/{bits}" : text;
    }

    /// <summary>The network as the configuration writes it: a single address without its length.</summary>
    public static string Write(IPNetwork network) =>
        network.PrefixLength == (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            ? network.BaseAddress.ToString()
            : network.ToString();

    private static bool TryParseAddress(string text, out IPAddress ip) =>
        IPAddress.TryParse(text, out ip!) && (ip.AddressFamily == AddressFamily.InterNetworkV6 ? !text.Contains('%') && !text.Contains('[') : HostText.IsIPv4(text));

    private static IPAddress FirstAddress(IPAddress ip, int bits)
    {
        var bytes = ip.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(bits - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF00 >> kept);
        }

        return new(bytes);
    }
}

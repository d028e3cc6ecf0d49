using System.Globalization;
using System.Net.Security;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Clients that a listener has turned away for their certificates: they see their connection close and are told nothing,
/// so the operator has to be. Every loop counts; whoever looks after the files tells.
/// </summary>
internal sealed class RefusedClients
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1);
    private int _without;
    private int _untrusted;
    private TimeSpan _toldAt = TimeSpan.MinValue / 2;

    /// <summary>Whether a client may come in.</summary>
    /// <param name="shown">It has shown a certificate.</param>
    /// <param name="errors">What is wrong with that.</param>
    /// <param name="optional">It need not have one.</param>
    public bool Judge(bool shown, SslPolicyErrors errors, bool optional)
    {
        if (shown ? errors == SslPolicyErrors.None : optional)
            return true;
        Interlocked.Increment(ref shown ? ref _untrusted : ref _without);
        return false;
    }

    /// <summary>What an operator is told: one line in a minute at most.</summary>
    /// <param name="certificate">The certificate of the listener, by which it is known.</param>
    /// <param name="now">A clock that never goes back.</param>
    public string? Report(string certificate, TimeSpan now)
    {
        if (now - _toldAt < s_pause)
            return null;
        var (without, untrusted) = (Interlocked.Exchange(ref _without, 0), Interlocked.Exchange(ref _untrusted, 0));
        if (without + untrusted == 0)
            return null;
        _toldAt = now;
        var reasons = (without, untrusted) switch
        {
            (_, 0) => "without a certificate",
            (0, _) => "with a certificate that no authority of 'client-certificates' vouches for, or that is not valid now",
            _ => string.Create(CultureInfo.InvariantCulture, $"{without} without a certificate, {untrusted} with one that no authority of 'client-certificates' vouches for, or that is not valid now"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"clients of {certificate} refused: {without + untrusted}, {reasons}");
    }
}

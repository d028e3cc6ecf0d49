using System.Globalization;
using System.Net;
using Steelyard.Config;
using Steelyard.Config.Text;

namespace Steelyard.Discovery;

/// <summary>
/// The servers of a source over time: which stay when an answer does not name them, how long the last good answer outlives
/// failures, and when to ask again. Times are monotonic. Not for several threads.
/// </summary>
/// <param name="settings">How many there are, and what they are called.</param>
/// <param name="resolver">How long answers are believed.</param>
internal sealed class KeptServers(DiscoverSettings settings, ResolverSettings resolver)
{
    // However long a good answer is used, somebody who waits for a name to come back does not wait so long.
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(10);

    private readonly Dictionary<NetworkAddress, (ServerSettings Server, TimeSpan? MissingSince)> _kept = [];
    private readonly Dictionary<NetworkAddress, int> _numbers = [];
    private TimeSpan? _failingSince;
    private TimeSpan? _emptySince;
    private int _inARow;

    /// <summary>The servers, in an order that does not depend on that of answers.</summary>
    public IReadOnlyList<ServerSettings> Servers { get; private set; } = [];

    /// <summary>When the last good answer came; null for never.</summary>
    public TimeSpan? LastGood { get; private set; }

    /// <summary>What is wrong since; null for nothing.</summary>
    public string? Why { get; private set; }

    /// <summary>How many looks have come to nothing.</summary>
    public long Failures { get; private set; }

    /// <summary>How many servers an answer named that had no room.</summary>
    public int TooMany { get; private set; }

    /// <summary>Takes an answer, or that there is none.</summary>
    /// <returns>Whether <see cref="Servers"/> has changed.</returns>
    public bool Take(SourceAnswer? answer, TimeSpan now)
    {
        switch (answer?.Outcome)
        {
            case SourceOutcome.Found:
                (_failingSince, _emptySince, _inARow, Why, LastGood) = (null, null, 0, Harmless(answer.Why), now);
                Merge(answer.Servers, now);
                break;
            case SourceOutcome.Empty:
                (_failingSince, _emptySince) = (null, _emptySince ?? now);
                Fail(answer);
                break;
            case SourceOutcome.Failed:
                (_failingSince, _emptySince) = (_failingSince ?? now, null);
                Fail(answer);
                break;
        }

        return Settle(now);
    }

    private void Fail(SourceAnswer answer)
    {
        Failures++;
        _inARow++;
        Why = Harmless(answer.Why);
    }

    // Strangers choose names and labels, and people read this on terminals.
    private static string? Harmless(string? why) => why is null ? null : SafeText.Of(why);

    /// <summary>How long to wait before the next look.</summary>
    /// <param name="answer">The last answer; null for none.</param>
    /// <param name="now">The time.</param>
    public TimeSpan Next(SourceAnswer? answer, TimeSpan now)
    {
        var wait = answer?.Outcome == SourceOutcome.Found ? Clamp(answer.Ttl ?? resolver.MostTtl) : Retry(answer?.Ttl);
        foreach (var end in Ends())
        {
            if (end - now is var left && left < wait)
                wait = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        return wait;
    }

    private TimeSpan Clamp(TimeSpan ttl) => ttl < resolver.LeastTtl ? resolver.LeastTtl : ttl > resolver.MostTtl && resolver.MostTtl > resolver.LeastTtl ? resolver.MostTtl : ttl;

    private TimeSpan Retry(TimeSpan? ttl)
    {
        var wait = resolver.LeastTtl * (1 << Math.Clamp(_inARow - 1, 0, 10));
        if (ttl < wait)
            wait = ttl.Value;
        return wait > s_longestRetry && resolver.LeastTtl < s_longestRetry ? s_longestRetry : Clamp(wait);
    }

    /// <summary>When something ends that time alone ends.</summary>
    private IEnumerable<TimeSpan> Ends()
    {
        if (_kept.Count == 0)
            yield break;
        if (_failingSince + resolver.Hold is { } failing)
            yield return failing;
        if (_emptySince + resolver.HoldEmpty is { } empty)
            yield return empty;
        foreach (var (_, missing) in _kept.Values)
        {
            if (missing + resolver.HoldMissing is { } gone)
                yield return gone;
        }
    }

    private void Merge(IReadOnlyList<ServerSettings> answer, TimeSpan now)
    {
        var named = new Dictionary<NetworkAddress, ServerSettings>();
        foreach (var server in answer)
            named.TryAdd(server.Address, server);
        foreach (var (address, (server, missing)) in _kept.ToList())
            _kept[address] = named.Remove(address, out var known) ? (known, null) : (server, missing ?? now);
        Expire(now);
        TooMany = Math.Max(0, _kept.Count + named.Count - settings.MostServers);
        foreach (var server in named.Values.OrderBy(server => server.Priority).ThenBy(server => server.Address, s_inOrder).Take(Math.Max(0, settings.MostServers - _kept.Count)))
            _kept.Add(server.Address, (server, null));
    }

    private void Expire(TimeSpan now)
    {
        foreach (var (address, (_, missing)) in _kept.ToList())
        {
            if (missing + resolver.HoldMissing <= now)
                _kept.Remove(address);
        }
    }

    private bool Settle(TimeSpan now)
    {
        Expire(now);
        if (_failingSince + resolver.Hold <= now || _emptySince + resolver.HoldEmpty <= now)
            _kept.Clear();
        var servers = _kept.Values.Select(kept => kept.Server).OrderBy(server => server.Address, s_inOrder).ToList();
        if (settings.NamePrefix is { } prefix)
            servers = [.. Number(servers).OrderBy(pair => pair.Number).Select(pair => pair.Server with { Name = prefix + pair.Number.ToString(CultureInfo.InvariantCulture) })];
        if (servers.SequenceEqual(Servers))
            return false;
        Servers = servers;
        return true;
    }

    /// <summary>Gives each server its number: the one that it had, if it is free, or the first that is.</summary>
    private List<(int Number, ServerSettings Server)> Number(List<ServerSettings> servers)
    {
        var present = servers.Where(server => Servers.Any(before => before.Address == server.Address)).ToList();
        var numbered = present.ConvertAll(server => (Number: _numbers[server.Address], Server: server));
        var taken = numbered.Select(pair => pair.Number).ToHashSet();
        var next = settings.FirstNumber;
        foreach (var server in servers.Except(present).OrderBy(server => _numbers.ContainsKey(server.Address) ? 0 : 1))
        {
            if (!_numbers.TryGetValue(server.Address, out var number) || !taken.Add(number))
            {
                while (!taken.Add(next))
                    next++;
                number = next;
            }

            _numbers[server.Address] = number;
            numbered.Add((number, server));
        }

        // Those that come back are few; names that are never the same twice are not remembered for ever.
        if (_numbers.Count > 4 * settings.MostServers)
        {
            foreach (var address in _numbers.Keys.Except(servers.Select(server => server.Address)).ToList())
                _numbers.Remove(address);
        }

        return numbered;
    }

    private static readonly Comparer<NetworkAddress> s_inOrder = Comparer<NetworkAddress>.Create(static (one, other) =>
    {
        if (IPAddress.TryParse(one.Host, out var first) && IPAddress.TryParse(other.Host, out var second))
        {
            var (left, right) = (first.GetAddressBytes(), second.GetAddressBytes());
            var order = left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.AsSpan().SequenceCompareTo(right);
            return order != 0 ? order : one.Port.CompareTo(other.Port);
        }

        return string.CompareOrdinal(one.ToString(), other.ToString());
    });
}

namespace Steelyard.Shared;

/// <summary>What Redis is asked for, in its Lua: each is done whole, and nobody else's in between.</summary>
internal static class RedisScripts
{
    /// <summary>
    /// Adds what was taken to the accounts of keys, which are the microseconds of Redis' own clock when each has all its
    /// requests again. A key without an account begins with what is known of it where it was taken.
    /// KEYS: the accounts. ARGV, for each: taken, known, most, in microseconds. Answer, for each: microseconds until then.
    /// </summary>
    public const string Take = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local left = {}
        for i = 1, #KEYS do
          local got = redis.pcall('GET', KEYS[i])
          local full = type(got) == 'string' and tonumber(got) or 0
          if not (full > 0 and full < 9007199254740992) then full = 0 end
          if full <= now then full = now + ARGV[i * 3 - 1] else full = full + ARGV[i * 3 - 2] end
          full = math.min(full, now + ARGV[i * 3])
          left[i] = full - now
          redis.call('SET', KEYS[i], string.format('%.0f', full), 'PX', math.ceil(left[i] / 1000) + 1)
        end
        return left
        """;

    /// <summary>
    /// Remembers clients, unless somebody has seen them later, and tells everybody.
    /// KEYS: the clients. ARGV: the channel, the pool, and for each its server and how many milliseconds it is remembered.
    /// </summary>
    public const string Remember = """
        local told = { ARGV[2] }
        for i = 1, #KEYS do
          local server, left = ARGV[i * 2 + 1], tonumber(ARGV[i * 2 + 2])
          if redis.call('PTTL', KEYS[i]) <= left then
            redis.call('SET', KEYS[i], server, 'PX', left)
            told[#told + 1] = string.sub(KEYS[i], -32) .. ' ' .. server .. ' ' .. ARGV[i * 2 + 2]
          end
        end
        if #told > 1 then redis.call('PUBLISH', ARGV[1], table.concat(told, '\n')) end
        return #told - 1
        """;

    /// <summary>Says of clients who their servers are. KEYS: the clients. Answer, for each: its server or nothing, and how many milliseconds it is remembered.</summary>
    public const string Recall = """
        local found = {}
        for i = 1, #KEYS do
          local got = redis.pcall('GET', KEYS[i])
          found[i * 2 - 1] = type(got) == 'string' and got or ''
          found[i * 2] = redis.call('PTTL', KEYS[i])
        end
        return found
        """;
}

namespace Steelyard.Keeper;

/// <summary>What keeper and engine say to each other.</summary>
internal static class EngineWords
{
    /// <summary>What both have to speak; a new program may find an old keeper.</summary>
    public const string Version = "5";

    /// <summary>To the engine: slots of sockets, each with its descriptor.</summary>
    public const string Sockets = "sockets";

    /// <summary>To the engine: the token or nothing, with the sockets of the admin API.</summary>
    public const string Admin = "admin";

    /// <summary>To the engine: what an operator wants of servers, each in four words (<see cref="LiveChanges.ToWords"/>).</summary>
    public const string Live = "live";

    /// <summary>From the engine: a number and what is asked for, a <see cref="KeeperRequestKind"/> with its argument or <see cref="Keep"/> with the words of a change.</summary>
    public const string Ask = "ask";

    /// <summary>To the engine: the number, <see cref="Yes"/> or nothing, and what was said about it, or a file with its lines.</summary>
    public const string Told = "told";

    /// <summary>Asks to keep what an operator wants of a server.</summary>
    public const string Keep = "keep";

    /// <summary>To the engine, or asked by it to be kept: pools, each with how its breakers are held.</summary>
    public const string Hold = "hold";

    /// <summary>It was done.</summary>
    public const string Yes = "yes";

    /// <summary>To the engine: certificates and keys that it may not read itself, as a file that <see cref="Engine.LentFile"/> reads.</summary>
    public const string Files = "files";

    /// <summary>
    /// To the engine: version, folder, user, which socket is which listener's; with the configuration as a file, of which
    /// the full path, the hash, when it was read and the generation follow.
    /// </summary>
    public const string Serve = "serve";

    /// <summary>From the engine: it does; or why it cannot.</summary>
    public const string Serving = "serving";

    /// <summary>To the engine, and back when it is so: other servers for a pool. With a number and the pool, and the servers as a file that <see cref="Config.ServerListFile"/> reads.</summary>
    public const string Servers = "servers";

    /// <summary>To the engine, and back when it is so: a server that was taken out of a pool has nothing left to do. With a number, the pool, the address and milliseconds.</summary>
    public const string Idle = "idle";

    /// <summary>To the engine, with a number and a pool; and back, with the number and what the pool has to do: active, waiting, most of each server or nothing. Nothing at all for a pool that is not there.</summary>
    public const string Load = "load";

    /// <summary>From the engine, and to one that follows: the clients that pools remember, as a file that <see cref="Engine.Sticky.ClientMemory"/> reads.</summary>
    public const string Clients = "clients";

    /// <summary>To the engine, and back when it has told of its <see cref="Clients"/>. With a number.</summary>
    public const string Remember = "remember";

    /// <summary>To the engine: the files of access logs have been moved away.</summary>
    public const string Reopen = "reopen";

    /// <summary>To the engine: milliseconds for what is in flight, and <see cref="KeepIdle"/> or nothing.</summary>
    public const string Stop = "stop";

    /// <summary>Idle clients may send one more request each.</summary>
    public const string KeepIdle = "keep-idle";

    /// <summary>To the engine: the time is over.</summary>
    public const string Force = "force";

    /// <summary>From the engine: the listening sockets are used no more.</summary>
    public const string Released = "released";

    /// <summary>From the engine, its last: how many exchanges were cut.</summary>
    public const string Stopped = "stopped";
}

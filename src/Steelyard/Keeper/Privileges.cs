using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Steelyard.Keeper;

/// <summary>Gives up being root for good: user, group and groups, on every thread of the process.</summary>
internal static unsafe class Privileges
{
    /// <param name="user">The name of the account, or a number, which need not be that of one.</param>
    /// <param name="group">Another group than its own, by name or number; null for that one.</param>
    /// <param name="what">What becomes it, for messages.</param>
    /// <exception cref="EngineException">There is no such user or group, or we may not become it.</exception>
    public static void DropTo(string user, string? group = null, string what = "the engine")
    {
        var account = Find(user);
        var number = group is null ? account.Group : FindGroup(group);
        if (Posix.geteuid() == account.User && group is null)
            return;
        var groups = account.Name is { } name ? Posix.initgroups(name, number) : Posix.setgroups(1, &number);
        if (groups < 0 || Posix.setgid(number) < 0 || Posix.setuid(account.User) < 0)
            throw new EngineException($"{what} cannot become the user '{user}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}; only root can");
    }

    /// <summary>Whose home it is, and what it is called there.</summary>
    public static IEnumerable<KeyValuePair<string, string>> EnvironmentOf(string user)
    {
        var account = Find(user);
        var name = account.Name ?? user;
        return [new("HOME", account.Home), new("USER", name), new("LOGNAME", name)];
    }

    /// <summary>Makes a folder another user's.</summary>
    /// <exception cref="IOException">That is not possible.</exception>
    public static void GiveTo(string user, string folder)
    {
        if (TryFind(user) is { } account && account.User != Posix.geteuid() && Posix.chown(folder, account.User, account.Group) < 0)
            throw new IOException($"{folder} cannot be given to the user '{user}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    private static Identity Find(string user) => TryFind(user) ?? throw new EngineException($"there is no user '{user}' on this machine");

    private static Identity? TryFind(string user)
    {
        var account = Posix.getpwnam(user);
        var isNumber = uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        if (account is null && isNumber)
            account = Posix.getpwuid(number);
        if (account is not null)
            return new(Marshal.PtrToStringUTF8((nint)account->Name), account->User, account->Group, Marshal.PtrToStringUTF8((nint)account->Home) ?? "/");
        return isNumber ? new(null, number, number, "/") : null;
    }

    private static uint FindGroup(string group)
    {
        var found = Posix.getgrnam(group);
        return found is not null ? found->Group
            : uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new EngineException($"there is no group '{group}' on this machine");
    }

    // A number without an account has no name.
    private readonly record struct Identity(string? Name, uint User, uint Group, string Home);
}

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Steelyard.Keeper;

/// <summary>Gives up being root for good: user, group and groups, on every thread of the process.</summary>
internal static unsafe class Privileges
{
    /// <param name="user">The name of the account.</param>
    /// <param name="group">Another group than its own; null for that one.</param>
    /// <param name="what">What becomes it, for messages.</param>
    /// <exception cref="EngineException">There is no such user or group, or we may not become it.</exception>
    public static void DropTo(string user, string? group = null, string what = "the engine")
    {
        var account = Find(user);
        var number = group is null ? account->Group : FindGroup(group);
        if (Posix.geteuid() == account->User && group is null)
            return;
        if (Posix.initgroups(user, number) < 0 || Posix.setgid(number) < 0 || Posix.setuid(account->User) < 0)
            throw new EngineException($"{what} cannot become the user '{user}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}; only root can");
    }

    /// <summary>Whose home it is, and what it is called there.</summary>
    public static IEnumerable<KeyValuePair<string, string>> EnvironmentOf(string user)
    {
        var home = Marshal.PtrToStringUTF8((nint)Find(user)->Home) ?? "/";
        return [new("HOME", home), new("USER", user), new("LOGNAME", user)];
    }

    /// <summary>Makes a folder another user's.</summary>
    /// <exception cref="IOException">That is not possible.</exception>
    public static void GiveTo(string user, string folder)
    {
        var account = Posix.getpwnam(user);
        if (account is not null && account->User != Posix.geteuid() && Posix.chown(folder, account->User, account->Group) < 0)
            throw new IOException($"{folder} cannot be given to the user '{user}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    private static Posix.Account* Find(string user)
    {
        var account = Posix.getpwnam(user);
        return account is not null ? account : throw new EngineException($"there is no user '{user}' on this machine");
    }

    private static uint FindGroup(string group)
    {
        var found = Posix.getgrnam(group);
        return found is not null ? found->Group : throw new EngineException($"there is no group '{group}' on this machine");
    }
}

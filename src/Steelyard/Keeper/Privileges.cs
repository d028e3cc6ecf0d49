using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Steelyard.Keeper;

/// <summary>Gives up being root for good: user, group and groups, on every thread of the process.</summary>
internal static unsafe class Privileges
{
    /// <exception cref="EngineException">There is no such user, or we may not become it.</exception>
    public static void DropTo(string user)
    {
        var account = Posix.getpwnam(user);
        if (account is null)
            throw new EngineException($"there is no user '{user}' on this machine");
        if (Posix.geteuid() == account->User)
            return;
        if (Posix.initgroups(user, account->Group) < 0 || Posix.setgid(account->Group) < 0 || Posix.setuid(account->User) < 0)
            throw new EngineException($"the engine cannot become the user '{user}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}; only root can");
    }
}

using System.Runtime.InteropServices;

namespace Steelyard.Apps;

/// <summary>kill(2): the process class of .NET can only send SIGKILL.</summary>
internal static class UnixSignal
{
    private const int SigTerm = 15;

    public static void Terminate(int pid) => _ = Kill(pid, SigTerm);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}

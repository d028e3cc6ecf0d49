namespace Steelyard.Keeper;

/// <summary>As process 1 of a container, whatever loses its parent becomes ours, and nobody else takes its end.</summary>
internal static unsafe class Orphans
{
    // si_pid in siginfo_t, behind three ints and a gap where addresses have 64 bits.
    private const int PidOffset = 16;

    /// <summary>Takes the ends of those that have ended and are nobody's; nothing where we are not process 1.</summary>
    public static void Reap()
    {
        if (Environment.ProcessId != 1)
            return;
        var information = stackalloc byte[128];
        for (var i = 0; i < 1000; i++)
        {
            *(int*)(information + PidOffset) = 0;
            if (Posix.waitid(Posix.P_ALL, 0, information, Posix.WEXITED | Posix.WNOHANG | Posix.WNOWAIT) < 0)
                return;
            var pid = *(int*)(information + PidOffset);

            // Who waits for a child of ours takes its end in a moment; the others are seen at the next look.
            if (pid == 0 || ChildProcess.IsOurs(pid))
                return;
            int status;
            _ = Posix.waitpid(pid, &status, Posix.WNOHANG);
        }
    }
}

namespace Steelyard.Engine.Interop;

/// <summary>The values of errno(3) that the engine tells apart, as <see cref="Linux.Check(nint)"/> returns them.</summary>
internal static class Errno
{
    public const int Interrupted = -4;
    public const int Again = -11;
    public const int OutOfMemory = -12;
    public const int AccessDenied = -13;
    public const int FileTableFull = -23;
    public const int TooManyFiles = -24;
    public const int BrokenPipe = -32;
    public const int AddressInUse = -98;
    public const int AddressNotAvailable = -99;
    public const int ConnectionReset = -104;
    public const int NoBufferSpace = -105;
    public const int InProgress = -115;

    /// <summary>The same of a file that cannot be opened or written.</summary>
    public static string DescribeFile(int error) => error switch
    {
        AccessDenied => "permission denied",
        -21 => "it is a folder",
        -28 => "no space is left on its disk",
        -30 => "its disk can only be read",
        -122 => "the quota of the disk is used up",
        _ => Describe(error),
    };

    /// <summary>What a person would say the error means.</summary>
    public static string Describe(int error) => error switch
    {
        AccessDenied => "permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE)",
        AddressInUse => "the address is already in use by another program",
        AddressNotAvailable => "this machine does not have that address",
        -2 => "no such folder",
        -20 => "a part of the path is not a folder",
        -97 => "this kind of address is not supported here",
        FileTableFull or TooManyFiles => "too many open files (ulimit -n)",
        _ => $"error {-error}",
    };
}

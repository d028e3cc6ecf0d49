using Steelyard.Config;
using Steelyard.Engine;
using Steelyard.Keeper;

namespace Steelyard.Admin;

/// <summary>
/// Where the admin API is reached: on a Unix socket of the same user, by which commands find it, and on the address of
/// the configuration. Bound by the keeper, so that engines come and go behind them.
/// </summary>
internal sealed class AdminSockets : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The one and the other; either may be missing.
    private readonly ListeningSockets _local;
    private readonly ListeningSockets _open;

    // Those that take commands, in the order of the configuration.
    private readonly ListeningSockets _commands;

    private AdminSockets(ListeningSockets local, ListeningSockets open, ListeningSockets commands) => (_local, _open, _commands) = (local, open, commands);

    public static AdminSockets None => new(ListeningSockets.Bind(), ListeningSockets.Bind(), ListeningSockets.Bind());

    /// <summary>What the name of the local socket ends with.</summary>
    public const string Ending = ".admin.sock";

    /// <summary>Each socket, to be handed over.</summary>
    public ValueList<int> Handles => _local.Handed.Concat(_open.Handed).Select(socket => socket.Handle).ToValueList();

    /// <summary>Each socket that takes commands, to be handed over.</summary>
    public ValueList<int> CommandHandles => _commands.Handed.Select(socket => socket.Handle).ToValueList();

    /// <summary>Where the API is reached beside the local socket; null for nowhere.</summary>
    public NetworkAddress? Address => _open.Addresses is [var address] ? address : null;

    /// <summary>
    /// The sockets for other settings: those that stay are the same, the others are bound. Nothing of this set is closed;
    /// see <see cref="CloseExcept"/>.
    /// </summary>
    /// <param name="settings">What the configuration says; null for no API.</param>
    /// <param name="file">The configuration.</param>
    /// <param name="note">Told why the API is not where it would be by default.</param>
    /// <exception cref="BindException">The address that the configuration names could not be bound.</exception>
    public AdminSockets Rebind(AdminSettings? settings, string file, Action<string> note)
    {
        if (settings is null)
            return None;
        var open = BindOpen(settings, note);
        try
        {
            return new(BindLocal(file, note), open, BindCommands(settings));
        }
        catch
        {
            open.CloseExcept(_open);
            throw;
        }
    }

    private ListeningSockets BindCommands(AdminSettings settings)
    {
        var bound = _commands.Rebind(Array.ConvertAll(settings.CommandSockets.AsSpan().ToArray(), socket => socket.Address));
        foreach (var socket in settings.CommandSockets)
        {
            if (socket.Address.UnixPath is { } path)
                File.SetUnixFileMode(path, socket.Mode is { } mode ? (UnixFileMode)Convert.ToInt32(mode, 8) : OwnerOnly);
        }

        return bound;
    }

    private ListeningSockets BindOpen(AdminSettings settings, Action<string> note)
    {
        try
        {
            var bound = _open.Rebind(settings.Address ?? AdminSettings.DefaultAddress);
            foreach (var address in bound.Addresses)
                Restrict(address);
            return bound;
        }
        catch (BindException error) when (settings.Address is null)
        {
            note($"the admin API is on its local socket alone: {error.Message}");
            return ListeningSockets.Bind();
        }
    }

    private ListeningSockets BindLocal(string file, Action<string> note)
    {
        try
        {
            var address = NetworkAddress.ForUnix(RuntimeFolder.PathToMake(file, Ending));
            var bound = _local.Rebind(address);
            Restrict(address);
            return bound;
        }
        catch (Exception error) when (error is BindException or IOException or UnauthorizedAccessException)
        {
            note($"commands such as 'steelyard status' reach this process by --admin alone: {error.Message}");
            return ListeningSockets.Bind();
        }
    }

    private static void Restrict(NetworkAddress address)
    {
        if (address.UnixPath is { } path)
            File.SetUnixFileMode(path, OwnerOnly);
    }

    /// <summary>Closes the sockets that another set does not share. This set is not used again.</summary>
    public void CloseExcept(AdminSockets shared)
    {
        _local.CloseExcept(shared._local);
        _open.CloseExcept(shared._open);
        _commands.CloseExcept(shared._commands);
    }

    public void Dispose()
    {
        _local.Dispose();
        _open.Dispose();
        _commands.Dispose();
    }
}

/// <summary>Where the admin API is served, and to whom.</summary>
/// <param name="Handles">The listening sockets; they stay whose they are.</param>
/// <param name="Token">What requests over TCP have to bring; null for nothing.</param>
internal sealed record AdminService(ValueList<int> Handles, string? Token)
{
    /// <summary>The sockets that take commands, in the order of the configuration; they stay whose they are.</summary>
    public ValueList<int> CommandHandles { get; init; }
}

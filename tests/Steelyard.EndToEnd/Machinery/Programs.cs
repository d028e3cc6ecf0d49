using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>Real programs beside the balancer: openssl, curl, nginx, HAProxy, node.</summary>
internal static class Programs
{
    /// <summary>Starts a program that goes on; whoever started it kills it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{program} cannot be started; test.sh installs it.", missing);
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it wrote to its output.</returns>
    public static async Task<string> Run(string program, IEnumerable<string> arguments, string? input = null, string? folder = null, int exit = 0)
    {
        using var process = Start(program, arguments, folder);
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().Patiently($"the end of {program}");
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == exit, $"{program} ended with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }

    /// <summary>Waits until somebody listens on a port of this machine.</summary>
    public static async Task UntilListening(int port)
    {
        var since = Environment.TickCount64;
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
                return;
            }
            catch (SocketException) when (Environment.TickCount64 - since < Patience.Limit.TotalMilliseconds)
            {
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }
}

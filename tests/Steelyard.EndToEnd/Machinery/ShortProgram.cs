using System.Diagnostics;

namespace Steelyard.EndToEnd.Machinery;

/// <summary>A program of the system's that runs to its end, such as openssl or curl.</summary>
internal static class ShortProgram
{
    /// <summary>Runs it.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="input">What it reads; nothing more comes after.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit status, and all that it said on both outputs.</returns>
    public static async Task<(int Status, string Said)> Run(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            try
            {
                await process.StandardInput.WriteAsync(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading.
            }

            await process.WaitForExitAsync().Patiently(program);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}

using System.Globalization;
using Steelyard.Apps;
using Steelyard.Config;
using Steelyard.Config.Nginx;
using Steelyard.Keeper;

namespace Steelyard.Commands;

/// <summary>
/// What the program is under the name <c>nginx</c>, as a link to it: the flags, messages, signals, files and exit statuses
/// that unit files and scripts use.
/// </summary>
internal static class NginxCommand
{
    private const string DefaultFile = "/etc/nginx/nginx.conf";
    private const string DefaultPidFile = "/run/nginx.pid";
    private const string DefaultErrorLog = "/var/log/nginx/error.log";

    // The version whose files are read, which scripts compare.
    private const string NginxVersion = "1.22.1";

    // As scripts look for them: what is there that is only there when asked for, and what is not that is there unless it is left out.
    private const string Modules =
        "--with-http_ssl_module --with-http_realip_module --with-http_stub_status_module --with-http_auth_request_module --with-http_gzip_static_module --with-http_secure_link_module --with-http_sub_module --with-http_random_index_module --with-http_gunzip_module "
        + "--with-stream --with-stream_ssl_module --with-stream_ssl_preread_module --with-stream_realip_module "
        + "--without-http_ssi_module --without-http_fastcgi_module --without-http_uwsgi_module "
        + "--without-http_scgi_module --without-http_grpc_module --without-http_memcached_module --without-http_browser_module --without-http-cache";

    private const string Usage = """
        Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]
                     [-e filename] [-c filename] [-g directives]

        Options:
          -?,-h         : this help
          -v            : show version and exit
          -V            : show version and configure options then exit
          -t            : test configuration and exit
          -T            : test configuration, dump it and exit
          -q            : suppress non-error messages during configuration testing
          -s signal     : send signal to a master process: stop, quit, reopen, reload
          -p prefix     : set prefix path (default: the folder it is started in)
          -e filename   : set error log file (default: /var/log/nginx/error.log)
          -c filename   : set configuration file (default: /etc/nginx/nginx.conf)
          -g directives : set global directives out of configuration file

        This is Steelyard: 'steelyard --help' has its own commands.
        """;

    /// <summary>Whether the program was started under that name.</summary>
    public static bool IsMeant(string[] args) => CalledAs.Is("nginx", args);

    /// <summary>Does what the flags say.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var flags = new NginxFlags();
        if (flags.Read(args) is { } mistake)
            return Fail($"nginx: {mistake}");
        if (flags.Version)
            return WriteVersion(flags);
        var file = FileOf(flags);
        if (flags.Prefix is { } prefix && !Directory.Exists(prefix))
            return Fail($"nginx: [emerg] open() \"{Path.Combine(prefix, file)}\" failed (2: No such file or directory)");
        if (!File.Exists(file))
            return FailAt(file, flags, $"open() \"{file}\" failed (2: No such file or directory)");
        var program = NginxProgram.Read(flags.Directives, TryRead(file) ?? "");
        if (program.Mistake is { } wrong)
            return FailAt(file, flags, wrong);
        var configuration = ConfigurationArgument.TryRead("up", file, new() { Prefix = flags.Prefix is { } folder ? Path.GetFullPath(folder) : null })!;
        if (flags.Signal is not null)
            return configuration.Result.Snapshot is null ? Refuse(configuration, flags) : SendSignal(flags.Signal, PidFileOf(program, flags));
        if (flags.Test)
            return Test(configuration, flags);
        if (configuration.Result.Snapshot is not { } snapshot)
            return Refuse(configuration, flags);
        PrintProblems(configuration, flags.Quiet);
        if (program.Daemon && !Daemon.IsOne)
            return await Daemon.StartAsync(args, PidFileOf(program, flags), ErrorLogOf(program, flags));
        if (StopSignals.QuitIsIgnored)
            return Launcher.StartAfresh(CalledAs.Word, args);
        return await ServeAsync(configuration, snapshot, PidFileOf(program, flags));
    }

    private static async Task<int> ServeAsync(ConfigurationArgument configuration, Snapshot snapshot, string pidFile)
    {
        try
        {
            var status = await KeeperRun.RunAsync(configuration, snapshot, new(Watch: false, Single: false) { PidFile = pidFile, SaysBefore = "nginx: [emerg] ", QuitIsGraceful = true });
            return status;
        }
        finally
        {
            RemoveOwn(pidFile);
        }
    }

    private static void RemoveOwn(string pidFile)
    {
        try
        {
            if (TryRead(pidFile)?.Trim() == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
                File.Delete(pidFile);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"nginx: [alert] unlink() \"{pidFile}\" failed: {fault.Message}");
        }
    }

    // What is wrong with the file of a configuration is said by who reads it next.
    private static string? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int Test(ConfigurationArgument configuration, NginxFlags flags)
    {
        if (configuration.Result.Snapshot is null)
            return Refuse(configuration, flags);
        PrintProblems(configuration, flags.Quiet);
        if (!flags.Quiet)
        {
            Console.Error.WriteLine($"nginx: the configuration file {configuration.Name} syntax is ok");
            Console.Error.WriteLine($"nginx: configuration file {configuration.Name} test is successful");
        }

        if (flags.Dump)
        {
            foreach (var source in configuration.Result.Sources)
                Console.WriteLine($"# configuration file {Path.GetFullPath(source.FileName, configuration.Folder)}:\n{source.Text}");
        }

        return CommandLine.Success;
    }

    private static int FailAt(string file, NginxFlags flags, string mistake)
    {
        var said = Fail($"nginx: [emerg] {mistake}");
        return flags.Test ? Fail($"nginx: configuration file {file} test failed") : said;
    }

    private static int Refuse(ConfigurationArgument configuration, NginxFlags flags)
    {
        PrintProblems(configuration, quiet: true);
        return flags.Test ? Fail($"nginx: configuration file {configuration.Name} test failed") : CommandLine.Failure;
    }

    /// <summary>Says what was found, a line for each, as nginx says it and with what would be accepted.</summary>
    private static void PrintProblems(ConfigurationArgument configuration, bool quiet)
    {
        foreach (var problem in configuration.Result.Problems)
        {
            if (quiet && problem.Severity != Severity.Error)
                continue;
            var level = problem.Severity switch { Severity.Error => "emerg", Severity.Warning => "warn", _ => "notice" };
            Console.Error.WriteLine(Printable($"nginx: [{level}] {problem.Message} in {Path.GetFullPath(problem.File, configuration.Folder)}:{problem.Line}"));
            if (problem.Severity == Severity.Notice)
                continue;
            if (problem.Expected is { } expected)
                Console.Error.WriteLine(Printable($"  column {problem.Column}; expected: {expected}"));
            if (problem.Suggestion is { } suggestion)
                Console.Error.WriteLine(Printable($"  did you mean '{suggestion}'?"));
        }
    }

    // Whatever a file holds must not control the terminal.
    private static string Printable(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));

    private static int SendSignal(string name, string pidFile)
    {
        if (TryRead(pidFile)?.Trim() is not { } text)
            return Fail($"nginx: [error] open() \"{pidFile}\" failed ({(File.Exists(pidFile) ? "13: Permission denied" : "2: No such file or directory")})");
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid <= 0)
            return Fail($"nginx: [error] invalid PID number \"{text}\" in \"{pidFile}\"");
        var signal = name switch { "stop" => 15, "quit" => 3, "reopen" => 10, _ => 1 };
        return Posix.kill(pid, signal) == 0 ? CommandLine.Success
            : Fail($"nginx: [alert] kill({pid.ToString(CultureInfo.InvariantCulture)}, {signal.ToString(CultureInfo.InvariantCulture)}) failed (3: No such process)");
    }

    private static int WriteVersion(NginxFlags flags)
    {
        var steelyard = typeof(NginxCommand).Assembly.GetName().Version?.ToString(3);
        Console.Error.WriteLine($"nginx version: nginx/{NginxVersion} (Steelyard {steelyard})");
        if (flags.Build)
            Console.Error.WriteLine($"TLS SNI support enabled\nconfigure arguments: --prefix=. --conf-path=/etc/nginx/nginx.conf --pid-path=/run/nginx.pid --error-log-path=/var/log/nginx/error.log {Modules}");
        if (flags.Help)
            Console.Error.WriteLine(Usage);
        return CommandLine.Success;
    }

    private static int Fail(string line)
    {
        Console.Error.WriteLine(Printable(line));
        return CommandLine.Failure;
    }

    private static string FileOf(NginxFlags flags)
    {
        if (flags.File is { } file)
            return Within(flags, file);
        foreach (var place in (string[])["conf/nginx.conf", "nginx.conf"])
        {
            if (flags.Prefix is { } prefix && File.Exists(Path.Combine(prefix, place)))
                return Path.GetFullPath(place, Path.GetFullPath(prefix));
        }

        return DefaultFile;
    }

    private static string PidFileOf(NginxProgram program, NginxFlags flags) => program.PidFile is { Length: > 0 } file ? Within(flags, file) : DefaultPidFile;

    /// <summary>The file for what a daemon says; null for none.</summary>
    private static string? ErrorLogOf(NginxProgram program, NginxFlags flags)
    {
        var file = program.ErrorLog ?? flags.ErrorLog ?? DefaultErrorLog;
        return file == "stderr" || file.StartsWith("syslog:", StringComparison.Ordinal) ? null : Within(flags, file);
    }

    private static string Within(NginxFlags flags, string file) => Path.GetFullPath(file, Path.GetFullPath(flags.Prefix ?? "."));
}

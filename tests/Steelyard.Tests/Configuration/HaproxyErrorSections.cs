using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>Sections http-errors and lists of users are found wherever they stand, as the environment and the conditions of the file have them.</summary>
public sealed class HaproxyErrorSections : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("steelyard-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ConfigurationResult Read(string head, string section)
    {
        File.WriteAllText(Path.Combine(_folder, "503.http"), "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\n\r\nbusy\n");
        var file = Path.Combine(_folder, "haproxy.cfg");
        File.WriteAllText(file, $$"""
            global
              {{head}}
            defaults
              mode http
              timeout client 5s
              timeout server 5s
              timeout connect 5s
            frontend f
              bind :8080
              errorfiles site
              http-request deny deny_status 503 if { path /busy }
              default_backend b
            backend b
              server s 127.0.0.1:1
            {{section}}

            """);
        return ConfigurationFile.Read(file);
    }

    private static string? Busy(ConfigurationResult read)
    {
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems));
        return read.Snapshot.Listeners[0].Rules.AsEnumerable().FirstOrDefault(rule => rule.Respond is not null)?.Respond!.Body;
    }

    [Fact]
    public void A_file_that_is_named_by_a_variable_of_the_file_is_found_ahead() =>
        Assert.Equal("busy\n", Busy(Read($"setenv PAGES {_folder}", "http-errors site\n  errorfile 503 \"${PAGES}/503.http\"")));

    [Fact]
    public void Lines_that_do_not_count_are_not_read_ahead()
    {
        Assert.Equal("busy\n", Busy(Read("quiet", $"http-errors site\n.if defined(STEELYARD_NO_SUCH)\n  errorfile 500 /nowhere\n.else\n  errorfile 503 {_folder}/503.http\n.endif")));
        Assert.Null(Busy(Read("quiet", $"http-errors site\n.if defined(STEELYARD_NO_SUCH)\n  errorfile 503 {_folder}/503.http\n.endif")));
    }

    [Fact]
    public void A_file_that_is_not_there_is_said_at_its_line()
    {
        var read = Read("setenv PAGES /nowhere", "http-errors site\n  errorfile 503 \"${PAGES}/503.http\"");

        Assert.Null(read.Snapshot);
        Assert.Contains(read.Problems, problem => problem.Line == 16 && problem.Message == "there is no such file");
    }
}

using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

/// <summary>The files that a haproxy.cfg names: where they are looked for, and that they are answered as they are.</summary>
public sealed class HaproxyFolders : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("haproxy-").FullName;

    public HaproxyFolders()
    {
        Directory.CreateDirectory(_folder + "/conf");
        Directory.CreateDirectory(_folder + "/present");
        File.WriteAllText(_folder + "/page", "above");
        File.WriteAllText(_folder + "/conf/page", "beside");
        File.WriteAllText(_folder + "/present/page", "here");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", false, "beside")]
    [InlineData("", true, "here")]
    [InlineData("default-path current", true, "here")]
    [InlineData("default-path config", true, "beside")]
    [InlineData("default-path parent", true, "above")]
    [InlineData("default-path origin FOLDER/present", false, "here")]
    public void A_relative_name_is_looked_for_in_the_folder_that_the_file_or_its_reader_says(string line, bool isHaproxy, string page) =>
        Assert.Equal(page, Answer(line.Replace("FOLDER", _folder, StringComparison.Ordinal), "file page", isHaproxy ? _folder + "/present" : null).Body);

    [Fact]
    public void A_file_that_is_no_text_is_answered_byte_for_byte()
    {
        byte[] icon = [0, 1, 0xFF, 0xFE, 13, 10, 13, 10, 0xC3];
        File.WriteAllBytes(_folder + "/conf/icon", icon);

        var answer = Answer("", "file icon", null);

        Assert.Equal(("", Convert.ToBase64String(icon)), (answer.Body, answer.Base64));
    }

    [Theory]
    [InlineData("HTTP/1.0 503 Busy\r\nX-Page: 1\r\n\r\none\r\n\r\ntwo\n\nthree\r\n", "one\r\n\r\ntwo\n\nthree\r\n")]
    [InlineData("HTTP/1.0 503 Busy\nX-Page: 1\n\none\r\ntwo", "one\r\ntwo")]
    [InlineData("HTTP/1.0 503 Busy\r\nX-Page: 1\r\n", "")]
    public void Of_an_errorfile_the_body_keeps_its_line_ends(string file, string body)
    {
        File.WriteAllText(_folder + "/conf/503.http", file);

        var answer = Answer("", "errorfile 503.http", null);

        Assert.Equal((503, body, "X-Page"), (answer.Status, answer.Body, answer.Headers[0].Name));
    }

    private FixedResponse Answer(string line, string what, string? present)
    {
        File.WriteAllText(_folder + "/conf/haproxy.cfg", $"global\n {line}\ndefaults\n mode http\n timeout client 1s\nfrontend f\n bind :8080\n http-request return status 200 content-type text/plain {what}\n");
        var read = ConfigurationFile.Read(_folder + "/conf/haproxy.cfg", new() { Folder = present });
        Assert.True(read.Snapshot is not null, string.Join('\n', read.Problems.Select(problem => problem.ToString())));
        return read.Snapshot.Listeners[0].Rules[0].Respond!;
    }
}

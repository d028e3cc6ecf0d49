namespace Steelyard.Tests.Configuration;

/// <summary>Golden/nginx: adding a test is adding a file.</summary>
public sealed class GoldenNginx
{
    private static readonly GoldenKind s_files = new("nginx", ".conf");

    public static TheoryData<string> Good => s_files.Names("good");

    public static TheoryData<string> Bad => s_files.Names("bad");

    [Theory, MemberData(nameof(Good))]
    public void A_good_file_is_read_as_its_dump_says_and_reads_the_same_once_converted(string name) => s_files.CheckGood(name);

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_file_prints_every_problem_in_its_place(string name) => s_files.CheckBad(name);

    [Fact]
    public void No_expectation_has_lost_its_file() => s_files.CheckExpectations();
}

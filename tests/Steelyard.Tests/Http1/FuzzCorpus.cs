using Steelyard.Fuzz.Targets;
using Steelyard.Tests.Configuration;

namespace Steelyard.Tests.Http1;

/// <summary>Everything the fuzzer kept, once more: inputs that each reach something no other does, and crashes of old.</summary>
public sealed class FuzzCorpus
{
    public static TheoryData<string> Targets => new(FuzzTargets.All.Keys);

    [Theory, MemberData(nameof(Targets))]
    public void What_the_fuzzer_kept_still_passes(string target)
    {
        var files = Directory.GetFiles(Path.Combine(GoldenFile.Repository, "fuzz/corpus", target));
        Assert.NotEmpty(files);
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var fault = Record.Exception(() => FuzzTargets.All[target](File.ReadAllBytes(file)));
            Assert.True(fault is null, $"{Path.GetFileName(file)}: {fault}");
        }
    }
}

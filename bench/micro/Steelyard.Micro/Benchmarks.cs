using BenchmarkDotNet.Attributes;

namespace Steelyard.Micro;

/// <summary>How long each step of <see cref="RequestPath"/> takes, and that it allocates nothing.</summary>
[MemoryDiagnoser]
public class Benchmarks
{
    private readonly RequestPath _path = new();

    [Benchmark]
    public int ReadSmallHead() => (int)_path.ReadSmallHead();

    [Benchmark]
    public int ReadBrowserHead() => (int)_path.ReadBrowserHead();

    [Benchmark]
    public int ReadAnswerHead() => (int)_path.ReadAnswerHead();

    [Benchmark]
    public object? MatchRoute() => _path.MatchRoute();

    [Benchmark]
    public object? ChooseOf10() => _path.ChooseOf10();

    [Benchmark]
    public object? ChooseOf10000() => _path.ChooseOf10000();

    [Benchmark]
    public int WriteRequest() => _path.WriteRequest();

    [Benchmark]
    public int WriteRequestOfTrustedProxy() => _path.WriteRequestOfTrustedProxy();

    [Benchmark]
    public int WriteResponse() => _path.WriteResponse();

    [Benchmark]
    public int PassChunks() => _path.PassChunks();
}

namespace Steelyard.EndToEnd.Proxying;

// What holds for plain connections holds inside of TLS.

public sealed class BackPressureOverTls : BackPressureTests
{
    public BackPressureOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class BalancingOverTls : BalancingTests
{
    public BalancingOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class BodiesOverTls : BodyTests
{
    public BodiesOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class ConnectionsOverTls : ConnectionTests
{
    public ConnectionsOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class FairnessOverTls : FairnessTests
{
    public FairnessOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class Http10OverTls : Http10Tests
{
    public Http10OverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class InterimAnswersOverTls : InterimTests
{
    public InterimAnswersOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class RefusalsOverTls : RefusalTests
{
    public RefusalsOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class ServerFailuresOverTls : ServerFailureTests
{
    public ServerFailuresOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();

    // Without close_notify.
    private protected override Machinery.Ending CutEnd => Machinery.Ending.Truncated;

    private protected override Machinery.Ending CutEndByReset => Machinery.Ending.Truncated;
}

public sealed class StopsOverTls : StopTests
{
    public StopsOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class UpstreamReuseOverTls : UpstreamReuseTests
{
    public UpstreamReuseOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

public sealed class ReloadsOverTls : ReloadTests
{
    public ReloadsOverTls() => Machinery.TestBalancer.AlwaysSpeakTls();
}

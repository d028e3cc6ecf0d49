using System.Text.Json;
using System.Text.Json.Serialization;
using Steelyard.Engine.Causes;
using Steelyard.Explain;

namespace Steelyard.Admin;

/// <summary>How what the admin API says and takes is written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(VersionView))]
[JsonSerializable(typeof(ConfigurationView))]
[JsonSerializable(typeof(ListenerView[]))]
[JsonSerializable(typeof(RouteView[]))]
[JsonSerializable(typeof(PoolView))]
[JsonSerializable(typeof(PoolView[]))]
[JsonSerializable(typeof(ServerView))]
[JsonSerializable(typeof(CountersView))]
[JsonSerializable(typeof(ErrorView[]))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(HistoryView))]
[JsonSerializable(typeof(HistoryView[]))]
[JsonSerializable(typeof(KeeperView))]
[JsonSerializable(typeof(AppView))]
[JsonSerializable(typeof(AppView[]))]
[JsonSerializable(typeof(DiscoveryView[]))]
[JsonSerializable(typeof(SharedView[]))]
[JsonSerializable(typeof(LogView[]))]
[JsonSerializable(typeof(ScaleBody))]
[JsonSerializable(typeof(StateBody))]
[JsonSerializable(typeof(WeightBody))]
[JsonSerializable(typeof(LimitBody))]
[JsonSerializable(typeof(ServerBody))]
[JsonSerializable(typeof(HoldBody))]
[JsonSerializable(typeof(BreakerView[]))]
[JsonSerializable(typeof(ConnectionView[]))]
[JsonSerializable(typeof(ReportView))]
[JsonSerializable(typeof(ExplainBody))]
[JsonSerializable(typeof(ExplainReport))]
[JsonSerializable(typeof(ProblemView))]
[JsonSerializable(typeof(KnownCause))]
[JsonSerializable(typeof(KnownCause[]))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>With <see cref="PlainText"/>.</summary>
    public static AdminJson Readable => field ??= new(PlainText.Json(Default.Options));
}

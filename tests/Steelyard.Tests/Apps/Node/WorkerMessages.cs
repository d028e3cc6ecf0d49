using System.Text;
using CsCheck;
using Steelyard.Apps.Node;

namespace Steelyard.Tests.Apps.Node;

public sealed class WorkerMessages
{
    private static WorkerMessage Read(string line) => WorkerMessage.Read(Encoding.UTF8.GetBytes(line));

    [Fact]
    public void A_question_says_what_is_listened_on()
    {
        var message = Read("""{"cmd":"NODE_CLUSTER","act":"queryServer","index":2,"data":{"ticketKeys":"ab"},"address":"0.0.0.0","port":3000,"addressType":4,"fd":-1,"flags":0,"backlog":511,"seq":7}""");

        Assert.Equal((WorkerMessageKind.Query, 7, "0.0.0.0", 3000, ServerSocketKind.IPv4, 2), (message.Kind, message.Number, message.Address, message.Port, message.Socket, message.Index));
        Assert.Equal("""{"ticketKeys":"ab"}""", message.Data);
    }

    [Theory]
    [InlineData("\"ready\"", WorkerMessageKind.Text)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"online","seq":0}""", WorkerMessageKind.Online)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"close","key":"3","seq":0}""", WorkerMessageKind.Close)]
    [InlineData("""{"cmd":"NODE_CLUSTER","ack":3,"accepted":true}""", WorkerMessageKind.Accepted)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":4}""", WorkerMessageKind.Leaving)]
    [InlineData("""{"cmd":"NODE_HANDLE_ACK"}""", WorkerMessageKind.HandleTaken)]
    [InlineData("""{"cmd":"NODE_HANDLE_NACK"}""", WorkerMessageKind.HandleLost)]
    [InlineData("""{"cmd":"NODE_HANDLE","type":"net.Server","msg":"x"}""", WorkerMessageKind.HandleOffered)]
    [InlineData("""{"type":"prom-client:getMetricsRes"}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"type":"prom-client:getMetricsRes","requestId":3,"error":"no"}""", WorkerMessageKind.Metrics)]
    [InlineData("""{"type":"prom-client:getMetricsRes","requestId":3,"metrics":[[]]}""", WorkerMessageKind.Metrics)]
    [InlineData("""{"type":"greeting"}""", WorkerMessageKind.Other)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","port":1,"addressType":"udp4","seq":1}""", WorkerMessageKind.Query)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","port":-1,"addressType":-1,"address":"/a","seq":1}""", WorkerMessageKind.Query)]
    [InlineData("12", WorkerMessageKind.Other)]
    [InlineData("[]", WorkerMessageKind.Other)]
    [InlineData("", WorkerMessageKind.Invalid)]
    [InlineData("{", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","ack":"x","accepted":true}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","ack":1e99,"accepted":true}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","port":65536,"addressType":4,"seq":1}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","port":1,"addressType":5,"seq":1}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","port":1,"addressType":4}""", WorkerMessageKind.Invalid)]
    [InlineData("""{"cmd":"NODE_CLUSTER","act":"queryServer","address":"\ud800","port":1,"addressType":4,"seq":1}""", WorkerMessageKind.Invalid)]
    public void Each_kind_is_told(string line, object kind) => Assert.Equal(kind, Read(line).Kind);

    [Fact]
    public void Whatever_a_worker_sends_is_some_message()
    {
        var pieces = Gen.OneOf(
            "{", "}", "[", "]", ":", ",", "\"cmd\"", "\"act\"", "\"NODE_CLUSTER\"", "\"queryServer\"", "\"ack\"", "\"seq\"", "\"key\"", "\"port\"", "\"addressType\"",
            "\"data\"", "\"address\"", "\"listening\"", "\"close\"", "\"fd\"", "\"accepted\"", "true", "null", "-1", "4", "6", "9999999999999999999", "1e308", "\"\\ud800\"", "\"\\u0000\"", "\u00ff", "\0");
        pieces.Array[0, 40].Sample(some => Assert.NotNull(Read(string.Concat(some))), iter: 20_000);
    }

    [Fact]
    public void Wrong_values_in_the_right_places_are_some_message()
    {
        var value = Gen.OneOf("null", "true", "0", "-1", "4", "3000", "70000", "1.5", "1e400", "\"\"", "\"x\"", "\"udp4\"", "\"\\udfff\"", "[]", "{}", "{\"a\":[1]}");
        Gen.Select(Gen.OneOf("queryServer", "listening", "close", "exitedAfterDisconnect", "online", "nobody"), value.Array[8]).Sample((act, values) =>
            Assert.NotNull(Read($$"""{"cmd":"NODE_CLUSTER","act":"{{act}}","seq":{{values[0]}},"port":{{values[1]}},"address":{{values[2]}},"addressType":{{values[3]}},"fd":{{values[4]}},"index":{{values[5]}},"key":{{values[6]}},"data":{{values[7]}}}""")));
    }
}

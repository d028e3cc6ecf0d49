using Steelyard.Config.Expressions;

namespace Steelyard.Config.Haproxy;

/// <summary>A word behind a percent sign in a log-format.</summary>
/// <param name="Word">The word.</param>
/// <param name="Field">The field of lines that it is; null where it is a value everywhere.</param>
/// <param name="Forms">In which forms HAProxy writes it: numbers get no quotes, and only some get hexadecimal digits.</param>
/// <param name="Value">What it is in texts of rules; null where it is known of lines alone.</param>
/// <param name="Meaning">What it stands for.</param>
internal sealed record HaproxyAlias(string Word, LogField? Field, LogForm Forms, Expression? Value, string Meaning);

/// <summary>The words behind a percent sign that stand for something here: a further one is a row.</summary>
internal static class HaproxyAliases
{
    /// <summary>The variable that has the name of a request.</summary>
    public const string RequestName = "unique-id";

    private const LogForm Text = LogForm.Quoted | LogForm.Escaped;

    /// <summary>HAProxy's <c>option httplog</c>, as it writes it itself.</summary>
    public const string HttpLog = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

    /// <summary>Its <c>option tcplog</c>.</summary>
    public const string TcpLog = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

    /// <summary>Its <c>option httplog clf</c>.</summary>
    public const string CommonLog = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";

    /// <summary>Its <c>option httpslog</c>; what is not known of TLS here has the value of what went well.</summary>
    public const string TlsLog = HttpLog + " 0/%[ssl_fc,iif(0000000000000000,-)]/%[ssl_fc,iif(0,-)]/%[ssl_fc,iif(0,-)]/0 %[ssl_fc_sni]/%sslv/%sslc";

    private static readonly FetchExpression s_uri = new(FetchKind.OriginalUri);

    private static readonly TextExpression s_version = new(TextTemplate.Of([new TemplatePart("HTTP/"), new TemplatePart(null, default, new FetchExpression(FetchKind.Version))]));

    public static IReadOnlyList<HaproxyAlias> Rows { get; } =
    [
        Value("ci", LogField.Peer, Text | LogForm.Hex, new FetchExpression(FetchKind.Peer)),
        Value("cp", LogField.PeerPort, LogForm.Hex, new FetchExpression(FetchKind.PeerPort)),
        Value("fi", LogField.LocalAddress, Text | LogForm.Hex, new FetchExpression(FetchKind.LocalAddress)),
        Value("fp", LogField.LocalPort, LogForm.Hex, new FetchExpression(FetchKind.LocalPort)),
        Line("f", LogField.Listener, Text),
        Line("ft", LogField.ListenerWithMark, Text),
        Value("b", LogField.Backend, Text, new VariableExpression(TemplateVariable.Pool)),
        Value("s", LogField.ServedBy, Text, new FetchExpression(FetchKind.AnsweringServer)),
        Value("si", LogField.ServerHost, Text, new VariableExpression(TemplateVariable.Server)),
        Line("sp", LogField.ServerPort, LogForm.Hex),
        new("HM", null, Text, new VariableExpression(TemplateVariable.Method), "the method"),
        new("HP", null, Text, new CallExpression(FunctionKind.Field, s_uri, ["1", "?"]), "the path"),
        new("HPO", null, Text, new CallExpression(FunctionKind.Field, s_uri, ["1", "?"]), "the path"),
        new("HU", null, Text, s_uri, "path and query"),
        Value("HQ", LogField.QueryString, Text, new CallExpression(FunctionKind.Group, s_uri, ["([?].*)$", "1"])),
        Value("HV", LogField.Protocol, Text, s_version),
        Value("r", LogField.RequestLine, Text, new TextExpression(TextTemplate.Of([new TemplatePart(null, TemplateVariable.Method), new TemplatePart(" "), new TemplatePart(null, default, s_uri), new TemplatePart(" "), new TemplatePart(null, default, s_version)]))),
        Line("ST", LogField.Status),
        Line("B", LogField.BytesSent),
        Line("U", LogField.BytesReceived),
        Line("CC", LogField.RequestCookie, Text),
        Line("CS", LogField.ResponseCookie, Text),
        Line("hr", LogField.RequestFields, Text),
        Line("hs", LogField.ResponseFields, Text),
        Line("hrl", LogField.RequestFieldList, LogForm.Quoted),
        Line("hsl", LogField.ResponseFieldList, LogForm.Quoted),
        Line("ts", LogField.TerminationShort),
        Line("tsc", LogField.Termination),
        Line("ac", LogField.ProcessConnections),
        Line("fc", LogField.ListenerConnections),
        Line("bc", LogField.PoolRequests),
        Line("sc", LogField.ServerRequests),
        Line("rc", LogField.Retries),
        Line("sq", LogField.ServerQueuePosition),
        Line("bq", LogField.QueuePosition),
        Line("lc", LogField.LineNumber, LogForm.Hex),
        Value("rt", LogField.LineNumber, LogForm.Hex, new FetchExpression(FetchKind.RequestNumber)),
        Line("TR", LogField.RequestTime),
        Line("Tw", LogField.QueueTime),
        Line("Tc", LogField.ConnectTime),
        Line("Tr", LogField.ResponseTime),
        Line("Td", LogField.DataTime),
        Line("Ta", LogField.TotalTime),
        Line("Th", LogField.HandshakeTime),
        Line("Ti", LogField.IdleTime),
        Line("Tq", LogField.BeforeTime),
        Line("Tu", LogField.UserTime),
        Line("Tt", LogField.ConnectionTime),
        Line("t", LogField.Ready),
        Line("T", LogField.ReadyUtc),
        Line("Tl", LogField.ReadyLocal),
        Value("Ts", LogField.ReadySeconds, LogForm.Hex, new FetchExpression(FetchKind.Now)),
        Line("ms", LogField.ReadyMilliseconds, LogForm.Hex),
        Line("tr", LogField.Time),
        Line("trg", LogField.TimeUtc),
        Line("trl", LogField.TimeLocal),
        Value("H", LogField.HostName, Text, new TextExpression(TextTemplate.Literal(Environment.MachineName))),
        Value("pid", LogField.ProcessId, LogForm.Hex, new FetchExpression(FetchKind.ProcessId)),
        Value("sslv", LogField.TlsVersion, Text, new FetchExpression(FetchKind.TlsVersion)),
        Value("sslc", LogField.TlsCipher, Text, new FetchExpression(FetchKind.TlsCipher)),
        new("ID", null, Text, new FetchExpression(FetchKind.Variable, RequestName), "what `unique-id-format` calls the request"),
    ];

    public static HaproxyAlias? Find(string word)
    {
        foreach (var row in Rows)
        {
            if (row.Word == word)
                return row;
        }

        return null;
    }

    /// <summary>What a word stands for in texts of rules of a section; null where it is known of lines alone.</summary>
    public static Expression? OfSection(HaproxyAlias alias, HaproxySection section)
    {
        if (!section.IsFrontend || section.Kind == 'D' || alias.Field is not (LogField.Listener or LogField.ListenerWithMark))
            return null;
        var name = TextTemplate.Literal(section.Name.Value);
        return alias.Field == LogField.Listener ? new TextExpression(name)
            : new MapExpression(new FetchExpression(FetchKind.Tls), [new(TestKind.Is, false, "1", TextTemplate.Literal(section.Name.Value + "~"))], name);
    }

    private static HaproxyAlias Line(string word, LogField field, LogForm forms = LogForm.Plain) => new(word, field, forms, null, Description(field));

    private static HaproxyAlias Value(string word, LogField field, LogForm forms, Expression value) => new(word, field, forms, value, Description(field));

    private static string Description(LogField field) => $"`{LogFieldTable.Of(field).Word}` in [lines](configuration.md#access-log)";
}

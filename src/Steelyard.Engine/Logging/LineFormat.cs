using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Logging;

/// <summary>A line of the configuration's own, compiled. Immutable, shared by all loops.</summary>
internal sealed class LineFormat
{
    /// <summary>How many bytes are kept of what an expression finds in an answer.</summary>
    public const int MostKept = 1024;

    private const int LongestValue = 8 * 1024;

    private readonly Part[] _parts;
    private readonly CompiledValue[] _ofResponse;
    private readonly LogEscape _escape;

    public LineFormat(AccessLogSettings settings)
    {
        _escape = settings.Escape;
        var ofResponse = new List<CompiledValue>();
        _parts = new Part[settings.Line.Count];
        for (var i = 0; i < _parts.Length; i++)
            _parts[i] = Compile(settings.Line[i], settings, ofResponse);
        _ofResponse = [.. ofResponse];
    }

    /// <summary>How many values are found while the answer is there, and written when it is over.</summary>
    public int KeptCount => _ofResponse.Length;

    /// <summary>Finds such a value; false where there is none.</summary>
    public bool TryFind(int index, in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        ExpressionRoom.OfThread.Clear();
        return _ofResponse[index].TryRead(scope, out value);
    }

    public void Write(ref LineWriter writer, in LoggedExchange line)
    {
        var blank = false;
        foreach (ref readonly var part in _parts.AsSpan())
        {
            if (part.Literal is { } literal)
                writer.Write(_escape == LogEscape.HaProxy && blank && literal[0] == ' ' ? literal.AsSpan(1) : literal);
            else
                Write(ref writer, line, part);

            // As in HAProxy blanks around captures are one where a request has none.
            blank = part.Literal is null && !line.HasRequest && part.IsCapture;
        }
    }

    private static Part Compile(LogPart part, AccessLogSettings settings, List<CompiledValue> ofResponse)
    {
        if (part.Literal is { } literal)
            return new() { Literal = Encoding.UTF8.GetBytes(literal) };
        if (part.Expression is not { } expression)
            return new() { Field = part.Field, Form = part.Form };
        var kept = ExpressionSearch.Any(expression, static each => each is FetchExpression { IsOfResponse: true, Kind: not FetchKind.Status });
        if (kept)
            ofResponse.Add(CompiledValue.From(expression));
        return new()
        {
            Value = CompiledValue.From(expression),
            Kept = kept ? ofResponse.Count - 1 : -1,
            Form = part.Form,
            Url = UrlOf(expression),
            Hidden = ExpressionSearch.Any(expression, each => IsHidden(each, settings))
                || (settings.HiddenParameters.Count > 0 && UrlOf(expression) == UrlKind.None && ExpressionSearch.Any(expression, each => UrlOf(each) != UrlKind.None)),
        };
    }

    // What is hidden must not show because something is made of it.
    private static bool IsHidden(Expression expression, AccessLogSettings settings) => expression switch
    {
        FetchExpression { Kind: FetchKind.Parameter, Name: var name } => settings.HiddenParameters.AsSpan().Contains(name),
        FetchExpression { Kind: FetchKind.BasicCredentials } => settings.HiddenFields.AsSpan().Contains("Authorization", StringComparer.OrdinalIgnoreCase),
        FetchExpression { Kind: FetchKind.Header or FetchKind.HeaderLines or FetchKind.HeaderValues or FetchKind.ResponseHeader or FetchKind.ResponseHeaderValues or FetchKind.ResponseHeaderLines or FetchKind.SentHeader, Name: var name }
            => settings.HiddenFields.AsSpan().Contains(name, StringComparer.OrdinalIgnoreCase),
        FetchExpression { Kind: FetchKind.HeaderValueAt or FetchKind.HeaderLineAt or FetchKind.ResponseHeaderValueAt or FetchKind.ResponseHeaderLineAt, Name: var name }
            => settings.HiddenFields.AsSpan().Contains(name.Split(' ')[0], StringComparer.OrdinalIgnoreCase),
        _ => false,
    };

    private static UrlKind UrlOf(Expression expression) => expression switch
    {
        VariableExpression { Variable: TemplateVariable.Uri } => UrlKind.Whole,
        VariableExpression { Variable: TemplateVariable.Query } => UrlKind.Query,
        FetchExpression { Kind: FetchKind.Header or FetchKind.HeaderLines, Name: var name } when name.Equals("Referer", StringComparison.OrdinalIgnoreCase) => UrlKind.Whole,
        _ => UrlKind.None,
    };

    private void Write(ref LineWriter writer, in LoggedExchange line, in Part part)
    {
        if (part.IsCapture && !line.HasRequest && _escape == LogEscape.HaProxy)
            return;
        var quoted = part.Form.HasFlag(LogForm.Quoted);
        if (quoted)
            writer.Write((byte)'"');
        var before = writer.Length;
        if (part.Value is null)
            LogFields.Write(ref writer, line, part.Field, part.Form, EscapingOf(part.Form), _escape);
        else
            WriteValue(ref writer, line, part);
        if (quoted)
            writer.Write((byte)'"');
        else if (writer.Length == before && _escape == LogEscape.HaProxy && part is not { Value: null, Field: LogField.QueryString })
            writer.Write((byte)'-');
    }

    private void WriteValue(ref LineWriter writer, in LoggedExchange line, in Part part)
    {
        ReadOnlySpan<byte> value;
        bool found;
        if (part.Kept >= 0)
        {
            found = line.Record.TryGetKept(line.Log, part.Kept, out value);
        }
        else
        {
            ExpressionRoom.OfThread.Clear();
            found = part.Value!.TryRead(line.Scope, out value);
        }

        if (!found)
        {
            if (_escape == LogEscape.Default && !part.Form.HasFlag(LogForm.Quoted))
                writer.Write((byte)'-');
        }
        else if (part.Hidden)
        {
            writer.Write(Redaction.Hidden);
        }
        else if (part.Url == UrlKind.None)
        {
            writer.Write(value, EscapingOf(part.Form), LongestValue);
        }
        else
        {
            line.Log.Redaction.Write(ref writer, value, EscapingOf(part.Form), LongestValue, part.Url == UrlKind.Query);
        }
    }

    private Escaping EscapingOf(LogForm form) => form.HasFlag(LogForm.Escaped) ? Escaping.StructuredData : form.HasFlag(LogForm.Raw) ? Escaping.LineEnds : _escape switch
    {
        LogEscape.HaProxy => Escaping.HaProxyText,
        LogEscape.Json => Escaping.NginxJson,
        LogEscape.None => Escaping.LineEnds,
        _ => Escaping.Nginx,
    };

    /// <summary>Where a query is in a value.</summary>
    private enum UrlKind : byte
    {
        None,

        /// <summary>Behind a question mark.</summary>
        Whole,

        /// <summary>From its beginning.</summary>
        Query,
    }

    private readonly struct Part
    {
        public byte[]? Literal { get; init; }

        public LogField Field { get; init; }

        public CompiledValue? Value { get; init; }

        /// <summary>Which of the values that are found in the answer; -1 for none of them.</summary>
        public int Kept { get; init; }

        public LogForm Form { get; init; }

        /// <summary>Whether it is captured fields, of which there are none without a request.</summary>
        public bool IsCapture => Value is null && Field is LogField.RequestFields or LogField.RequestFieldsQuoted or LogField.RequestFieldList or LogField.ResponseFields or LogField.ResponseFieldsQuoted or LogField.ResponseFieldList;

        public UrlKind Url { get; init; }

        public bool Hidden { get; init; }
    }
}

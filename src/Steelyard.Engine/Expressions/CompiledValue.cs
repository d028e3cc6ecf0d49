using System.Text;
using Steelyard.Balancing;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Expressions;

/// <summary>
/// An <see cref="Expression"/>, compiled: found in a request without allocating. Immutable, shared by all loops. What it
/// gives is valid as long as the head is held, and until the loop evaluates the next expression.
/// </summary>
internal abstract class CompiledValue
{
    /// <summary>Finds the value; false where there is none.</summary>
    public abstract bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value);

    /// <summary>Whether one of its values passes a test; most have one.</summary>
    public virtual bool Any(scoped in TemplateScope scope, CompiledTest test) => TryRead(scope, out var value) && test.Accepts(value);

    /// <summary>Compiles an expression.</summary>
    public static CompiledValue From(Expression expression) => expression switch
    {
        VariableExpression { Variable: var variable } => new VariableValue(variable),
        TextExpression { Text.Parts: [{ Literal: { } literal }] } => new LiteralValue(Encoding.UTF8.GetBytes(literal)),
        TextExpression { Text: var text } => new TemplateValue(text),
        CallExpression call when TableValue.Is(call) => new TableValue(call),
        CallExpression call when JwtValue.Is(call) => new JwtValue(call),
        CallExpression { Function: FunctionKind.Behind } call => new BehindValue(From(call.Input), FromOperand(TextTemplate.Parse(call.Arguments[0]))),
        CallExpression { Function: FunctionKind.Compare } call => new ComparedValue(From(call.Input), FromOperand(TextTemplate.Parse(call.Arguments[0]))),
        CallExpression call => new CallValue(call),
        MapExpression map => new MapValue(map),
        ListExpression lookup => new ListValue(lookup),
        FetchExpression fetch => From(fetch),
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    /// <summary>Compiles what a value is computed with: where that is one value alone that is missing, there is no result.</summary>
    private protected static CompiledValue FromOperand(TextTemplate text) => text.Parts is [{ Expression: { } only }] ? From(only) : From(new TextExpression(text));

    private static CompiledValue From(FetchExpression fetch)
    {
        var name = Encoding.ASCII.GetBytes(fetch.Name);
        return fetch.Kind switch
        {
            FetchKind.Header => new FieldValue(name, ofResponse: false, split: false, last: false),
            FetchKind.HeaderList => new FieldList(name),
            FetchKind.HeaderLines => new FieldValue(name, ofResponse: false, split: false, last: true),
            FetchKind.HeaderValues => new FieldValue(name, ofResponse: false, split: true, last: true),
            FetchKind.ResponseHeader => new FieldValue(name, ofResponse: true, split: false, last: false),
            FetchKind.ResponseHeaderLines => new FieldValue(name, ofResponse: true, split: false, last: true),
            FetchKind.ResponseHeaderValues => new FieldValue(name, ofResponse: true, split: true, last: true),
            FetchKind.HeaderValueAt or FetchKind.HeaderLineAt or FetchKind.ResponseHeaderValueAt or FetchKind.ResponseHeaderLineAt => new FieldValueAt(fetch),
            FetchKind.CookieValues => new CookieValues(name),
            FetchKind.HeaderLineCount or FetchKind.ResponseHeaderLineCount => new FieldLineCount(name, fetch.Kind == FetchKind.ResponseHeaderLineCount),
            FetchKind.HeaderCount or FetchKind.ResponseHeaderCount => new FieldCount(name, fetch.Kind == FetchKind.ResponseHeaderCount),
            >= FetchKind.TlsVersion and <= FetchKind.ClientKeyKind => new TlsValue(fetch.Kind, fetch.Name),
            FetchKind.SentHeader => new SentValue(name),
            FetchKind.FirstBytes => new FirstBytesValue(fetch.Name),
            FetchKind.HeaderBlock or FetchKind.ResponseHeaderBlock or FetchKind.HeaderNames or FetchKind.ResponseHeaderNames => new FieldsValue(fetch.Kind, name),
            FetchKind.Tracked or FetchKind.TrackedKey => new TrackedValue(fetch),
            FetchKind.UsableServers => new UsableServersValue(fetch.Name),
            FetchKind.Measured => new MeasuredValue(fetch.Name),
            FetchKind.Now or FetchKind.PreciseNow or FetchKind.LocalTime or FetchKind.IsoTime or FetchKind.ConnectionNumber or FetchKind.TlsHello or FetchKind.HelloVersion or FetchKind.HelloProtocols or FetchKind.ConnectionRequests or FetchKind.Random or FetchKind.Uuid or FetchKind.ProcessId or FetchKind.RequestNumber => new LoopValue(fetch.Kind),
            _ => new FetchValue(fetch.Kind, name),
        };
    }

    private sealed class LiteralValue(byte[] text) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = text;
            return true;
        }
    }

    private sealed class VariableValue(TemplateVariable variable) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = scope[variable];

            // The others are always there, and may be empty.
            return !value.IsEmpty || variable is not (TemplateVariable.Pool or TemplateVariable.Server or TemplateVariable.Host or TemplateVariable.Authority);
        }
    }

    private sealed class TemplateValue(TextTemplate template) : CompiledValue
    {
        private readonly TemplateBytes _template = new(template);

        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value) => _template.TryMake(scope, out value);
    }

    private sealed class BehindValue(CompiledValue whole, CompiledValue start) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = default;
            if (!whole.TryRead(scope, out var text) || !start.TryRead(scope, out var first) || !text.StartsWith(first))
                return false;
            value = text[first.Length..];
            return true;
        }
    }

    private sealed class ComparedValue(CompiledValue one, CompiledValue other) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = default;
            return one.TryRead(scope, out var left) && other.TryRead(scope, out var right) && ExpressionRoom.OfThread.TryWrite(Compare(left, right), out value);
        }

        // As HAProxy by strncmp of glibc: the first bytes that differ, one from the other; else which is longer.
        private static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            var same = left.CommonPrefixLength(right);
            return same < left.Length && same < right.Length ? left[same] - right[same] : left.Length.CompareTo(right.Length);
        }
    }

    private sealed class UsableServersValue(string pool) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = default;
            if (scope.Pools is null || !scope.Pools.TryGetValue(pool, out var its))
                return false;
            var (active, backups) = (0, 0);
            for (var i = 0; i < its.Count; i++)
            {
                var server = its.Servers[i];
                var usable = server.Up && !server.Ejected && server.State == ServerState.Ready ? 1 : 0;
                if (server.Settings.Backup)
                    backups += usable;
                else
                    active += usable;
            }

            return ExpressionRoom.OfThread.TryWrite(active > 0 ? active : backups, out value);
        }
    }

    private sealed class FetchValue(FetchKind kind, byte[] name) : CompiledValue
    {
        public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = default;
            switch (kind)
            {
                case FetchKind.Cookie:
                    return scope.Request.AsNginx ? Cookies.TryFindAsNginx(scope.Request, scope.Head, name, out value) : Cookies.TryFind(scope.Request, scope.Head, name, out value);
                case FetchKind.CookieCount:
                    return ExpressionRoom.OfThread.TryWrite(Cookies.Count(scope.Request, scope.Head, name), out value);
                case FetchKind.ResponseCookie:
                    return Cookies.TryFindSet(scope.FieldsOf(response: true), scope.ResponseBytes, name, out value);
                case FetchKind.AnsweringServer:
                    value = scope.ServedBy is { } server ? server.NameBytes.Span : default;
                    return !value.IsEmpty;
                case FetchKind.Parameter:
                    return QueryText.TryFind(scope.Request.Query(scope.Head), name, (byte)'&', out value);
                case FetchKind.ParameterAnyCase:
                    return QueryText.TryFind(scope.Request.Query(scope.Head), name, (byte)'&', out value, ignoreCase: true);
                case FetchKind.Variable:
                    return scope.Variables is { } variables && variables.TryGet(name, out value);
                case FetchKind.Status:
                    return (scope.Response?.ShownStatus ?? scope.OwnStatus) is > 0 and var status && ExpressionRoom.OfThread.TryWrite(status, out value);
                case FetchKind.Version:
                    value = scope.Request.MinorVersion == 0 ? "1.0"u8 : "1.1"u8;
                    return true;
                case FetchKind.Tls:
                    value = scope.Client.Secure ? "1"u8 : "0"u8;
                    return true;
                case FetchKind.ServerName:
                    value = scope.ServerName.IsEmpty && scope.Connection is { } connection ? connection.TlsName : scope.ServerName;
                    return !value.IsEmpty;
                case FetchKind.ContentLength:
                    return scope.Request.Fields.ContentLength >= 0 && ExpressionRoom.OfThread.TryWrite(scope.Request.Fields.ContentLength, out value);
                case FetchKind.FirstLength:
                    return scope.Connection is { } begun && ExpressionRoom.OfThread.TryWrite(begun.FirstBytes.Length, out value);
                case FetchKind.Body:
                    return scope.Arrived is { } arrived && ArrivedBody.TryRead(scope.Request, arrived, ExpressionRoom.OfThread, out value);
                case FetchKind.BodySize:
                    return ExpressionRoom.OfThread.TryWrite(ArrivedBody.LengthOf(scope.Request, scope.Arrived), out value);
                case FetchKind.CleanPath:
                    return TryReadCleanPath(scope, out value);
                case FetchKind.OriginalUri:
                    value = scope.Request.OriginalTarget(scope.Head);
                    return true;
                case FetchKind.Rerouted:
                    value = scope.Rerouted ? "1"u8 : "0"u8;
                    return true;
                case FetchKind.Peer:
                    value = scope.Client.PeerAddress;
                    return true;
                case FetchKind.PeerPort:
                    return scope.Connection is { } from && ExpressionRoom.OfThread.TryWrite(from.Peer.Port, out value);
                case FetchKind.LocalPort:
                    return scope.Connection is { } at && ExpressionRoom.OfThread.TryWrite(at.Destination.Port, out value);
                case FetchKind.LocalAddress:
                    return TryReadLocalAddress(scope.Connection, out value);
                case FetchKind.Sender:
                    return scope.Connection is { } sender && TryReadAddress(sender.Sender, out value);
                case FetchKind.SenderPort:
                    return scope.Connection is { } sending && ExpressionRoom.OfThread.TryWrite(sending.Sender.Port, out value);
                case FetchKind.TlsOffer:
                    value = scope.Connection?.Hello is { } offered ? offered.FirstProtocol : default;
                    return !value.IsEmpty;
                case FetchKind.ToldPeer:
                    return scope.Connection is { ToldPeer.Length: > 0 } told && TryReadAddress(told.ToldPeer, out value);
                case FetchKind.ToldPeerPort:
                    return scope.Connection is { ToldPeer.Length: > 0 } telling && ExpressionRoom.OfThread.TryWrite(telling.ToldPeer.Port, out value);
                case FetchKind.ToldAddress:
                    return scope.Connection is { ToldDestination.Length: > 0 } there && TryReadAddress(there.ToldDestination, out value);
                case FetchKind.ToldPort:
                    return scope.Connection is { ToldDestination.Length: > 0 } thereAt && ExpressionRoom.OfThread.TryWrite(thereAt.ToldDestination.Port, out value);
                case FetchKind.BasicCredentials:
                    return TryReadCredentials(scope, out value);
                default:
                    throw new InvalidOperationException($"{kind} is not compiled so.");
            }
        }

        private static bool TryReadCleanPath(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = scope[TemplateVariable.Path];

            // Of a request that nobody understood nothing is known.
            if (scope.Head.IsEmpty)
                return false;
            if (!PathNormalizer.IsNeeded(value))
                return true;
            if (!ExpressionRoom.OfThread.TryTake(value.Length, out var written))
                return false;
            value = PathNormalizer.Normalize(scope.Request, value, written);
            return true;
        }

        private const int LongestAddress = 64;

        private static bool TryReadLocalAddress(ConnectionEnds? connection, out ReadOnlySpan<byte> value)
        {
            value = default;
            return connection is not null && TryReadAddress(connection.Destination, out value);
        }

        private static bool TryReadAddress(in KernelAddress address, out ReadOnlySpan<byte> value)
        {
            value = default;
            if (!ExpressionRoom.OfThread.TryTake(LongestAddress, out var text))
                return false;
            value = text[..address.WriteText(text)];
            return true;
        }

        private static bool TryReadCredentials(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
        {
            value = default;
            foreach (ref readonly var field in scope.Request.Fields.All)
            {
                if (field.NameLength != 13 || !Ascii.EqualsIgnoreCase(field.Name(scope.Head), "Authorization"u8))
                    continue;
                var credentials = field.Value(scope.Head);
                return credentials.Length > 6 && Ascii.EqualsIgnoreCase(credentials[..6], "Basic "u8)
                    && TextFunctions.TryDecodeBase64(HttpBytes.Trim(credentials[6..]), ExpressionRoom.OfThread, out value);
            }

            return false;
        }
    }
}

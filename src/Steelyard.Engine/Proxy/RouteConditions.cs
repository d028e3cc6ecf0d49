using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Proxy;

/// <summary>What a route asks of a request beside host and path, compiled. Immutable, shared by all loops.</summary>
internal sealed class RouteConditions
{
    private readonly byte[][] _methods;
    private readonly Comparison[] _fields;
    private readonly Comparison[] _parameters;
    private readonly CompiledCondition? _when;

    private RouteConditions(RouteSettings route)
    {
        _when = CompiledCondition.From(route.When);
        _methods = Array.ConvertAll(route.Methods.AsSpan().ToArray(), Encoding.ASCII.GetBytes);
        _fields = Array.ConvertAll(route.Headers.AsSpan().ToArray(), match => new Comparison(match));
        _parameters = Array.ConvertAll(route.Query.AsSpan().ToArray(), match => new Comparison(match));
    }

    /// <summary>The conditions of a route; null when it has none.</summary>
    public static RouteConditions? From(RouteSettings route) => CountOf(route) == 0 ? null : new(route);

    /// <summary>How much a route asks for; who asks for more goes first.</summary>
    public static int CountOf(RouteSettings route) => (route.When is null ? 0 : 1000) + (route.Methods.Count > 0 ? 1 : 0) + route.Headers.Count + route.Query.Count;

    private bool Hold(RequestHead request, ReadOnlySpan<byte> head) =>
        HoldsMethod(request.MethodBytes(head)) && HoldFields(request, head) && HoldParameters(request.Query(head));

    /// <summary>Whether a request is what the route asks for.</summary>
    public bool Hold(in TemplateScope scope) => Hold(scope.Request, scope.Head) && (_when is null || _when.Holds(scope));

    private bool HoldsMethod(ReadOnlySpan<byte> method)
    {
        foreach (var allowed in _methods)
        {
            if (method.SequenceEqual(allowed))
                return true;
        }

        return _methods.Length == 0;
    }

    private bool HoldFields(RequestHead request, ReadOnlySpan<byte> head)
    {
        foreach (var condition in _fields)
        {
            var holds = false;
            foreach (ref readonly var field in request.Fields.All)
                holds = holds || (field.NameLength == condition.Name.Length && Ascii.EqualsIgnoreCase(field.Name(head), condition.Name) && condition.Accepts(field.Value(head)));
            if (!holds)
                return false;
        }

        return true;
    }

    private bool HoldParameters(ReadOnlySpan<byte> query)
    {
        foreach (var condition in _parameters)
        {
            if (!HoldsParameter(condition, query))
                return false;
        }

        return true;
    }

    private static bool HoldsParameter(Comparison condition, ReadOnlySpan<byte> query)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equals = pair.IndexOf((byte)'=');
            var name = equals < 0 ? pair : pair[..equals];
            if (name.SequenceEqual(condition.Name) && condition.Accepts(equals < 0 ? default : pair[(equals + 1)..]))
                return true;
        }

        return false;
    }

    private sealed class Comparison
    {
        private readonly byte[] _value;
        private readonly bool _startOnly;

        public Comparison(ValueMatch match)
        {
            _startOnly = match.Pattern.EndsWith('*');
            Name = Encoding.ASCII.GetBytes(match.Name);
            _value = Encoding.ASCII.GetBytes(_startOnly ? match.Pattern[..^1] : match.Pattern);
        }

        public byte[] Name { get; }

        public bool Accepts(ReadOnlySpan<byte> value) => _startOnly ? value.StartsWith(_value) : value.SequenceEqual(_value);
    }
}

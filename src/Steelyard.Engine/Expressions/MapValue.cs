using System.Text;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Expressions;

/// <summary>A map, compiled: cases that compare whole texts, or are networks, are looked up at once, the others are tried in their order.</summary>
internal sealed class MapValue : CompiledValue
{
    private readonly CompiledValue _input;
    private readonly Dictionary<byte[], TemplateBytes>.AlternateLookup<ReadOnlySpan<byte>> _exact;
    private readonly bool _allExact;
    private readonly NetworkIndex? _networks;
    private readonly TemplateBytes[] _ofNetworks = [];
    private readonly (CompiledTest Test, TemplateBytes Value)[] _cases = [];
    private readonly TemplateBytes? _otherwise;

    public MapValue(MapExpression map)
    {
        _input = From(map.Input);
        _otherwise = map.Otherwise is { } otherwise ? new(otherwise) : null;
        var cases = map.Cases.AsSpan().ToArray();
        _allExact = Array.TrueForAll(cases, each => each.Test == TestKind.Is && each.IgnoreCase == cases[0].IgnoreCase);
        if (cases.Length > 0 && Array.TrueForAll(cases, each => each.Test == TestKind.Network))
        {
            _networks = new(Array.ConvertAll(cases, each => TestCondition.ParseNetwork(each.Pattern)));
            _ofNetworks = Array.ConvertAll(cases, each => new TemplateBytes(each.Value));
            return;
        }

        if (!_allExact)
        {
            _cases = Array.ConvertAll(cases, each => (new CompiledTest(each.Test, each.IgnoreCase, [each.Pattern]), new TemplateBytes(each.Value)));
            return;
        }

        var exact = new Dictionary<byte[], TemplateBytes>(cases is [{ IgnoreCase: true }, ..] ? BytesComparer.IgnoreCase : BytesComparer.Exact);
        foreach (var each in cases)
            exact.TryAdd(Encoding.UTF8.GetBytes(each.Pattern), new(each.Value));
        _exact = exact.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public override bool TryRead(scoped in TemplateScope scope, out ReadOnlySpan<byte> value)
    {
        value = default;
        return (Find(scope) ?? _otherwise) is { } found && found.TryMake(scope, out value);
    }

    private TemplateBytes? Find(scoped in TemplateScope scope)
    {
        if (!_input.TryRead(scope, out var input))
            return null;
        if (_allExact)
            return _exact.TryGetValue(input, out var exact) ? exact : null;
        if (_networks is not null)
            return _networks.Find(input) is >= 0 and var at ? _ofNetworks[at] : null;
        foreach (var (test, value) in _cases)
        {
            if (test.Accepts(input))
                return value;
        }

        return null;
    }
}

using System.Buffers.Text;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Lists;
using Steelyard.Engine.Proxy;
using Steelyard.Engine.Tracking;

namespace Steelyard.Engine.Expressions;

/// <summary>A <see cref="Condition"/>, compiled: answered without allocating. Immutable, shared by all loops.</summary>
internal abstract class CompiledCondition
{
    /// <summary>Whether it holds.</summary>
    public abstract bool Holds(scoped in TemplateScope scope);

    /// <summary>Compiles a condition; null for none.</summary>
    public static CompiledCondition? From(Condition? condition) => condition switch
    {
        null => null,
        ConstantCondition constant => new Constant(constant.Holds),
        AllCondition all => new Several(Compile(all.Conditions), until: false),
        AnyCondition any => new Several(Compile(any.Conditions), until: true),
        NotCondition not => new Contrary(From(not.Inner)!),
        TestCondition { Test: TestKind.Present } test => new Presence(CompiledValue.From(test.Value)),
        TestCondition test => Compare(test.Value, calls => new CompiledTest(test.Test, test.IgnoreCase, test.Patterns, calls)),
        ListCondition test => Compare(test),
        _ => throw new ArgumentOutOfRangeException(nameof(condition)),
    };

    private static CompiledCondition[] Compile(ValueList<Condition> parts) => Array.ConvertAll(parts.AsSpan().ToArray(), part => From(part)!);

    // What is made of a field that can have several values is made of each of them.
    private static Comparison Compare(Expression whole, Func<CallValue[], CompiledTest> test)
    {
        var calls = new List<CallValue>();
        var value = whole;
        for (; value is CallExpression call && !TableValue.Is(call) && !JwtValue.Is(call) && call.TemplateArgument() is null; value = call.Input)
            calls.Insert(0, new CallValue(call));
        return value is FetchExpression { Kind: FetchKind.HeaderValues or FetchKind.HeaderLines or FetchKind.ResponseHeaderValues or FetchKind.ResponseHeaderLines }
            ? new(CompiledValue.From(value), test([.. calls]))
            : new(CompiledValue.From(whole), test([]));
    }

    private static Listed Compare(ListCondition test)
    {
        var list = new ListBinding(test.List, new(test.Test, test.IgnoreCase, null));
        return new(list, Compare(test.Value, calls => new CompiledTest(list, calls)));
    }

    private sealed class Constant(bool holds) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope) => holds;
    }

    private sealed class Several(CompiledCondition[] parts, bool until) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope)
        {
            foreach (var part in parts)
            {
                if (part.Holds(scope) == until)
                    return until;
            }

            return !until;
        }
    }

    private sealed class Contrary(CompiledCondition inner) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope) => !inner.Holds(scope);
    }

    private sealed class Presence(CompiledValue value) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope)
        {
            ExpressionRoom.OfThread.Clear();
            return value.TryRead(scope, out _);
        }
    }

    // The test itself does not see the scope.
    private sealed class Listed(ListBinding list, Comparison comparison) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope) => list.In(scope.Lists) is not null && comparison.Holds(scope);
    }

    private sealed class Comparison(CompiledValue value, CompiledTest test) : CompiledCondition
    {
        public override bool Holds(scoped in TemplateScope scope)
        {
            ExpressionRoom.OfThread.Clear();
            return value.Any(scope, test);
        }
    }
}

/// <summary>A comparison with patterns, compiled. Immutable, shared by all loops.</summary>
internal sealed class CompiledTest
{
    // Up to here one after the other is as quick.
    private const int FewPatterns = 8;

    private readonly TestKind _kind;
    private readonly bool _ignoreCase;
    private readonly byte[][] _texts = [];
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>>? _set;
    private readonly BytePattern[] _patterns = [];
    private readonly NumberRange[] _ranges = [];
    private readonly TrustedNetworks _networks = TrustedNetworks.None;
    private readonly UserList? _users;
    private readonly CallValue[] _before;
    private readonly ListBinding? _list;

    /// <param name="kind">How it compares.</param>
    /// <param name="ignoreCase">Whether without regard to case.</param>
    /// <param name="patterns">With what.</param>
    /// <param name="before">What is made of each value first.</param>
    public CompiledTest(TestKind kind, bool ignoreCase, ValueList<string> patterns, CallValue[]? before = null)
    {
        (_kind, _ignoreCase, _before) = (kind, ignoreCase, before ?? []);
        var all = patterns.AsSpan().ToArray();
        switch (kind)
        {
            case TestKind.Matches:
                _patterns = Array.ConvertAll(all, pattern => BytePattern.Parse(pattern, ignoreCase));
                break;
            case TestKind.User:
                _users = new(all);
                break;
            case TestKind.Network:
                _networks = new(Array.ConvertAll(all, TestCondition.ParseNetwork));
                break;
            case TestKind.Range or TestKind.Length:
                _ranges = Array.ConvertAll(all, pattern => NumberRange.TryParse(pattern, out var range) ? range : throw new ArgumentException(pattern, nameof(patterns)));
                break;
            default:
                _texts = Array.ConvertAll(all, pattern => BytesText.Encode(kind == TestKind.Directory ? pattern.Trim('/') : kind == TestKind.Domain ? pattern.Trim('.') : pattern));
                if (kind == TestKind.Is && _texts.Length > FewPatterns)
                    _set = new HashSet<byte[]>(_texts, ignoreCase ? BytesComparer.IgnoreCase : BytesComparer.Exact).GetAlternateLookup<ReadOnlySpan<byte>>();
                break;
        }
    }

    /// <param name="list">The list whose patterns it compares with.</param>
    /// <param name="before">What is made of each value first.</param>
    public CompiledTest(ListBinding list, CallValue[] before) => (_list, _before) = (list, before);

    /// <summary>Whether a value passes.</summary>
    public bool Accepts(ReadOnlySpan<byte> value)
    {
        foreach (var call in _before)
        {
            if (!call.TryCall(value, ExpressionRoom.OfThread, out value))
                return false;
        }

        return _list is null ? AcceptsMade(value) : _list.Last?.Find(value) is not null;
    }

    private bool AcceptsMade(ReadOnlySpan<byte> value)
    {
        switch (_kind)
        {
            case TestKind.Present:
                return true;
            case TestKind.Matches:
                foreach (var pattern in _patterns)
                {
                    if (pattern.IsMatch(value))
                        return true;
                }

                return false;
            case TestKind.User:
                return _users!.Knows(value);
            case TestKind.Network:
                return _networks.Contains(value);
            case TestKind.Range:
                return Utf8Parser.TryParse(value, out long number, out var length) && length == value.Length && InRange(number);
            case TestKind.Length:
                return InRange(value.Length);
            case TestKind.Is when _set is { } set:
                return set.Contains(value);
            default:
                foreach (var text in _texts)
                {
                    if (Fits(value, text))
                        return true;
                }

                return false;
        }
    }

    private bool InRange(long number)
    {
        foreach (var range in _ranges)
        {
            if (range.Contains(number))
                return true;
        }

        return false;
    }

    private bool Fits(ReadOnlySpan<byte> value, ReadOnlySpan<byte> text) => _kind switch
    {
        TestKind.Is => Equal(value, text),
        TestKind.Starts => value.Length >= text.Length && Equal(value[..text.Length], text),
        TestKind.Ends => value.Length >= text.Length && Equal(value[^text.Length..], text),
        TestKind.Contains => IndexOf(value, text, 0) >= 0,
        TestKind.Directory => StandsAlone(value, text, "/?"u8),
        _ => StandsAlone(value, text, "/?.:"u8),
    };

    private bool Equal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> text) =>
        _ignoreCase ? Ascii.EqualsIgnoreCase(value, text) : value.SequenceEqual(text);

    private int IndexOf(ReadOnlySpan<byte> value, ReadOnlySpan<byte> text, int start)
    {
        if (!_ignoreCase)
            return value[start..].IndexOf(text) is var found and >= 0 ? start + found : -1;
        for (; start + text.Length <= value.Length; start++)
        {
            if (Ascii.EqualsIgnoreCase(value.Slice(start, text.Length), text))
                return start;
        }

        return -1;
    }

    private bool StandsAlone(ReadOnlySpan<byte> value, ReadOnlySpan<byte> text, ReadOnlySpan<byte> delimiters)
    {
        for (var at = IndexOf(value, text, 0); at >= 0; at = at + 1 > value.Length ? -1 : IndexOf(value, text, at + 1))
        {
            var end = at + text.Length;
            if ((at == 0 || delimiters.Contains(value[at - 1])) && (end == value.Length || delimiters.Contains(value[end])))
                return true;
        }

        return false;
    }
}

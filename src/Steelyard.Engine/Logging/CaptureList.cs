using System.Text;
using Steelyard.Config;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;

namespace Steelyard.Engine.Logging;

/// <summary>Fields that are written down, each up to so many bytes. Immutable.</summary>
internal sealed class CaptureList
{
    private readonly byte[][] _names;
    private readonly string[] _keys;
    private readonly int[] _most;
    private readonly bool[] _hidden;
    private readonly byte[]?[] _variables;
    private readonly int[] _starts;

    public CaptureList(ValueList<LogCapture> captures, ValueList<string> hidden)
    {
        (_names, _keys, _variables, _most, _hidden, _starts) = (new byte[captures.Count][], new string[captures.Count], new byte[]?[captures.Count], new int[captures.Count], new bool[captures.Count], new int[captures.Count]);
        for (var i = 0; i < captures.Count; i++)
        {
            (_names[i], _keys[i], _most[i], _starts[i]) = (Encoding.ASCII.GetBytes(captures[i].Name), (captures[i].Variable ?? captures[i].Name).ToLowerInvariant(), captures[i].Most, Room);
            _variables[i] = captures[i].Variable is { } variable ? Encoding.ASCII.GetBytes(variable) : null;
            Room += _most[i];
            foreach (var name in hidden)
                _hidden[i] |= name.Equals(captures[i].Name, StringComparison.OrdinalIgnoreCase);
        }
    }

    public int Count => _names.Length;

    /// <summary>Bytes that all values take up at most.</summary>
    public int Room { get; }

    public int StartOf(int index) => _starts[index];

    public int MostOf(int index) => _most[index];

    /// <summary>The name of the field or variable in small letters.</summary>
    public string KeyOf(int index) => _keys[index];

    /// <summary>The value of the last field of a name, as HAProxy has it, or of a variable, cut; the hidden one where it is not written; empty for none.</summary>
    public ReadOnlySpan<byte> ValueOf(int index, FieldTable fields, ReadOnlySpan<byte> head, RequestVariables? variables)
    {
        ReadOnlySpan<byte> found = default;
        if (_variables[index] is { } variable)
            return variables is null || !variables.TryGet(variable, out found) ? default : found.Length > _most[index] ? found[.._most[index]] : found;
        var name = _names[index];
        foreach (ref readonly var field in fields.All)
        {
            if (field.NameLength != name.Length || !Ascii.EqualsIgnoreCase(field.Name(head), name))
                continue;
            var value = _hidden[index] ? Redaction.Hidden : field.Value(head);
            found = value.Length > _most[index] ? value[.._most[index]] : value;
        }

        return found;
    }

    /// <summary>Copies all values.</summary>
    public void Capture(FieldTable fields, ReadOnlySpan<byte> head, RequestVariables? variables, Span<byte> to, Span<int> lengths)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            var value = ValueOf(i, fields, head, variables);
            value.CopyTo(to[_starts[i]..]);
            lengths[i] = value.Length;
        }
    }
}

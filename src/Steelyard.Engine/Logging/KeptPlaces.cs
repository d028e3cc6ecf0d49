namespace Steelyard.Engine.Logging;

/// <summary>
/// Where a record keeps what a log wants of answers: bytes of fields, of a cookie and of values of expressions, one behind
/// the other, and the length of each.
/// </summary>
/// <param name="RoomOfFields">How many bytes all fields have.</param>
/// <param name="Fields">How many fields.</param>
/// <param name="Values">How many values of expressions.</param>
/// <param name="RoomOfCookie">How many bytes the cookie has; 0 for none.</param>
internal readonly record struct KeptPlaces(int RoomOfFields, int Fields, int Values, int RoomOfCookie)
{
    /// <summary>Where its bytes begin.</summary>
    public int FirstByte { get; private init; }

    /// <summary>Where its lengths begin.</summary>
    public int FirstLength { get; private init; }

    /// <summary>How many things are kept.</summary>
    public int Count => Fields + Values + (RoomOfCookie > 0 ? 1 : 0);

    public int EndOfBytes => StartOfValue(Values);

    public int EndOfLengths => FirstLength + Count;

    public int StartOfCookie => FirstByte + RoomOfFields;

    public int LengthOfCookie => FirstLength + Fields + Values;

    public int StartOfValue(int index) => StartOfCookie + RoomOfCookie + (index * LineFormat.MostKept);

    public int LengthOfValue(int index) => FirstLength + Fields + index;

    /// <summary>The same behind what another log keeps.</summary>
    public KeptPlaces Behind(KeptPlaces other) => this with { FirstByte = other.EndOfBytes, FirstLength = other.EndOfLengths };
}

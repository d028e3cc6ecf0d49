namespace Steelyard.Config.Expressions;

/// <summary>What an expression asks of a slot by which a request is tracked.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Asked">The counter.</param>
public readonly record struct TrackedCounter(int Slot, AskedCounter Asked)
{
    /// <summary>Reads the name of a <see cref="FetchKind.Tracked"/> or <see cref="FetchKind.TrackedKey"/>; false where it is none.</summary>
    public static bool TryParse(FetchExpression fetch, out TrackedCounter counter)
    {
        counter = default;
        var name = fetch.Name;
        if (name.Length == 0 || name[0] is < '0' or >= (char)('0' + TrackSettings.Slots))
            return false;
        var slot = name[0] - '0';
        if (fetch.Kind == FetchKind.TrackedKey)
        {
            counter = new(slot, default);
            return name.Length == 1;
        }

        if (name.Length < 3 || name[1] != ' ' || !AskedCounter.TryParse(name[2..], out var asked))
            return false;
        counter = new(slot, asked);
        return true;
    }
}

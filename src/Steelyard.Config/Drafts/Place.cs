namespace Steelyard.Config.Drafts;

/// <summary>A stretch of a source: offsets in UTF-16 units, turned into line and column only when a problem is reported.</summary>
internal readonly record struct Place(SourceText Source, int Start, int End)
{
    public int Line => Source.Locate(Start).Line;
}

/// <summary>A value and where it was written.</summary>
internal readonly record struct Located<T>(T Value, Place Place);

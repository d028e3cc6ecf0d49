using System.Globalization;
using System.Text;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Causes;

/// <summary>
/// Every cause that error pages, logs and the API name. The one place where they are: the pages of <c>docs/why</c> and what
/// <c>steelyard why</c> says are made from it.
/// </summary>
public static class CauseTable
{
    private const int MostDetails = 32;

    private static readonly CauseRow[] s_rows = [.. ServerCauses.Rows, .. ClientCauses.Rows, .. HeadCauses.Rows];
    private static readonly KnownCause[] s_all = Array.ConvertAll(s_rows, static row => row.Known);
    private static readonly (KnownCause Known, byte[] Code)?[] s_byOutcome = ByOutcome();

    /// <summary>All of them: first those of servers, then those of clients, last what is wrong with a request.</summary>
    public static IReadOnlyList<KnownCause> All => s_all;

    /// <summary>Finds a cause.</summary>
    /// <param name="name">Its code, or the word behind the status, in any case of letters.</param>
    /// <returns>The cause; null where none is called so. Of several with one word, the first.</returns>
    public static KnownCause? Find(string name)
    {
        var word = name[(name.IndexOf('.') + 1)..];
        return Array.Find(s_all, known => known.Code.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? Array.Find(s_all, known => known.Code.AsSpan(known.Code.IndexOf('.') + 1).Equals(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What is known of the way in which an exchange ended without success.</summary>
    internal static KnownCause Of(in Outcome outcome) => RowOf(outcome).Known;

    /// <summary>The code of it as bytes of ASCII.</summary>
    internal static ReadOnlySpan<byte> CodeOf(in Outcome outcome) => RowOf(outcome).Code;

    private static (KnownCause Known, byte[] Code) RowOf(in Outcome outcome) =>
        s_byOutcome[IndexOf(outcome.Cause, outcome.Cause == Cause.BadRequest ? outcome.Detail : HeadError.None)]
        ?? s_byOutcome[IndexOf(Cause.BadRequest, HeadError.None)]!.Value;

    private static int IndexOf(Cause cause, HeadError detail) => ((int)cause * MostDetails) + (int)detail;

    private static (KnownCause, byte[])?[] ByOutcome()
    {
        var rows = new (KnownCause, byte[])?[((int)Cause.Stopped + 1) * MostDetails];
        foreach (var row in s_rows)
            rows[IndexOf(row.Cause, row.Detail)] = (row.Known, Encoding.ASCII.GetBytes(row.Known.Code));
        return rows;
    }
}

/// <summary>One row of the table.</summary>
internal sealed record CauseRow(Cause Cause, HeadError Detail, KnownCause Known)
{
    /// <param name="cause">What ended the exchange.</param>
    /// <param name="word">What it is called behind the status.</param>
    /// <param name="sentence">What the client is told.</param>
    /// <param name="means">What has happened.</param>
    /// <param name="look">How to see it.</param>
    /// <param name="remedy">What to do.</param>
    /// <param name="detail">What is wrong with the head, where that is the cause.</param>
    public static CauseRow Of(Cause cause, string word, string sentence, string means, string look, string remedy, HeadError detail = HeadError.None)
    {
        var status = new Outcome(cause, Detail: detail).Status;
        var prefix = status == 0 ? "cut" : status.ToString(CultureInfo.InvariantCulture);
        return new(cause, detail, new KnownCause($"{prefix}.{word}", status, sentence, means, look, remedy));
    }
}

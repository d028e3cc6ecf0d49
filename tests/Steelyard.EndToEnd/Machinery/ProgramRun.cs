namespace Steelyard.EndToEnd.Machinery;

/// <summary>What tests of the running program begin with: a folder of its files, and one in which no other program is found.</summary>
public abstract class ProgramRun : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected TemporaryFolder Runtime { get; } = new();

    private protected Dictionary<string, string> Environment => new() { ["XDG_RUNTIME_DIR"] = Runtime.Path };

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Serves a file, and waits until it is served.</summary>
    private protected async Task<SteelyardProcess> UpAsync(string file, params string[] options)
    {
        var up = SteelyardProcess.Start(["up", file, .. options], Environment);
        await up.LineAsync("ready");
        return up;
    }

    /// <summary>The same of a file that is written first.</summary>
    private protected Task<SteelyardProcess> ServeAsync(string text) => ServeAsync("steelyard.yaml", text);

    private protected Task<SteelyardProcess> ServeAsync(string name, string text) => UpAsync(Folder.Write(name, text));

    public void Dispose()
    {
        LetGo();
        Folder.Dispose();
        Runtime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what a test has beside the folders.</summary>
    private protected virtual void LetGo()
    {
    }
}

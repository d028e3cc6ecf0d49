namespace Steelyard.Config.Nginx;

/// <summary>Where copies of requests go: mirror and mirror_request_body (nginx: ngx_http_mirror_module).</summary>
internal static class NginxMirrors
{
    private const string Off = "off";

    /// <summary>Checks a line of mirror.</summary>
    public static void Check(NginxUse use)
    {
        var others = use.Level.Own("mirror");
        if (others.Count > 0 && (use.Directive[1] == Off || others[0][1] == Off))
            use.Problems.Error(use.Directive.Place, "\"mirror off\" beside another \"mirror\" of its block", "one of them");
        else if (others.Count == MirrorSettings.MostPaths)
            use.Problems.Error(use.Directive.Place, "there are too many copies of a request", $"{MirrorSettings.MostPaths} at most");
        else if (use.Directive[1] != Off && !use.Directive[1].StartsWith('/'))
            use.Error(1, $"a copy cannot ask for \"{use.Directive[1]}\"", "a path, such as /mirror, or off");
    }

    /// <summary>What a block says; null for no copies.</summary>
    public static MirrorSettings? Of(NginxLevel level)
    {
        var lines = level.All("mirror");
        if (lines.Count == 0 || lines[0][1] == Off)
            return null;
        return new()
        {
            Paths = lines.Select(line => NginxPaths.WithQuery(TextTemplate.Literal(line[1]))).ToValueList(),
            SendsBody = level.IsOn("mirror_request_body", otherwise: true),
        };
    }
}

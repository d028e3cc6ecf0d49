namespace Steelyard.Config.Nginx;

/// <summary>How answers are compressed: gzip.</summary>
internal static class NginxGzip
{
    private static readonly (string Word, ProxiedAnswers Value)[] s_proxied =
    [
        ("off", ProxiedAnswers.None),
        ("expired", ProxiedAnswers.Expired),
        ("no-cache", ProxiedAnswers.NoCache),
        ("no-store", ProxiedAnswers.NoStore),
        ("private", ProxiedAnswers.Private),
        ("no_last_modified", ProxiedAnswers.NoLastModified),
        ("no_etag", ProxiedAnswers.NoTag),
        ("auth", ProxiedAnswers.Authorized),
        ("any", ProxiedAnswers.Any),
    ];

    // nginx compresses no others.
    private static readonly int[] s_statuses = [200, 403, 404];

    private const int InitialLeast = 20;

    /// <summary>What a block says; null where nothing is compressed.</summary>
    public static CompressionSettings? Of(NginxLevel level)
    {
        if (!level.IsOn("gzip"))
            return null;
        var types = level.Find("gzip_types")?.Words.Skip(1).Select(word => word.Text.ToLowerInvariant()) ?? [];
        return new()
        {
            Types = types.Contains("*") ? ["*"] : types.Prepend("text/html").Distinct().ToValueList(),
            MinSize = new(level.Size("gzip_min_length") ?? InitialLeast),
            Level = level.Number("gzip_comp_level") ?? 1,
            Statuses = s_statuses.ToValueList(),
            Vary = level.IsOn("gzip_vary") ? VaryingAnswers.All : VaryingAnswers.None,
            Proxied = Proxied(level),
        };
    }

    /// <summary>What goes to other proxies.</summary>
    public static ProxiedAnswers Proxied(NginxLevel level)
    {
        var all = ProxiedAnswers.None;
        foreach (var word in level.Find("gzip_proxied")?.Words.Skip(1) ?? [])
            all |= Array.Find(s_proxied, known => known.Word == word.Text).Value;
        return all;
    }

    /// <summary>Checks what stands behind gzip_proxied.</summary>
    public static void CheckProxied(NginxUse use)
    {
        for (var i = 1; i <= use.Directive.Count; i++)
        {
            if (!Array.Exists(s_proxied, known => known.Word == use.Directive[i]))
                use.Invalid(i, string.Join(", ", s_proxied.Select(known => known.Word)));
        }
    }

    /// <summary>Says what is not done of gzip_http_version.</summary>
    public static void CheckVersion(NginxUse use)
    {
        if (use.Directive[1] is not ("1.0" or "1.1"))
            use.Invalid(1, "1.0 or 1.1");
        else if (use.Directive[1] == "1.0")
            use.Problems.Warn(use.Directive.Place, "clients of HTTP/1.0 get nothing compressed here", "1.1");
    }

    /// <summary>Says what is not done of gzip_disable.</summary>
    public static void CheckDisable(NginxUse use)
    {
        if (use.Directive.Words.Skip(1).Any(word => word.Text != "msie6"))
            use.Problems.Warn(use.Directive.Place, "who takes gzip gets it here, whatever it calls itself", "no \"gzip_disable\", or `map` and Accept-Encoding");
    }
}

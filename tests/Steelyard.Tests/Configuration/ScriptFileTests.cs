using Steelyard.Config;

namespace Steelyard.Tests.Configuration;

public sealed class ScriptFileTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("#!/usr/bin/env node\n\nvar app = require('../app');\n", true)]
    [InlineData("#!/usr/bin/env -S node --enable-source-maps\r\n", true)]
    [InlineData("#! /opt/node/bin/node", true)]
    [InlineData("#!/usr/bin/nodejs\n", true)]
    [InlineData("#!/usr/bin/env nodemon\n", false)]
    [InlineData("#!/bin/sh\nexec node app.js\n", false)]
    [InlineData("node\n", false)]
    [InlineData("\u007fELF", false)]
    [InlineData("", false)]
    public void A_first_line_may_name_node(string text, bool node)
    {
        File.WriteAllText(_file, text);

        Assert.Equal(node, ScriptFile.IsForNode(_file));
    }

    [Fact]
    public void What_is_no_file_is_for_nobody()
    {
        Assert.False(ScriptFile.IsForNode(_file + "/www"));
        Assert.False(ScriptFile.IsForNode("/"));
        Assert.False(ScriptFile.IsForNode("/dev/stdin"));
    }
}

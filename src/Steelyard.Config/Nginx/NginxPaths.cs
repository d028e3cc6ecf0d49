using System.Text;
using Steelyard.Config.Expressions;

namespace Steelyard.Config.Nginx;

/// <summary>
/// Paths as nginx handles them: what a request asks for is decoded (<c>$uri</c>), and what is asked for instead is put into a
/// request line again (nginx: ngx_escape_uri).
/// </summary>
internal static class NginxPaths
{
    private const string Path = "encode-path";
    private const string Target = "encode-target";

    /// <summary>A path as a request line carries it.</summary>
    public static TextTemplate Encoded(TextTemplate path) => In(path, Path);

    /// <summary>The same of a path with a query perhaps, which stays what it is.</summary>
    public static TextTemplate WithQuery(TextTemplate target) => In(target, Target);

    /// <summary>A value as it stands in a path.</summary>
    public static Expression Encoded(Expression value) => new CallExpression(FunctionKind.Normalize, value, [Path]);

    /// <summary>A value within a query; it is encoded where the client has encoded anything (nginx: ngx_http_script_copy_capture_code).</summary>
    public static Expression InQuery(Expression value)
    {
        var encoded = TextTemplate.Of(new CallExpression(FunctionKind.Normalize, value, ["encode-argument"]));
        return new MapExpression(new VariableExpression(TemplateVariable.Path), [new(TestKind.Contains, false, "%", encoded), new(TestKind.Contains, false, "+", encoded)], TextTemplate.Of(value));
    }

    /// <summary>A folder from the root on: what is relative begins at the folder of the file.</summary>
    public static TextTemplate Absolute(string folder, NginxFile file) =>
        TextTemplate.Of(file.FromItsFolder(new TextExpression(TextTemplate.Literal(folder))));

    /// <summary>How many bytes of <c>$uri</c> a start is.</summary>
    public static int LengthOf(string uri) => Encoding.UTF8.GetByteCount(uri);

    private static TextTemplate In(TextTemplate text, string form)
    {
        if (text.Parts.All(part => part.Literal is not null))
        {
            var whole = string.Concat(text.Parts.Select(part => part.Literal));
            var mark = form == Target ? whole.IndexOf('?', StringComparison.Ordinal) : -1;
            var path = NginxContent.Encode(mark < 0 ? whole : whole[..mark]).Replace("%2A", "*", StringComparison.Ordinal);
            return whole.Length == 0 ? text : TextTemplate.Literal(mark < 0 ? path : path + whole[mark..]);
        }

        return TextTemplate.Of(new CallExpression(FunctionKind.Normalize, NginxVariables.ValueOf(NginxVariables.WithEmpty(text)), [form]));
    }
}

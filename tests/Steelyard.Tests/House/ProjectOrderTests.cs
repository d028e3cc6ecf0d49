using System.Reflection;
using System.Xml.Linq;

namespace Steelyard.Tests.House;

/// <summary>Config &lt;- Balancing &lt;- Engine &lt;- Steelyard: each project sees only those to its left.</summary>
public sealed class ProjectOrderTests
{
    private static readonly string[] Order = ["Steelyard.Config", "Steelyard.Balancing", "Steelyard.Engine", "Steelyard"];

    public static TheoryData<string> Projects => [.. Order];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_projects_on_its_left(string project)
    {
        var file = Path.Combine(Repository.Root, "src", project, $"{project}.csproj");

        var referenced = XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

        Assert.Empty(referenced.Except(LeftOf(project)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_built_assembly_uses_only_assemblies_on_its_left(string project)
    {
        var assembly = Assembly.Load(project == "Steelyard" ? "steelyard" : project);

        var used = assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => name.StartsWith("Steelyard", StringComparison.OrdinalIgnoreCase));

        Assert.Empty(used.Except(LeftOf(project)));
    }

    private static string[] LeftOf(string project) => Order[..Array.IndexOf(Order, project)];
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Steelyard.AspNetCore.Requests;

/// <summary>Puts a part in front of all that the app does with a request.</summary>
/// <param name="add">Adds it.</param>
internal sealed class Pipeline(Action<IApplicationBuilder> add) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        add(app);
        next(app);
    };
}

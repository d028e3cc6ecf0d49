using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Steelyard.Admin;

/// <summary>The description of the admin API in OpenAPI 3.1, made from its table.</summary>
internal static class AdminDocument
{
    /// <summary>Writes the description of some endpoints.</summary>
    public static JsonObject Of(IReadOnlyList<AdminEndpoint> endpoints)
    {
        var paths = new JsonObject();
        foreach (var group in endpoints.GroupBy(endpoint => endpoint.Path))
        {
            var path = new JsonObject();
            foreach (var endpoint in group)
                path[endpoint.Method.ToLowerInvariant()] = Operation(endpoint);
            paths[group.Key] = path;
        }

        return new()
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Steelyard's admin API",
                ["version"] = AdminLook.ProgramVersion,
            },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject { ["Problem"] = Schema(AdminJson.Default.ProblemView) },
                ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            },
            ["security"] = new JsonArray(new JsonObject(), new JsonObject { ["token"] = new JsonArray() }),
        };
    }

    private static JsonObject Operation(AdminEndpoint endpoint)
    {
        var operation = new JsonObject { ["summary"] = endpoint.Summary };
        var parameters = endpoint.Places.Select(place => Parameter("path", place, "", required: true))
            .Concat(endpoint.Query.Select(query => Parameter("query", query.Name, query.Description, required: false))).ToArray<JsonNode?>();
        if (parameters.Length > 0)
            operation["parameters"] = new JsonArray(parameters);
        if (endpoint.Body is { } body)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", Schema(body)) };
        operation["responses"] = new JsonObject
        {
            ["200"] = endpoint.Answer is { } answer
                ? new JsonObject { ["description"] = "done", ["content"] = Content("application/json", Schema(answer)) }
                : new JsonObject { ["description"] = "done" },
            ["default"] = new JsonObject
            {
                ["description"] = "what is wrong with the request",
                ["content"] = Content("application/problem+json", new JsonObject { ["$ref"] = "#/components/schemas/Problem" }),
            },
        };
        return operation;
    }

    private static JsonObject Parameter(string place, string name, string description, bool required) => new()
    {
        ["in"] = place,
        ["name"] = name,
        ["description"] = description,
        ["required"] = required,
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Content(string type, JsonNode schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonNode Schema(JsonTypeInfo type) => type.GetJsonSchemaAsNode(new() { TreatNullObliviousAsNonNullable = true });
}

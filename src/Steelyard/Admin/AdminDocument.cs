using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Steelyard.Admin;

/// <summary>The description of the admin API in OpenAPI 3.1, made from its table.</summary>
internal static class AdminDocument
{
    private const string Schemas = "#/components/schemas/";

    /// <summary>Writes the description of some endpoints.</summary>
    public static JsonObject Of(IReadOnlyList<AdminEndpoint> endpoints)
    {
        var (paths, schemas) = (new JsonObject(), new JsonObject());
        foreach (var group in endpoints.GroupBy(endpoint => endpoint.Path))
        {
            var path = new JsonObject();
            foreach (var endpoint in group)
                path[endpoint.Method.ToLowerInvariant()] = Operation(endpoint, schemas);
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
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            },
            ["security"] = new JsonArray(new JsonObject(), new JsonObject { ["token"] = new JsonArray() }),
        };
    }

    private static JsonObject Operation(AdminEndpoint endpoint, JsonObject schemas)
    {
        var operation = new JsonObject { ["operationId"] = endpoint.Id, ["summary"] = endpoint.Summary };
        var parameters = endpoint.Places.Select(place => Parameter("path", place, "", required: true, Text([])))
            .Concat(endpoint.Query.Select(query => Parameter("query", query.Name, query.Description, required: false, query.Repeats ? new() { ["type"] = "array", ["items"] = Text(query.Words) } : Text(query.Words)))).ToArray<JsonNode?>();
        if (parameters.Length > 0)
            operation["parameters"] = new JsonArray(parameters);
        if (endpoint.Body is { } body)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", Schema(body, schemas)) };
        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject
            {
                ["description"] = "done",
                ["content"] = endpoint.Answer is { } answer
                    ? Content("application/json", Schema(answer, schemas))
                    : Content(endpoint.AnswerType, new JsonObject { ["type"] = "string" }),
            },
            ["default"] = new JsonObject
            {
                ["description"] = "what is wrong with the request",
                ["content"] = Content("application/problem+json", Schema(AdminJson.Readable.ProblemView, schemas)),
            },
        };
        return operation;
    }

    private static JsonObject Parameter(string place, string name, string description, bool required, JsonObject schema) => new()
    {
        ["in"] = place,
        ["name"] = name,
        ["description"] = description,
        ["required"] = required,
        ["schema"] = schema,
    };

    private static JsonObject Text(IReadOnlyList<string> words)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (words.Count > 0)
            schema["enum"] = new JsonArray([.. words.Select(word => (JsonNode?)word)]);
        return schema;
    }

    private static JsonObject Content(string type, JsonNode schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    /// <summary>A reference to the schema of a type, which is put among the others if it is not there.</summary>
    private static JsonObject Schema(JsonTypeInfo type, JsonObject schemas)
    {
        var name = NameOf(type.Type);
        if (!schemas.ContainsKey(name))
        {
            var schema = type.GetJsonSchemaAsNode(new() { TreatNullObliviousAsNonNullable = true });
            Rebase(schema, Schemas + name);
            schemas[name] = schema;
        }

        return new() { ["$ref"] = Schemas + name };
    }

    private static string NameOf(Type type) =>
        type.IsArray ? NameOf(type.GetElementType()!) + "List"
        : type.IsGenericType ? NameOf(type.GetGenericArguments()[^1]) + "List"
        : type.Name.EndsWith("View", StringComparison.Ordinal) ? type.Name[..^"View".Length] : type.Name;

    // Where a type comes again in a schema it is referred to by its place in that, and is now a place in the document.
    private static void Rebase(JsonNode? node, string root)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                Rebase(item, root);
        }

        if (node is not JsonObject schema)
            return;
        foreach (var (name, value) in schema.ToList())
        {
            if (name == "$ref" && value?.GetValueKind() == System.Text.Json.JsonValueKind.String)
                schema[name] = root + value.GetValue<string>()["#".Length..];
            else
                Rebase(value, root);
        }
    }
}

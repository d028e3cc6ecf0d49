using Steelyard.Config;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Loops;
using Steelyard.Engine.Network;

namespace Steelyard.Engine.Proxy;

/// <summary>
/// The copies of one request, from when it is admitted until all of its body has passed: each begins when that is here, as
/// with nginx, which reads it before anybody is asked. Used again and again; owned by an exchange.
/// </summary>
internal sealed class Mirroring(ExchangeContext context)
{
    private readonly List<(CopyTransport Transport, TemplateBytes Path)> _gathered = [];
    private bool _begun;
    private int _headLength;

    /// <summary>Whether the body is to be seen.</summary>
    public bool Gathers => _gathered.Count > 0;

    private CopiesUnderWay Copies => context.Loop.Copies;

    /// <summary>Copies a request, once however often it is sent on within.</summary>
    /// <param name="mirror">Where to.</param>
    /// <param name="bodyUntouched">Whether nothing of the body was taken so far.</param>
    public void Begin(Mirror mirror, bool bodyUntouched)
    {
        if (_begun)
            return;
        _begun = true;
        var head = context.Client.Input.Head;
        var body = context.Request.Body;
        var hasBody = mirror.SendsBody && body.HasBody;
        if (hasBody && (!bodyUntouched || (body.Kind == BodyKind.Counted && body.Length > MirrorSettings.LargestBody.Bytes)))
            return;
        var arrived = hasBody && body.Kind == BodyKind.Counted && body.Length <= context.Client.Input.Unread.Length;
        foreach (var path in mirror.Paths)
        {
            if (Copies.Gather() is not { } transport)
                return;
            transport.Request.Append(head);
            if (arrived)
                transport.Request.Append(context.Client.Input.Unread[..(int)body.Length]);
            if (arrived || !hasBody)
                Copies.Start(transport, path, hasBody, context);
            else
                _gathered.Add((transport, path));
        }

        _headLength = head.Length;
    }

    /// <summary>A piece of the body passes.</summary>
    public void Take(BlockSlice piece)
    {
        foreach (var (transport, _) in _gathered)
        {
            if (transport.Request.Length - _headLength + piece.Length > MirrorSettings.LargestBody.Bytes)
            {
                Drop();
                return;
            }

            transport.Request.Append(piece.Span);
        }
    }

    /// <summary>All of the body has passed.</summary>
    public void Send()
    {
        foreach (var (transport, path) in _gathered)
            Copies.Start(transport, path, hasBody: true, context);
        _gathered.Clear();
    }

    private void Drop()
    {
        foreach (var (transport, _) in _gathered)
            Copies.Drop(transport);
        _gathered.Clear();
    }

    /// <summary>The request is over.</summary>
    public void End()
    {
        Drop();
        _begun = false;
    }
}

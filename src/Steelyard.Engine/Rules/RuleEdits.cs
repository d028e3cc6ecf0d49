using System.Buffers.Text;
using System.Text;
using Steelyard.Config;
using Steelyard.Config.Expressions;
using Steelyard.Engine.Expressions;
using Steelyard.Engine.Http1;
using Steelyard.Engine.Interop;
using Steelyard.Engine.Proxy;

namespace Steelyard.Engine.Rules;

/// <summary>What rules change of a head, or remember.</summary>
internal static class RuleEdits
{
    public static bool IsOfTarget(RuleAction action) =>
        action is RuleAction.SetPath or RuleAction.ReplacePath or RuleAction.SetQuery or RuleAction.SetTarget or RuleAction.ReplaceTarget;

    /// <summary>Changes fields or variables.</summary>
    /// <param name="rule">How.</param>
    /// <param name="context">The request.</param>
    /// <param name="fields">The fields of the head that is changed.</param>
    /// <param name="edited">What has been changed of it.</param>
    /// <param name="head">Its bytes.</param>
    /// <param name="ofResponse">Whether it is the response's.</param>
    /// <returns>Whether there was room.</returns>
    public static bool Change(Rule rule, RoutedRequest context, FieldTable fields, EditedHead edited, ReadOnlySpan<byte> head, bool ofResponse)
    {
        var room = ExpressionRoom.OfThread;
        room.Clear();
        switch (rule.Action)
        {
            case RuleAction.SetVariable:
                if (rule.Value!.TryMakePresent(context.Scope, out var set))
                    context.Variables.Set(rule.Name, set);
                return true;
            case RuleAction.RemoveVariable:
                context.Variables.Remove(rule.Name);
                return true;
            case RuleAction.SetBandwidth:
                if (rule.Value!.TryMake(context.Scope, out var rate))
                    context.LimitRate(rate);
                return true;
            case RuleAction.SetTimeout:
                if (rule.Value!.TryMake(context.Scope, out var time))
                    context.LimitTime(time, ofTunnel: rule.Name is [(byte)'t', ..]);
                return true;
            case RuleAction.SetEntry or RuleAction.RemoveEntry:
                return ChangeList(rule, context);
            case RuleAction.SetPeer or RuleAction.SetPeerPort:
                if (rule.Value!.TryMakePresent(context.Scope, out var told))
                    ChangePeer(context, told, rule.Action == RuleAction.SetPeerPort);
                return true;
        }

        // The value is made before the field it may speak of goes.
        ReadOnlySpan<byte> value = default;
        if (rule.Action is RuleAction.SetHeader or RuleAction.AddHeader or RuleAction.SetMethod && !rule.Value!.TryMake(context.Scope, out value))
            return false;
        edited.Take(context.Blocks, head);
        switch (rule.Action)
        {
            case RuleAction.SetHeader:
                Remove();
                return Append(value);
            case RuleAction.AddHeader:
                return Append(value);
            case RuleAction.RemoveHeader:
                Remove();
                return true;
            case RuleAction.RemoveHeaders:
                fields.RemoveMatching(edited.Bytes, rule.Pattern!);
                return true;
            case RuleAction.SetMethod:
                return value.IsEmpty || value.IndexOfAnyExcept(HttpBytes.Token) >= 0 || (edited.Append(value) is >= 0 and var at && context.Request.SendMethod(edited.Bytes, at, value.Length));
            default:
                return Replace(rule, context, fields, edited, room, ofResponse);
        }

        void Remove()
        {
            if (ofResponse)
                fields.RemoveAll(edited.Bytes, rule.Name);
            else
                fields.RemoveAlike(edited.Bytes, rule.Name);
        }

        bool Append(ReadOnlySpan<byte> value)
        {
            if (!edited.TryAppend(fields, rule.Name, value))
                return false;
            if (!ofResponse && fields.All[^1] is { Known: KnownField.Host } host)
                context.Request.SetHost(host.ValueStart, host.ValueLength);
            return true;
        }
    }

    private static bool ChangeList(Rule rule, RoutedRequest context)
    {
        if (context.Lists?.Find(rule.Settings.Name) is not { } list)
            return true;

        // HAProxy does nothing with an empty key either.
        if (!rule.Key!.TryMake(context.Scope, out var key))
            return false;
        if (key.IsEmpty)
            return true;
        ReadOnlySpan<byte> value = default;
        if (rule.Value is not null && !rule.Value.TryMake(context.Scope, out value))
            return false;
        if (rule.Action == RuleAction.RemoveEntry)
            list.Remove(key);
        else
            list.Put(key, value, hasValue: rule.Value is not null);
        return true;
    }

    private static void ChangePeer(RoutedRequest context, ReadOnlySpan<byte> told, bool isPort)
    {
        Span<byte> address = stackalloc byte[AddressText.Longest];
        ref readonly var peer = ref context.Peer;
        if (isPort)
        {
            if (Utf8Parser.TryParse(told, out uint port, out var length) && length == told.Length && peer.Address() is not null)
                context.ComeFrom(KernelAddress.For(address[..peer.WriteBytes(address)], (ushort)port));
        }
        else if (AddressText.Parse(HttpBytes.Trim(told), address) is > 0 and var length)
        {
            context.ComeFrom(KernelAddress.For(address[..length], peer.Port));
        }
    }

    private static bool Replace(Rule rule, RoutedRequest context, FieldTable fields, EditedHead edited, ExpressionRoom room, bool ofResponse)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.All[i].NameLength != rule.Name.Length || !Ascii.EqualsIgnoreCase(fields.All[i].Name(edited.Bytes), rule.Name))
                continue;
            room.Clear();
            if (!rule.Value!.TryMake(context.Scope, out var replacement))
                return false;
            var start = room.Used;
            var old = fields.All[i].Value(edited.Bytes);
            if (!(rule.Action == RuleAction.ReplaceValue ? TryReplaceValues(rule.Pattern!, old, replacement, room, out var changed) : TryReplace(rule.Pattern!, old, replacement, room, out changed)))
                return false;
            if (!changed)
                continue;
            var at = edited.Append(room.From(start));
            if (at < 0)
                return false;
            fields.SetValue(i, at, edited.End - at);
            if (!ofResponse && fields.All[i].Known == KnownField.Host)
                context.Request.SetHost(at, edited.End - at);
        }

        return true;
    }

    private static bool TryReplaceValues(BytePattern pattern, ReadOnlySpan<byte> line, ReadOnlySpan<byte> replacement, ExpressionRoom room, out bool changed)
    {
        changed = false;
        for (var (more, first) = (true, true); more; first = false)
        {
            var value = FieldText.Cut(ref line, out more);
            if (!first && !PatternReplacement.TryWrite(default, default, ", "u8, room))
                return false;
            if (!TryReplace(pattern, value, replacement, room, out var its) || (!its && !PatternReplacement.Copy(value, room)))
                return false;
            changed |= its;
        }

        return true;
    }

    /// <summary>A text that a pattern matches somewhere becomes another as a whole (HAProxy: replace-header).</summary>
    private static bool TryReplace(BytePattern pattern, ReadOnlySpan<byte> text, ReadOnlySpan<byte> replacement, ExpressionRoom room, out bool changed)
    {
        Span<int> captures = stackalloc int[(BytePattern.MostGroups + 1) * 2];
        changed = pattern.TryMatch(text, 0, captures);
        return !changed || PatternReplacement.TryWrite(text, captures, replacement, room);
    }

    /// <summary>Changes what is asked for.</summary>
    /// <returns>Whether there was room.</returns>
    public static bool ChangeTarget(Rule rule, RoutedRequest context)
    {
        var request = context.Request;
        if (request.Method == KnownMethod.Connect)
            return true;
        var room = ExpressionRoom.OfThread;
        room.Clear();
        if (!rule.Value!.TryMake(context.Scope, out var value))
            return false;
        var edited = context.RequestEdit;
        edited.Take(context.Blocks, context.Head);
        var path = request.Path(edited.Bytes);
        var target = request.Target(edited.Bytes);
        if (rule.Pattern is { } pattern)
        {
            var start = room.Used;
            var old = rule.Action == RuleAction.ReplacePath ? path : target.IsEmpty ? path : target;
            if (!TryReplace(pattern, old, value, room, out var changed))
                return false;
            if (!changed)
                return true;
            value = room.From(start);
        }

        var mark = target.IndexOf((byte)'?');
        var at = edited.End;
        var whole = rule.Action is RuleAction.SetTarget or RuleAction.ReplaceTarget;
        if (whole && !TakeAuthority(ref value, request, edited))
            return false;
        at = edited.End;
        if (edited.AppendTarget(whole ? value : rule.Action == RuleAction.SetQuery ? path : value) < 0)
            return false;
        if (rule.Action == RuleAction.SetQuery && !value.IsEmpty && (edited.AppendTarget("?"u8) < 0 || edited.AppendTarget(value) < 0))
            return false;
        if (!whole && rule.Action != RuleAction.SetQuery && mark >= 0 && edited.AppendTarget(target[mark..]) < 0)
            return false;

        // A path has to be one to servers.
        if (edited.End == at || (edited.Bytes[at] != '/' && !edited.Bytes[at..].SequenceEqual("*"u8)))
        {
            var behind = edited.End;
            if (edited.AppendTarget("/"u8) < 0 || edited.AppendTarget(edited.Bytes[at..behind]) < 0)
                return false;
            at = behind;
        }

        request.SetTarget(at, edited.End - at);
        request.KeepsSlashes |= request.AsNginx && rule.Action != RuleAction.SetQuery;
        context.TargetChanged = true;
        return true;
    }

    /// <summary>Of a target with scheme and host the host goes into its field (RFC 9112, 3.2.2).</summary>
    /// <returns>Whether there was room.</returns>
    private static bool TakeAuthority(scoped ref ReadOnlySpan<byte> target, RequestHead request, EditedHead edited)
    {
        var scheme = target.StartsWith("http://"u8) ? 7 : target.StartsWith("https://"u8) ? 8 : 0;
        if (scheme == 0)
            return true;
        var rest = target[scheme..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var authority = end < 0 ? rest : rest[..end];
        target = end < 0 ? "/"u8 : rest[end..];
        if (authority.IsEmpty)
            return true;
        request.Fields.RemoveAlike(edited.Bytes, "Host"u8);
        if (!edited.TryAppend(request.Fields, "Host"u8, authority))
            return false;
        request.SetHost(request.Fields.All[^1].ValueStart, request.Fields.All[^1].ValueLength);
        return true;
    }

    /// <summary>Asks for another path.</summary>
    /// <param name="context">The request; its head is held.</param>
    /// <param name="target">The path, and a query perhaps.</param>
    /// <param name="keepQuery">Whether the query that there is stays.</param>
    /// <returns>Whether there was room.</returns>
    public static bool SetTarget(RoutedRequest context, ReadOnlySpan<byte> target, bool keepQuery)
    {
        var (request, edited) = (context.Request, context.RequestEdit);
        edited.Take(context.Blocks, context.Head);

        // nginx: an empty query is none, such as that of "/index.php?$args".
        if (request.AsNginx && target is [.., (byte)'?'])
            target = target[..^1];
        var query = request.Query(edited.Bytes);
        var at = edited.End;
        if (edited.AppendTarget(target) < 0)
            return false;
        if (keepQuery && !query.IsEmpty && (edited.AppendTarget("?"u8) < 0 || edited.AppendTarget(query) < 0))
            return false;
        request.SetTarget(at, edited.End - at);
        request.KeepsSlashes |= request.AsNginx;
        return true;
    }

    /// <summary>Asks for something else by GET and without a body, for <see cref="RequestHead.Restore"/> to be called later.</summary>
    /// <param name="context">The request; its head is held.</param>
    /// <param name="target">Path and query.</param>
    /// <returns>Whether there was room.</returns>
    public static bool AskWithin(RoutedRequest context, TemplateBytes target)
    {
        ExpressionRoom.OfThread.Clear();
        if (!target.TryMake(context.Scope, out var value) || !SetTarget(context, value, keepQuery: false))
            return false;
        var method = context.RequestEdit.Append("GET"u8);
        if (method < 0)
            return false;
        context.Request.BecomeGet(method);
        return true;
    }

    /// <summary>Asks for something else by GET, or by HEAD where that is what was asked for, without a body.</summary>
    /// <param name="context">The request; its head is held.</param>
    /// <param name="target">Path and query; null for those there are.</param>
    /// <returns>Whether there was room.</returns>
    public static bool AskFor(RoutedRequest context, TemplateBytes? target)
    {
        ExpressionRoom.OfThread.Clear();
        ReadOnlySpan<byte> value = default;
        return (target is null || (target.TryMake(context.Scope, out value) && SetTarget(context, value, keepQuery: false))) && BecomeGet(context);
    }

    /// <summary>Takes the body away, and what says how long it is.</summary>
    public static void DropBody(RoutedRequest context)
    {
        var (request, edited) = (context.Request, context.RequestEdit);
        edited.Take(context.Blocks, context.Head);
        if (!request.Body.HasBody)
            return;
        request.Fields.RemoveAll(edited.Bytes, "Content-Length"u8);
        request.Fields.RemoveAll(edited.Bytes, "Transfer-Encoding"u8);
        request.DropBody();
    }

    /// <summary>Asks by GET, or by HEAD where that is how it was asked, without a body.</summary>
    /// <returns>Whether there was room.</returns>
    public static bool BecomeGet(RoutedRequest context)
    {
        var (request, edited) = (context.Request, context.RequestEdit);
        DropBody(context);
        if (request.Method == KnownMethod.Head)
        {
            request.DropBody();
            return true;
        }

        var method = edited.Append("GET"u8);
        if (method < 0)
            return false;
        request.BecomeGet(method);
        return true;
    }
}

using Steelyard.Engine.Proxy;

namespace Steelyard.Tests.Proxy;

/// <summary>When connections are accepted again after buffers took up too much.</summary>
public sealed class MemoryBudgets
{
    [Fact]
    public void Once_spent_it_has_room_when_an_eighth_of_it_is_free()
    {
        var budget = new MemoryBudget(800);

        Assert.True(budget.HasRoom(800));
        Assert.False(budget.HasRoom(801));
        Assert.False(budget.HasRoom(800));
        Assert.False(budget.HasRoom(701));
        Assert.True(budget.HasRoom(700));
        Assert.True(budget.HasRoom(800));
    }
}

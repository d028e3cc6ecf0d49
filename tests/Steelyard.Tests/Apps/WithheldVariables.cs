using Steelyard.Config;

namespace Steelyard.Tests.Apps;

/// <summary>Which variables of Steelyard's own environment workers do not get.</summary>
public sealed class WithheldVariables
{
    [Theory]
    [InlineData("*", "PATH", true)]
    [InlineData("TOKEN", "TOKEN", true)]
    [InlineData("TOKEN", "MY_TOKEN", false)]
    [InlineData("TOKEN", "token", false)]
    [InlineData("*SECRET*", "MY_SECRET_KEY", true)]
    [InlineData("*SECRET*", "SECRET", true)]
    [InlineData("*SECRET*", "PUBLIC", false)]
    public void A_pattern_withholds_the_names_that_it_fits(string pattern, string name, bool withheld) =>
        Assert.Equal(withheld, new AppSettings { Command = ["node"], WithoutVariables = [pattern] }.Withholds(name));

    [Fact]
    public void Without_any_all_are_given() => Assert.False(new AppSettings { Command = ["node"] }.Withholds("PATH"));
}

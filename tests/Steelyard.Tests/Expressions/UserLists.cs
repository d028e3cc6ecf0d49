using System.Text;
using Steelyard.Engine.Expressions;

namespace Steelyard.Tests.Expressions;

/// <summary>Who shows the right password is known, again without its method being run, and nobody else is.</summary>
public sealed class UserLists
{
    private static readonly UserList s_users = new(["joe:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/", "ann:{PLAIN}hidden", "ann:{PLAIN}second"]);

    private static bool Knows(string credentials) => s_users.Knows(Encoding.UTF8.GetBytes(credentials));

    [Theory]
    [InlineData("joe:secret", true)]
    [InlineData("ann:hidden", true)]
    [InlineData("ann:second", false)]
    [InlineData("joe:secre", false)]
    [InlineData("joe:secrets", false)]
    [InlineData("joe:", false)]
    [InlineData("joe", false)]
    [InlineData(":secret", false)]
    [InlineData("ann:secret", false)]
    [InlineData("eve:secret", false)]
    public void A_password_is_right_or_wrong_before_and_after_the_right_one_was_shown(string credentials, bool isRight)
    {
        Assert.Equal(isRight, Knows(credentials));
        Assert.True(Knows("joe:secret"));
        Assert.True(Knows("ann:hidden"));
        Assert.Equal(isRight, Knows(credentials));
    }

    [Fact]
    public void A_password_that_only_crypt_knows_is_an_error_where_there_is_none()
    {
        string[] users = ["ann:{PLAIN}hidden", "joe:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/", "eve:$6$salt$hash"];
        UserList.Check(users, cryptIsThere: true);
        UserList.Check(users[..2], cryptIsThere: false);
        var refused = Assert.Throws<Engine.TlsFileException>(() => UserList.Check(users, cryptIsThere: false));
        Assert.StartsWith("libcrypt.so.1: the password of 'eve' is hashed by crypt(3), which is not on this machine; expected ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_that_was_right_before_costs_no_memory()
    {
        var credentials = "joe:secret"u8.ToArray();
        Assert.True(s_users.Knows(credentials));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            s_users.Knows(credentials);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100);
    }
}

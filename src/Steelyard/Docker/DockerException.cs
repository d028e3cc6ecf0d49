using Steelyard.Config.Text;

namespace Steelyard.Docker;

/// <summary>Docker's engine does not answer, or refuses. The message is for people, and fit for a terminal.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="status">The status of its answer; 0 where there is none.</param>
internal sealed class DockerException(string message, int status = 0) : Exception(SafeText.Of(message))
{
    public int Status { get; } = status;
}

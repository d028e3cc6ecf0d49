// These tests measure memory, descriptors and time on a machine that may have two cores: one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

// These tests measure memory, descriptors and time on a machine that may have two cores: one at a time. Those that start
// programs and measure nothing have a Lane, and test.sh runs two lanes beside each other, each in a process of its own.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

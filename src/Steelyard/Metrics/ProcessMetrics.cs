using System.Globalization;

namespace Steelyard.Metrics;

/// <summary>What the kernel and the runtime say of the engine's process, under the names that Prometheus' own client libraries use (proc(5)).</summary>
internal static class ProcessMetrics
{
    private const double TicksPerSecond = 100;
    private const int PageSize = 4096;

    // Fields of /proc/self/stat behind the name, from 0.
    private const int UserTicks = 11, KernelTicks = 12, Threads = 17, StartTicks = 19, VirtualBytes = 20, ResidentPages = 21;

    public static void Write(MetricsText text)
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double Field(int number) => double.Parse(fields[number], CultureInfo.InvariantCulture);

        Gauge("process_resident_memory_bytes", "Resident memory.", Field(ResidentPages) * PageSize);
        Gauge("process_virtual_memory_bytes", "Virtual memory.", Field(VirtualBytes));
        Gauge("process_threads", "Threads.", Field(Threads));
        Gauge("process_open_fds", "Open descriptors.", Directory.GetFileSystemEntries("/proc/self/fd").Length);
        Gauge("process_max_fds", "Descriptors that may be open.", MostDescriptors());
        Gauge("process_start_time_seconds", "When the process started.", Math.Round((DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds - Uptime() + (Field(StartTicks) / TicksPerSecond), 2));
        text.Begin("process_cpu_seconds_total", "counter", "Time on processors, in the program and in the kernel for it.");
        text.Value((Field(UserTicks) + Field(KernelTicks)) / TicksPerSecond);
        text.Begin("dotnet_gc_collections_total", "counter", "Garbage collections, those of older generations included.");
        text.Value(GC.CollectionCount(0));

        static double MostDescriptors() =>
            double.TryParse(File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture, out var most) ? most : double.PositiveInfinity;

        static double Uptime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);

        void Gauge(string name, string help, double value)
        {
            text.Begin(name, "gauge", help);
            text.Value(value);
        }
    }
}

using Steelyard.Commands;
using Steelyard.Keeper;

// Whoever started us may ignore it, and the kernel would then keep the ends of children from us.
_ = Posix.signal(Posix.SIGCHLD, 0);

// nohup ignores it, and the runtime leaves what is ignored so: nobody could reload by it.
_ = Posix.signal(Posix.SIGHUP, 0);

Terminal.WritePlainly();

return HaproxyCommand.IsMeant(args) ? await HaproxyCommand.RunAsync(args)
    : NginxCommand.IsMeant(args) ? await NginxCommand.RunAsync(args)
    : await CommandLine.RunAsync(args);

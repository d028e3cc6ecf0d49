using System.Diagnostics;

namespace Steelyard.EndToEnd.Workers;

/// <summary>Apps of several runtimes. Each answers with its VERSION and the number of its process, after DELAY milliseconds.</summary>
internal static class WorkerApps
{
    /// <summary>Node without any handler of signals: SIGTERM ends it at once.</summary>
    public const string Node = """
        const delay = Number(process.env.DELAY ?? 0);
        require('http').createServer((request, response) => {
          setTimeout(() => response.end(`${process.env.VERSION} ${process.pid}`), delay);
        }).listen(process.env.PORT, '127.0.0.1');
        """;

    /// <summary>Python's http.server; what it does beside is told by its arguments.</summary>
    public const string Python = """
        import fcntl, http.server, os, resource, socket, socketserver, sys, threading, time

        def notify(text):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.sendto(text.encode(), os.environ['NOTIFY_SOCKET'])

        held = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                if self.path == '/grow':
                    held.append(bytearray(os.urandom(1024) * 1024 * 64))
                if self.path == '/':
                    time.sleep(int(os.environ.get('DELAY', '0')) / 1000)
                if self.path == '/die':
                    print('last words', flush=True)
                    os._exit(9)
                body = {
                    '/env': '\n'.join(f'{k}={v}' for k, v in sorted(os.environ.items())),
                    '/self': f"uid={os.getuid()} gid={os.getgid()} groups={sorted(os.getgroups())} sid={os.getsid(0)} pid={os.getpid()} files={resource.getrlimit(resource.RLIMIT_NOFILE)[0]} fds={sorted(int(f) for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f))}",
                    '/pid': str(os.getpid()),
                }.get(self.path, f"{os.environ.get('VERSION')} {os.getpid()}").encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                # In one write: an answer that a kill cuts in two nobody can give again.
                self._headers_buffer.append(b'\r\n' + body)
                self.flush_headers()
            def log_message(self, *args):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

        mode = sys.argv[1] if len(sys.argv) > 1 else ''
        if mode in ('broken', 'broken1', 'late2'):
            sys.exit('no such database')
        if mode == 'alone':
            lock = open('lock', 'w')
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if mode == 'mute':
            time.sleep(60)
        if mode == 'watched':
            time.sleep(2.5)
        if mode == 'activated':
            assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '1', dict(os.environ)
            time.sleep(0.2)
            server = Server(('127.0.0.1', 0), Handler, bind_and_activate=False)
            server.socket = socket.socket(fileno=3)
            server.server_name, server.server_port = server.socket.getsockname()
        elif mode == 'socket':
            class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
                daemon_threads = True
                request_queue_size = 128
            server = UnixServer(sys.argv[2], Handler)
        elif mode == 'reuses':
            server = Server(('127.0.0.1', int(sys.argv[2])), Handler, bind_and_activate=False)
            server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.server_bind()
            server.server_activate()
        else:
            server = Server(('127.0.0.1', int(os.environ['PORT'])), Handler)
        print(f'listening as {os.getpid()}', flush=True)
        if mode == 'notifies':
            notify('READY=1\nSTATUS=fine')
        if mode == 'watched':
            def live():
                while True:
                    time.sleep(0.5)
                    notify('WATCHDOG=1')
            threading.Thread(target=live, daemon=True).start()
        if mode == 'leaves':
            os.system('sleep 1000 &')
        if mode in ('shortlived', 'leaves'):
            threading.Timer(0.3, lambda: (print('lost the database', flush=True), os._exit(5))).start()
        if mode == 'forks':
            os.system('sleep 1000 & echo child $!')
            sys.stdout.flush()
        server.serve_forever()
        """;

    /// <summary>A program without a runtime: a thread for each connection.</summary>
    private const string C = """
        #include <arpa/inet.h>
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <unistd.h>

        static void *serve(void *argument) {
          int connection = (int)(long)argument, length = 0;
          char room[4096], body[128], answer[256];
          for (;;) {
            ssize_t count = read(connection, room + length, sizeof room - 1 - length);
            if (count <= 0) break;
            room[length += count] = 0;
            if (!strstr(room, "\r\n\r\n")) continue;
            length = 0;
            usleep(atoi(getenv("DELAY")) * 1000);
            int size = snprintf(body, sizeof body, "%s %d", getenv("VERSION"), getpid());
            int total = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
            if (write(connection, answer, total) != total) break;
          }
          close(connection);
          return 0;
        }

        int main(int count, char **words) {
          struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
          int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
          setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
          if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) return 1;
          for (;;) {
            pthread_t thread;
            long connection = accept(listener, 0, 0);
            if (connection >= 0 && !pthread_create(&thread, 0, serve, (void *)connection)) pthread_detach(thread);
          }
        }
        """;

    /// <summary>Puts an app into a folder.</summary>
    /// <returns>The command that starts it there.</returns>
    public static string Put(string kind, TemporaryFolder folder)
    {
        switch (kind)
        {
            case "node":
                folder.Write("app.js", Node);
                return "node app.js";
            case "python":
                folder.Write("app.py", Python);
                return $"{PythonProgram} app.py";
            case "activated":
                folder.Write("app.py", Python);
                return $"{PythonProgram} app.py activated";
            case "c":
                var source = folder.Write("app.c", C);
                using (var compiler = Process.Start(new ProcessStartInfo("cc", ["-O1", "-static", "-pthread", "-o", folder.At("app"), source]) { UseShellExecute = false, RedirectStandardError = true })!)
                {
                    Assert.Equal("", compiler.StandardError.ReadToEnd());
                    compiler.WaitForExit();
                }

                return "./app {port}";
            default:
                return $"dotnet {AspNetSample}";
        }
    }

    // The program itself: what stands under that name may be a script that looks for it.
    private static string PythonProgram { get; } = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    private static string AspNetSample
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Steelyard.slnx")))
                    return Path.Combine(folder.FullName, "samples/aspnet/bin/Release/net10.0/AspNetSample.dll");
            }

            throw new InvalidOperationException("The tests do not stand in the repository.");
        }
    }
}

// A server for images without a base: answers every request with what SAYS says, as a well-behaved program does. SIGTERM:
// no new connection is taken, idle ones are closed, and it ends. FAILS: it ends at once with status 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1024, HEAD = 8192 };
static struct pollfd fds[MOST];
static char heads[MOST][HEAD];
static int lengths[MOST];
static int count = 1;
static volatile sig_atomic_t ending;

static void end(int signal) { (void)signal; ending = 1; }

static void drop(int i)
{
    close(fds[i].fd);
    count--;
    fds[i] = fds[count];
    memcpy(heads[i], heads[count], HEAD);
    lengths[i] = lengths[count];
}

int main(void)
{
    if (getenv("FAILS")) {
        fputs("fails, as it was told to\n", stderr);
        return 1;
    }
    const char *says = getenv("SAYS") ? getenv("SAYS") : "hello";
    const char *port = getenv("PORT") ? getenv("PORT") : "3000";
    struct sigaction action = { .sa_handler = end };
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024))
        return perror("listen"), 1;
    fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
    char answer[1024];
    while (!ending) {
        if (poll(fds, count, -1) < 0)
            continue;
        for (int i = count - 1; i > 0; i--) {
            if (!fds[i].revents)
                continue;
            int got = read(fds[i].fd, heads[i] + lengths[i], HEAD - 1 - lengths[i]);
            if (got <= 0) {
                drop(i);
                continue;
            }
            lengths[i] += got;
            heads[i][lengths[i]] = 0;
            char *blank;
            while ((blank = strstr(heads[i], "\r\n\r\n"))) {
                int size = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(says), says);
                write(fds[i].fd, answer, size);
                int rest = lengths[i] - (int)(blank + 4 - heads[i]);
                memmove(heads[i], blank + 4, rest + 1);
                lengths[i] = rest;
            }
        }
        if (fds[0].revents && count < MOST) {
            int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (client >= 0) {
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                lengths[count] = 0;
                fds[count++] = (struct pollfd){ .fd = client, .events = POLLIN };
            }
        }
    }
    return 0;
}

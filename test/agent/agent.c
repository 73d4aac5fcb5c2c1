/*
 * A stand-in for a vendor's agent, for tests: a ptrace tracer that wraps a workload's argv, and an agent that listens
 * beside it in the pod. It has the shape of the vendors' (paths, flags, variables as they document them) and none of
 * their code. One static program, and what it does hangs on the name it has, then on its first argument:
 *
 *   instrument PROGRAM ARG…              Sysdig's shape; SYSDIG_PRIORITY=security waits and insists
 *   sidecar                              Sysdig's agent: SYSDIG_ACCESS_KEY, SYSDIG_COLLECTOR[_PORT], SYSDIG_EXTRA_CONF
 *   PROGRAM trace [FLAG…] -- PROGRAM …   Datadog's shape; without --async it waits and insists
 *   PROGRAM setup --cws-volume-mount DIR copies itself to DIR/cws-instrumentation
 *   PROGRAM inject --session-type T --data JSON -- PROGRAM …   reports the session and becomes PROGRAM
 *   PROGRAM agent                        an agent: DD_API_KEY or API_KEY, DD_TAGS
 *
 * The tracer follows fork, vfork, clone and exec, passes signals on, ends as the workload ended, and sends the agent a
 * line for each exec. The agent prints each, with the name it sees itself in /proc.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OTHER_PORT = 5678, SYSDIG_PORT = 32000, MAX_TRACERS = 64 };
static const struct timespec SOON = { .tv_nsec = 100 * 1000 * 1000 };

static void say(const char *format, ...) {
  char text[2048];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  dprintf(STDERR_FILENO, "stand-in: %s\n", text);
}

static int fail(const char *what) {
  say("%s: %s", what, strerror(errno));
  return 1;
}

/* The text of a file of /proc as one line: NULs and line ends become blanks. */
static void read_line(char *text, size_t size, const char *format, int pid) {
  char path[64];
  snprintf(path, sizeof path, format, pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
  if (file >= 0) close(file);
  if (length < 0) length = 0;
  for (ssize_t at = 0; at < length; at++)
    if (text[at] == 0 || text[at] == '\n') text[at] = ' ';
  while (length > 0 && text[length - 1] == ' ') length--;
  text[length] = 0;
}

static struct sockaddr_in local(int port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/* ---- the line to the agent: what cannot be sent yet waits, and is dropped when there is too much of it ---- */

static int agent_port = OTHER_PORT;
static int line_to_agent = -1;
static char waiting[64 * 1024];
static size_t waiting_length;

static bool reach_agent(void) {
  if (line_to_agent >= 0) return true;
  int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = local(agent_port);
  if (made < 0) return false;
  if (connect(made, (struct sockaddr *)&address, sizeof address) != 0) {
    close(made);
    return false;
  }
  line_to_agent = made;
  return true;
}

static void flush(void) {
  while (waiting_length > 0 && reach_agent()) {
    ssize_t sent = send(line_to_agent, waiting, waiting_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) {
      if (sent < 0 && errno == EAGAIN) return;
      close(line_to_agent);
      line_to_agent = -1;
      return;
    }
    memmove(waiting, waiting + sent, waiting_length - sent);
    waiting_length -= sent;
  }
}

static void report(const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(text, sizeof text - 1, format, list);
  va_end(list);
  if (length > (int)sizeof text - 2) length = sizeof text - 2;
  text[length++] = '\n';
  if (waiting_length + length <= sizeof waiting) {
    memcpy(waiting + waiting_length, text, length);
    waiting_length += length;
  }
  flush();
}

/* ---- the tracer ---- */

static const long FOLLOW = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

static void go_on(int pid, int status) {
  int event = status >> 16, signal = WSTOPSIG(status);
  if (event == PTRACE_EVENT_EXEC) {
    char argv[900];
    read_line(argv, sizeof argv, "/proc/%d/cmdline", pid);
    report("exec %d %s", pid, argv);
  }
  const char *trouble = getenv("STAND_IN_TRACER");
  if (event == PTRACE_EVENT_EXEC && trouble != NULL && strcmp(trouble, "detach") == 0)
    ptrace(PTRACE_DETACH, pid, 0, 0); /* a tracer that lets go: the workload runs on, untraced */
  else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
    ptrace(PTRACE_LISTEN, pid, 0, 0); /* stopped by SIGSTOP and its kin: stays so until SIGCONT */
  else
    ptrace(PTRACE_CONT, pid, 0, event == 0 ? (long)signal : 0L);
}

/* Ends this process as another one ended. As process 1 it cannot die of a signal: then the shell's number says it. */
static int end_like(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  signal(number, SIG_DFL);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  return 128 + number;
}

/* Waits until the agent listens. Returns the signal that ended the wait, or 0. */
static int wait_for_agent(const sigset_t *all) {
  say("waiting for the agent on port %d", agent_port);
  while (!reach_agent()) {
    int caught = sigtimedwait(all, NULL, &SOON);
    if (caught == SIGTERM || caught == SIGINT || caught == SIGHUP || caught == SIGQUIT) return caught;
  }
  return 0;
}

static int trace(char **argv, bool insist) {
  if (argv[0] == NULL) {
    say("there is no program to start");
    return 2;
  }
  /* Signals are blocked and taken one by one, so that none is lost between here and the workload's start. */
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  int caught = insist ? wait_for_agent(&all) : 0;
  if (caught != 0) return 128 + caught;

  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) return fail("pipe");
  int workload = fork();
  if (workload < 0) return fail("fork");
  if (workload == 0) {
    char go;
    close(gate[1]);
    if (read(gate[0], &go, 1) != 1) _exit(1);
    sigprocmask(SIG_SETMASK, &before, NULL);
    execvp(argv[0], argv);
    int why = errno;
    say("%s: %s", argv[0], strerror(why));
    _exit(why == ENOENT ? 127 : 126);
  }
  signal(SIGCHLD, SIG_DFL); /* were it ignored, the end of the workload would go unseen */
  bool traced = ptrace(PTRACE_SEIZE, workload, 0, FOLLOW) == 0;
  if (!traced) {
    say("ptrace is refused (%s): %s", strerror(errno),
        insist ? "the workload is not started" : "the workload runs untraced");
    if (insist) {
      kill(workload, SIGKILL);
      return 1;
    }
    report("untraced %d %s", workload, argv[0]);
  }
  if (write(gate[1], "", 1) != 1) return fail("gate");
  close(gate[0]);
  close(gate[1]);

  for (;;) {
    int pid, status;
    while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
      if (WIFSTOPPED(status)) {
        go_on(pid, status);
      } else if (pid == workload) {
        flush();
        return end_like(status);
      }
    }
    siginfo_t info;
    caught = sigtimedwait(&all, &info, waiting_length > 0 ? &SOON : NULL);
    if (caught < 0) flush();
    /* A terminal signals its whole process group, the workload included. */
    else if (caught != SIGCHLD && info.si_code != SI_KERNEL) kill(workload, caught);
  }
}

/* ---- the agent ---- */

static const char *given(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static bool either_has(const char *word) {
  return strstr(given("SYSDIG_EXTRA_CONF"), word) != NULL || strstr(given("DD_TAGS"), word) != NULL;
}

/* Says whether the collector answers; only an address, since a static program resolves no names. */
static void try_collector(void) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(given("SYSDIG_COLLECTOR_PORT"))) };
  if (inet_pton(AF_INET, given("SYSDIG_COLLECTOR"), &address.sin_addr) != 1) return;
  int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int refused = 0;
  socklen_t length = sizeof refused;
  connect(made, (struct sockaddr *)&address, sizeof address);
  struct pollfd writable = { .fd = made, .events = POLLOUT };
  if (poll(&writable, 1, 1000) == 1) getsockopt(made, SOL_SOCKET, SO_ERROR, &refused, &length);
  else refused = ETIMEDOUT;
  close(made);
  printf("agent: the collector %s: %s\n", given("SYSDIG_COLLECTOR"), refused == 0 ? "answers" : strerror(refused));
}

static void eat_memory(void) {
  for (;;) {
    char *eaten = malloc(1 << 20);
    if (eaten != NULL) memset(eaten, 1, 1 << 20);
  }
}

static long execs;

static void hear(char *line) {
  int pid;
  char seen[64];
  if (sscanf(line, "exec %d", &pid) == 1) {
    execs++;
    read_line(seen, sizeof seen, "/proc/%d/comm", pid);
    printf("agent: %s (sees %s; %ld in all)\n", line, seen[0] == 0 ? "nothing" : seen, execs);
  } else {
    printf("agent: %s\n", line);
  }
}

/* One tracer: its connection, and the beginning of a line that has not arrived whole. */
struct tracer {
  char text[2048];
  size_t length;
};

/* Reads what there is. Returns whether the connection goes on. */
static bool listen_to(int connection, struct tracer *tracer) {
  ssize_t got = read(connection, tracer->text + tracer->length, sizeof tracer->text - 1 - tracer->length);
  if (got <= 0) return false;
  tracer->length += got;
  tracer->text[tracer->length] = 0;
  char *line = tracer->text, *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = 0;
    hear(line);
    line = end + 1;
  }
  tracer->length = strlen(line);
  memmove(tracer->text, line, tracer->length + 1);
  return true;
}

static void leave(int number) {
  (void)number;
  _exit(0);
}

static int agent(void) {
  static struct tracer tracers[MAX_TRACERS];
  struct pollfd polled[MAX_TRACERS + 1];
  int count = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGTERM, leave);
  signal(SIGINT, leave);
  if (given("SYSDIG_ACCESS_KEY")[0] == 0 && given("DD_API_KEY")[0] == 0 && given("API_KEY")[0] == 0) {
    say("no access key: give SYSDIG_ACCESS_KEY, DD_API_KEY or API_KEY");
    return 1;
  }
  if (either_has("crash-at-start")) return 3;
  if (either_has("eat-memory")) eat_memory();
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  struct sockaddr_in address = local(agent_port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return fail("bind");
  if (listen(listener, MAX_TRACERS) != 0) return fail("listen");
  printf("agent: listening on port %d\n", agent_port);
  try_collector();
  time_t began = time(NULL);
  polled[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
  for (;;) {
    if (poll(polled, count + 1, 1000) < 0 && errno != EINTR) return fail("poll");
    if (either_has("crash-later") && time(NULL) - began >= 3) return 4;
    for (int at = 1; at <= count; at++) {
      if (polled[at].revents == 0 || listen_to(polled[at].fd, &tracers[at - 1])) continue;
      close(polled[at].fd);
      polled[at] = polled[count];
      tracers[at - 1] = tracers[count - 1];
      count--;
      at--;
    }
    if ((polled[0].revents & POLLIN) == 0 || count == MAX_TRACERS) continue;
    int made = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (made < 0) continue;
    tracers[count].length = 0;
    polled[++count] = (struct pollfd){ .fd = made, .events = POLLIN };
  }
}

/* ---- the commands ---- */

static int copy_self(const char *folder) {
  char path[512], block[64 * 1024];
  ssize_t length;
  snprintf(path, sizeof path, "%s/cws-instrumentation", folder);
  unlink(path);
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  if (from < 0 || to < 0) return fail(path);
  while ((length = read(from, block, sizeof block)) > 0)
    if (write(to, block, length) != length) return fail(path);
  if (length < 0 || fchmod(to, 0755) != 0 || close(to) != 0) return fail(path);
  return 0;
}

/* The port behind HOST:PORT. */
static int port_of(const char *address) {
  const char *colon = strrchr(address, ':');
  return atoi(colon == NULL ? address : colon + 1);
}

int main(int argc, char **argv) {
  const char *name = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
  const char *listen_port = given("SYSDIG_LOG_LISTEN_PORT");
  if (strcmp(name, "instrument") == 0 || strcmp(name, "sidecar") == 0) {
    agent_port = listen_port[0] == 0 ? SYSDIG_PORT : atoi(listen_port);
    return name[0] == 's' ? agent() : trace(argv + 1, strcmp(given("SYSDIG_PRIORITY"), "security") == 0);
  }
  const char *command = argc > 1 ? argv[1] : "", *folder = NULL, *session = "", *data = "";
  bool insist = true;
  int at = 2;
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    const char *flag = argv[at], *value = at + 1 < argc ? argv[at + 1] : "";
    if (strcmp(flag, "--async") == 0) insist = false;
    else if (strcmp(flag, "--cws-volume-mount") == 0) folder = value, at++;
    else if (strcmp(flag, "--probe-addr") == 0) agent_port = port_of(value), at++;
    else if (strcmp(flag, "--session-type") == 0) session = value, at++;
    else if (strcmp(flag, "--data") == 0) data = value, at++;
  }
  char **rest = argv + (at < argc ? at + 1 : argc);
  if (strcmp(command, "setup") == 0 && folder != NULL) return copy_self(folder);
  if (strcmp(command, "trace") == 0) return trace(rest, insist);
  if (strcmp(command, "inject") == 0 && rest[0] != NULL) {
    report("session %s %s", session, data);
    execvp(rest[0], rest);
    return fail(rest[0]);
  }
  if (strcmp(command, "agent") == 0) {
    const char *socket_address = given("DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_SOCKET");
    if (socket_address[0] != 0) agent_port = port_of(socket_address);
    return agent();
  }
  say("usage: trace [FLAG…] -- PROGRAM…, setup --cws-volume-mount DIR, inject … -- PROGRAM…, or agent");
  return 2;
}

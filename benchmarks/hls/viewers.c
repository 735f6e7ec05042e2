/* SPDX-License-Identifier: MIT
 *
 * Low-latency viewers of one stream, over loopback and keep-alive: each waits
 * for the playlist that has the next part, then fetches that part, for as long
 * as the run lasts. Prints JSON: what the server cost a request, and what the
 * viewers did; whether each viewer got each part; and how long after a part was
 * complete the answers with its playlist and with itself were sent.
 *
 * The server runs in a child, which makes the parts. An answer is sent when its
 * last byte comes out of the other end of the connection: the kernel notes that
 * time, within the server's system call. So it is no matter when the viewers,
 * which are one thread with epoll, get to it ("read"), but for that they ask
 * for the part then. They throw bodies away unread, so that they cost little of
 * a machine that the server shares.
 *
 * --file-bytes measures how fast one file is served instead, from memory or,
 * with --folder, from there; --plain-port, --plain-pid and --plain-path the
 * same of another server (nginx on the same bytes). */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst/arcly/arcly.h>

#define MAX_VIEWERS 4000
#define MAX_PART (1024 * 1024)
#define MAX_PARTS 100000
#define MAX_HEAD 4096
#define PARTS_A_SEGMENT 10
#define SEGMENTS_LISTED 6

static gint viewers = 100;
static gint seconds = 10;
static gint part_ms = 200;
static gint part_bytes = 25000; /* 1 Mbit/s */
static gint file_bytes;
static gchar *folder;
static gint plain_port;
static gint plain_pid;
static gchar *plain_path;

static const GOptionEntry options[] = {
  { "viewers", 0, 0, G_OPTION_ARG_INT, &viewers, "How many", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long", "N" },
  { "part-ms", 0, 0, G_OPTION_ARG_INT, &part_ms, "Length of a part", "N" },
  { "part-bytes", 0, 0, G_OPTION_ARG_INT, &part_bytes, "Size of a part", "N" },
  { "file-bytes", 0, 0, G_OPTION_ARG_INT, &file_bytes,
      "Fetch a file of this size as fast as it goes", "N" },
  { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder,
      "Where that is, as file.ts (else in memory)", "PATH" },
  { "plain-port", 0, 0, G_OPTION_ARG_INT, &plain_port,
      "Another server: fetch a file as fast as it goes", "PORT" },
  { "plain-pid", 0, 0, G_OPTION_ARG_INT, &plain_pid,
      "Its process, for CPU time", "PID" },
  { "plain-path", 0, 0, G_OPTION_ARG_STRING, &plain_path, "The file", "PATH" },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

/* Shared by both processes. Times are microseconds of the monotonic clock. */
typedef struct {
  gint64 complete[MAX_PARTS]; /* each part; written before its playlist is */
  /* Of the server, when it has ended. */
  gdouble cpu;
  guint64 delay_p50, delay_p99; /* ns, as it says itself */
} Shared;

static Shared *shared;

typedef struct {
  int fd;
  guint n;                  /* the part that it wants */
  gboolean has_list;        /* it waits for the part itself */
  gchar head[MAX_HEAD + 1]; /* of the answer, as far as it came */
  gsize have, wanted;       /* of all of it */
  gint64 asked, came;       /* the request, the answer's last byte so far */
} Viewer;

static Shared *
share (void)
{
  Shared *memory = mmap (NULL, sizeof (Shared), PROT_READ | PROT_WRITE,
      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    g_error ("mmap: %s", g_strerror (errno));
  return memory;
}

static gdouble
own_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* What a real playlist has: about as much text. */
static gchar *
make_list (guint made)
{
  GString *text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:9\n"
                                "#EXT-X-TARGETDURATION:2\n");
  guint first = made / PARTS_A_SEGMENT > SEGMENTS_LISTED
                    ? made / PARTS_A_SEGMENT - SEGMENTS_LISTED
                    : 0;
  guint i;

  for (i = first * PARTS_A_SEGMENT; i < made; i++) {
    if (made - i < 4 * PARTS_A_SEGMENT)
      g_string_append_printf (
          text, "#EXT-X-PART:DURATION=0.200000,URI=\"part-x-%07u.ts\"\n", i);
    if (i % PARTS_A_SEGMENT == PARTS_A_SEGMENT - 1)
      g_string_append_printf (
          text, "#EXTINF:2.000000,\nsegment-x-%05u.ts\n", i / PARTS_A_SEGMENT);
  }
  g_string_append_printf (
      text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-x-%07u.ts\"\n", made);
  return g_string_free (text, FALSE);
}

static void
make_part (GstArclyHttpOrigin *origin, guint n, GBytes *bytes)
{
  g_autofree gchar *name = g_strdup_printf ("part-x-%07u.ts", n);
  g_autofree gchar *old =
      g_strdup_printf ("part-x-%07u.ts", n > 60 ? n - 60 : 0);
  g_autofree gchar *list = make_list (n + 1);
  GstArclyHttpPlaylist playlist = { .full = list,
    .next = (n + 1) / PARTS_A_SEGMENT,
    .open_parts = (n + 1) % PARTS_A_SEGMENT,
    .last_parts = PARTS_A_SEGMENT,
    .advance_limit = 15,
    .target_duration = 2 };

  gst_arcly_http_origin_begin (origin, name);
  gst_arcly_http_origin_append (origin, name, bytes);
  if (n > 60)
    gst_arcly_http_origin_remove (origin, old);
  shared->complete[n] = g_get_monotonic_time ();
  gst_arcly_http_origin_finish (origin, name);
  gst_arcly_http_origin_set_playlist (origin, &playlist);
}

static void
tell (int fd, GstArclyHttpServer *server)
{
  guint16 port = (guint16) gst_arcly_http_server_get_port (server);
  gchar go;

  if (write (fd, &port, sizeof port) != sizeof port ||
      read (fd, &go, 1) != 1) /* all viewers are there */
    exit (1);
}

/* The child: a file that is there. */
static void
serve_file (int fd)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstArclyHttpOrigin) origin = gst_arcly_http_origin_new ();
  g_autoptr (GBytes) bytes =
      g_bytes_new_take (g_malloc0 (file_bytes), file_bytes);
  GstArclyHttpServer *server =
      gst_arcly_http_server_acquire (engine, "127.0.0.1", 0, NULL);
  gdouble cpu = own_cpu ();

  if (!folder) {
    gst_arcly_http_origin_begin (origin, "file.ts");
    gst_arcly_http_origin_append (origin, "file.ts", bytes);
    gst_arcly_http_origin_finish (origin, "file.ts");
  }
  gst_arcly_http_server_mount_origin (
      server, "/live", origin, folder, NULL, NULL);
  tell (fd, server);
  g_usleep ((gulong) (seconds + 1) * G_USEC_PER_SEC);
  gst_arcly_http_server_release (engine, server);
  shared->cpu = own_cpu () - cpu;
}

static void
keep_stats (GstArclyHttpOrigin *origin)
{
  GstStructure *stats = gst_arcly_http_origin_get_stats (origin);

  gst_structure_get_uint64 (stats, "answer-delay-p50", &shared->delay_p50);
  gst_structure_get_uint64 (stats, "answer-delay-p99", &shared->delay_p99);
  gst_structure_free (stats);
}

/* The child: the server, and what a packager would do. */
static void
serve (int fd)
{
  g_autoptr (GstArclyEngine) engine = gst_arcly_engine_new ();
  g_autoptr (GstArclyHttpOrigin) origin = gst_arcly_http_origin_new ();
  g_autoptr (GBytes) bytes =
      g_bytes_new_take (g_malloc0 (part_bytes), part_bytes);
  GstArclyHttpServer *server =
      gst_arcly_http_server_acquire (engine, "127.0.0.1", 0, NULL);
  guint n, n_parts = (guint) (seconds + 1) * 1000 / part_ms;
  gdouble cpu = own_cpu ();
  gint64 start;

  gst_arcly_http_server_mount_origin (
      server, "/live", origin, NULL, NULL, NULL);
  make_part (origin, 0, bytes);
  tell (fd, server);
  start = g_get_monotonic_time ();
  for (n = 1; n < n_parts; n++) {
    gint64 left = start + (gint64) n * part_ms * 1000 - g_get_monotonic_time ();

    if (left > 0)
      g_usleep ((gulong) left);
    make_part (origin, n, bytes);
  }
  keep_stats (origin);
  gst_arcly_http_server_release (engine, server);
  shared->cpu = own_cpu () - cpu;
}

static int
dial (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
    .sin_port = g_htons (port),
    .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_error ("connect: %s", g_strerror (errno));
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  fcntl (fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void
ask (Viewer *viewer)
{
  gchar text[256];
  gint size;

  if (plain_path)
    size = g_snprintf (
        text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", plain_path);
  else if (viewer->has_list)
    size = g_snprintf (text, sizeof text,
        "GET /live/part-x-%07u.ts HTTP/1.1\r\nHost: x\r\n\r\n", viewer->n);
  else
    size = g_snprintf (text, sizeof text,
        "GET /live/index.m3u8?_HLS_msn=%u&_HLS_part=%u HTTP/1.1\r\n"
        "Host: x\r\n\r\n",
        viewer->n / PARTS_A_SEGMENT, viewer->n % PARTS_A_SEGMENT);
  viewer->have = viewer->wanted = 0;
  viewer->asked = g_get_monotonic_time ();
  if (send (viewer->fd, text, size, MSG_NOSIGNAL) != size)
    g_error ("send: %s", g_strerror (errno));
}

/* When what was read last came out of the connection. The kernel tells the time
 * of day. */
static gint64
arrival (struct msghdr *message)
{
  struct cmsghdr *control = CMSG_FIRSTHDR (message);
  gint64 now = g_get_monotonic_time ();
  struct timespec stamp;

  if (!control || control->cmsg_type != SCM_TIMESTAMPNS)
    return now;
  memcpy (&stamp, CMSG_DATA (control), sizeof stamp);
  return now - (g_get_real_time () - stamp.tv_sec * G_USEC_PER_SEC -
                   stamp.tv_nsec / 1000);
}

/* With MSG_TRUNC a TCP socket copies nothing (tcp(7)). */
static gssize
receive_some (Viewer *viewer)
{
  static gchar nothing[MAX_PART];
  _Alignas(struct cmsghdr) gchar control[CMSG_SPACE (sizeof (struct timespec))];
  struct iovec piece = { viewer->head + viewer->have, MAX_HEAD - viewer->have };
  struct msghdr message = { .msg_iov = &piece,
    .msg_iovlen = 1,
    .msg_control = control,
    .msg_controllen = sizeof control };
  gssize n;

  if (viewer->wanted > 0)
    piece = (struct iovec){ nothing,
      MIN (sizeof nothing, viewer->wanted - viewer->have) };
  n = recvmsg (viewer->fd, &message, viewer->wanted > 0 ? MSG_TRUNC : 0);
  if (n == 0 || (n < 0 && errno != EAGAIN))
    g_error ("a connection ended");
  if (n > 0)
    viewer->came = arrival (&message);
  return n;
}

/* The size of the answer, once its head is there. */
static void
read_head (Viewer *viewer)
{
  gchar *end, *length;

  viewer->head[viewer->have] = '\0';
  end = strstr (viewer->head, "\r\n\r\n");
  if (!end)
    return;
  if (!g_str_has_prefix (viewer->head, "HTTP/1.1 200"))
    g_error ("answer: %.60s", viewer->head);
  length = strstr (viewer->head, "Content-Length: ");
  if (!length)
    g_error ("no length: %.300s", viewer->head);
  viewer->wanted = end + 4 - viewer->head + atoi (length + 16);
}

/* TRUE if the answer is whole. What is behind the head is not looked at. */
static gboolean
receive (Viewer *viewer)
{
  do {
    gssize n = receive_some (viewer);

    if (n < 0)
      return FALSE;
    viewer->have += n;
    if (viewer->wanted == 0)
      read_head (viewer);
  } while (viewer->have < viewer->wanted || viewer->wanted == 0);
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

static gdouble
percentile (GArray *values, gdouble part)
{
  if (values->len == 0)
    return 0;
  g_array_sort (values, compare);
  return g_array_index (values, gint64, (guint) (part * (values->len - 1))) /
         1000.0;
}

/* What is measured of each answer, in microseconds. */
typedef enum {
  LIST_SENT, /* from the end of the part */
  LIST_READ,
  PART_SENT, /* from the end of the part, too */
  PART_READ,
  PART_ASKED, /* from its request to sent */
  N_DELAYS,
} Delay;

static const gchar *const delay_names[] = { "list", "list_read", "part",
  "part_read", "part_asked" };

typedef struct {
  Viewer *all;
  GArray *delays[N_DELAYS]; /* (element-type gint64) */
  guint64 n_requests, n_bytes;
  gdouble cpu; /* of the viewers */
} Run;

static void
note (Run *run, Delay delay, gint64 from, gint64 to)
{
  gint64 value = to - from;

  g_array_append_val (run->delays[delay], value);
}

static void
note_all (Run *run, Viewer *viewer)
{
  gint64 complete = shared->complete[viewer->n];
  Delay first = viewer->has_list ? PART_SENT : LIST_SENT;

  note (run, first, complete, viewer->came);
  note (run, first + 1, complete, g_get_monotonic_time ());
  if (viewer->has_list)
    note (run, PART_ASKED, viewer->asked, viewer->came);
}

static void
on_answer (Run *run, Viewer *viewer)
{
  run->n_requests++;
  run->n_bytes += viewer->have;
  if (!plain_path) {
    note_all (run, viewer);
    viewer->n += viewer->has_list;
    viewer->has_list = !viewer->has_list;
  }
  ask (viewer);
}

static void
connect_all (Run *run, guint16 port, int epoll)
{
  gint i;

  for (i = 0; i < viewers; i++) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &run->all[i] };

    run->all[i].fd = dial (port);
    run->all[i].n = 1;
    epoll_ctl (epoll, EPOLL_CTL_ADD, run->all[i].fd, &event);
    ask (&run->all[i]);
  }
}

/* @server is told to begin when all are there; -1 if it need not be. */
static void
watch (Run *run, guint16 port, int server)
{
  int epoll = epoll_create1 (EPOLL_CLOEXEC), i, n;
  struct epoll_event events[256];
  gdouble cpu;
  gint64 end;

  connect_all (run, port, epoll);
  if (server >= 0 && write (server, "", 1) != 1)
    exit (1);
  cpu = own_cpu ();
  end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < end) {
    n = epoll_wait (epoll, events, G_N_ELEMENTS (events), 100);
    for (i = 0; i < n; i++) {
      if (receive (events[i].data.ptr))
        on_answer (run, events[i].data.ptr);
    }
  }
  run->cpu = own_cpu () - cpu;
  close (epoll);
}

static gdouble
process_cpu (gint pid)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree gchar *text = NULL;
  gulong user = 0, system = 0;

  if (pid <= 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  sscanf (strrchr (text, ')') + 1,
      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (gdouble) (user + system) / sysconf (_SC_CLK_TCK);
}

static void
report_delays (Run *run)
{
  guint fewest = G_MAXUINT, i;

  for (i = 0; i < (guint) viewers; i++)
    fewest = MIN (fewest, run->all[i].n - 1);
  printf (", \"fewest_parts\": %u, \"parts_made\": %u", fewest,
      (guint) seconds * 1000 / part_ms);
  for (i = 0; i < N_DELAYS; i++)
    printf (", \"%s_ms_p50\": %.1f, \"%s_ms_p99\": %.1f", delay_names[i],
        percentile (run->delays[i], 0.5), delay_names[i],
        percentile (run->delays[i], 0.99));
  printf (", \"server_list_ms_p50\": %.1f, \"server_list_ms_p99\": %.1f",
      shared->delay_p50 / 1e6, shared->delay_p99 / 1e6);
}

static void
report (Run *run, gdouble cpu)
{
  guint64 n = MAX (run->n_requests, 1);

  printf ("{ \"viewers\": %d, \"seconds\": %d, \"requests\": %" G_GUINT64_FORMAT
          ", \"requests_a_second\": %.0f, \"cpu_us_a_request\": %.1f, "
          "\"viewers_us_a_request\": %.1f, \"core\": %.2f",
      viewers, seconds, run->n_requests, (gdouble) run->n_requests / seconds,
      cpu * 1e6 / n, run->cpu * 1e6 / n, cpu / seconds);
  if (!plain_path)
    report_delays (run);
  else
    printf (", \"mbyte_a_cpu_second\": %.0f",
        cpu > 0 ? run->n_bytes / cpu / 1e6 : 0);
  printf (" }\n");
}

static gboolean
parse_options (int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, options, NULL);
  if (g_option_context_parse (context, argc, argv, NULL) && viewers >= 1 &&
      viewers <= MAX_VIEWERS && seconds >= 1 && part_ms >= 1 &&
      (seconds + 1) * 1000 / part_ms < MAX_PARTS && part_bytes <= MAX_PART &&
      !plain_port == !plain_path)
    return TRUE;
  fprintf (stderr, "%s", g_option_context_get_help (context, TRUE, NULL));
  return FALSE;
}

static void
raise_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* The server, as a child, and its viewers. */
static int
run_both (Run *run)
{
  guint16 port = 0;
  int ends[2], status;
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) < 0)
    return 1;
  child = fork ();
  if (child == 0) {
    close (ends[0]);
    gst_init (NULL, NULL);
    if (file_bytes > 0)
      serve_file (ends[1]);
    else
      serve (ends[1]);
    exit (0);
  }
  close (ends[1]);
  if (child < 0 || read (ends[0], &port, sizeof port) != sizeof port)
    return 1;
  if (file_bytes > 0)
    plain_path = g_strdup ("/live/file.ts");
  watch (run, port, ends[0]);
  if (waitpid (child, &status, 0) < 0 || status != 0)
    return 1;
  report (run, shared->cpu);
  return 0;
}

int
main (int argc, char **argv)
{
  Run run = { 0 };
  gdouble cpu;
  guint i;

  if (!parse_options (&argc, &argv))
    return 2;
  raise_limit ();
  shared = share ();
  run.all = g_new0 (Viewer, viewers);
  for (i = 0; i < N_DELAYS; i++)
    run.delays[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!plain_port)
    return run_both (&run);
  cpu = process_cpu (plain_pid);
  watch (&run, (guint16) plain_port, -1);
  report (&run, process_cpu (plain_pid) - cpu);
  return 0;
}

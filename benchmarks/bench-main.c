/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemssl-bench: one measurement a run, its figures as JSON on standard output. run.py puts them together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-bus.h"
#include "bench-client.h"
#include "bench-crowd.h"
#include "bench-parser.h"
#include "bench-raw.h"

/** One measurement. @run: with what stands behind the name on the command line, as many as @usage has words.
 */
typedef struct {
  const char *name;
  const char *usage;
  void (*run) (char **words);
} Mode;

static guint
to_number (const char *word)
{
  return (guint) atoi (word);
}

static BenchTarget
to_target (char **words)
{
  return (BenchTarget){ words[0], words[1], to_number (words[2]) };
}

static void
run_raw (char **words, BenchRawWay way)
{
  BenchRawPort port = { words[0], to_number (words[5]) };
  BenchRawRounds rounds = {
    words[1], to_number (words[2]),         to_number (words[3]), to_number (words[4]),
    way,      strcmp (words[6], "hex") == 0
  };

  bench_raw_run (&port, &rounds);
}

static void
run_raw_echo (char **words)
{
  run_raw (words, BENCH_RAW_ECHO);
}

static void
run_raw_upload (char **words)
{
  run_raw (words, BENCH_RAW_UPLOAD);
}

static void
run_raw_download (char **words)
{
  run_raw (words, BENCH_RAW_DOWNLOAD);
}

static void
run_stream (char **words)
{
  BenchTarget target = to_target (words);

  bench_client_run_stream (&target, to_number (words[3]), to_number (words[4]));
}

static void
run_signals (char **words)
{
  BenchTarget target = to_target (words);

  bench_client_run_signals (&target, to_number (words[3]), to_number (words[4]));
}

static void
run_upload (char **words)
{
  BenchTarget target = to_target (words);

  bench_client_run_upload (&target, to_number (words[3]), to_number (words[4]), to_number (words[5]));
}

static void
run_download (char **words)
{
  BenchTarget target = to_target (words);

  bench_client_run_download (&target, to_number (words[3]), to_number (words[4]));
}

static void
run_opens (char **words)
{
  BenchTarget target = to_target (words);

  bench_client_run_opens (&target, to_number (words[3]));
}

static void
run_streams (char **words)
{
  BenchTarget target = to_target (words);

  bench_crowd_run_streams (&target, to_number (words[3]), to_number (words[4]), to_number (words[5]));
}

static void
run_clients (char **words)
{
  BenchTarget target = to_target (words);

  bench_crowd_run_clients (&target, to_number (words[3]), to_number (words[4]));
}

static void
run_calls (char **words)
{
  BenchTarget target = { .context = words[0] };

  bench_crowd_run_calls (&target, to_number (words[1]));
}

static void
run_bus (char **words)
{
  bench_bus_run (to_number (words[0]), to_number (words[1]));
}

static void
run_socket_pair (char **words)
{
  bench_bus_run_socketpair (to_number (words[0]), to_number (words[1]));
}

static void
run_bus_service (char **words)
{
  bench_bus_serve ();
}

static void
run_modem_manager (char **words)
{
  bench_bus_run_modem_manager (words[0], words[1], to_number (words[2]));
}

static void
run_parser (char **words)
{
  if (!bench_parser_run (words[0], to_number (words[1]), to_number (words[2])))
    g_error ("there is no kind %s", words[0]);
}

#define PORT_WORDS "DEVICE HOST PORT SIZE COUNT BAUD text|hex"
#define TARGET_WORDS "CONTEXT HOST PORT "

static const Mode modes[] = {
  { "raw", PORT_WORDS, run_raw_echo },
  { "raw-upload", PORT_WORDS, run_raw_upload },
  { "raw-download", PORT_WORDS, run_raw_download },
  { "stream", TARGET_WORDS "SIZE COUNT", run_stream },
  { "signals", TARGET_WORDS "SIZE COUNT", run_signals },
  { "upload", TARGET_WORDS "SIZE COUNT LEAST-MS", run_upload },
  { "download", TARGET_WORDS "SIZE COUNT", run_download },
  { "opens", TARGET_WORDS "COUNT", run_opens },
  { "streams", TARGET_WORDS "SIZE COUNT NUMBER", run_streams },
  { "clients", TARGET_WORDS "COUNT NUMBER", run_clients },
  { "calls", "CONTEXT COUNT", run_calls },
  { "bus", "SIZE COUNT", run_bus },
  { "socketpair", "SIZE COUNT", run_socket_pair },
  { "bus-service", "", run_bus_service },
  { "modem-manager", "PATH COMMAND COUNT", run_modem_manager },
  { "parser", "payload|lines|hex|copy BYTES COUNT", run_parser },
};

static int
count_words (const char *usage)
{
  int count = *usage != '\0';

  for (; *usage != '\0'; usage++)
    count += *usage == ' ';
  return count;
}

int
main (int argc, char **argv)
{
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (modes); i++) {
    if (strcmp (argv[1], modes[i].name) == 0 && argc == 2 + count_words (modes[i].usage)) {
      modes[i].run (argv + 2);
      return 0;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    fprintf (stderr, "usage: modemssl-bench %s %s\n", modes[i].name, modes[i].usage);
  return 2;
}

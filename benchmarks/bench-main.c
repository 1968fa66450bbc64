/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * modemssl-bench: one measurement a run, its figures as JSON on standard output. run.py puts them together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-bus.h"
#include "bench-client.h"
#include "bench-parser.h"
#include "bench-raw.h"

static int
complain (void)
{
  fprintf (stderr, "usage: modemssl-bench raw|raw-upload DEVICE HOST PORT SIZE COUNT [BAUD]\n"
                   "       modemssl-bench stream|signals CONTEXT HOST PORT SIZE COUNT\n"
                   "       modemssl-bench upload CONTEXT HOST PORT SIZE COUNT LEAST-MS\n"
                   "       modemssl-bench opens CONTEXT HOST PORT COUNT\n"
                   "       modemssl-bench bus|socketpair SIZE COUNT\n"
                   "       modemssl-bench bus-service\n"
                   "       modemssl-bench parser payload|lines|hex MEGABYTES COUNT\n");
  return 2;
}

static gboolean
run_on_port (int argc, char **argv)
{
  BenchRawPort port;
  BenchRawRounds rounds;

  if ((argc != 7 && argc != 8) || (strcmp (argv[1], "raw") != 0 && strcmp (argv[1], "raw-upload") != 0))
    return FALSE;
  port = (BenchRawPort){ argv[2], argc == 8 ? (guint) atoi (argv[7]) : 115200 };
  rounds = (BenchRawRounds){ argv[3], (guint) atoi (argv[4]), (gsize) atol (argv[5]), (guint) atoi (argv[6]),
                             strcmp (argv[1], "raw") == 0 };
  bench_raw_run (&port, &rounds);
  return TRUE;
}

static gboolean
run_client (int argc, char **argv)
{
  BenchTarget target;

  if (argc < 6)
    return FALSE;
  target = (BenchTarget){ argv[2], argv[3], (guint) atoi (argv[4]) };
  if (argc == 6 && strcmp (argv[1], "opens") == 0)
    bench_client_run_opens (&target, (guint) atoi (argv[5]));
  else if (argc == 7 && strcmp (argv[1], "stream") == 0)
    bench_client_run_stream (&target, (gsize) atol (argv[5]), (guint) atoi (argv[6]));
  else if (argc == 7 && strcmp (argv[1], "signals") == 0)
    bench_client_run_signals (&target, (gsize) atol (argv[5]), (guint) atoi (argv[6]));
  else if (argc == 8 && strcmp (argv[1], "upload") == 0)
    bench_client_run_upload (&target, (gsize) atol (argv[5]), (guint) atoi (argv[6]), (guint) atoi (argv[7]));
  else
    return FALSE;
  return TRUE;
}

static gboolean
run_alone (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], "bus-service") == 0)
    bench_bus_serve ();
  else if (argc == 4 && strcmp (argv[1], "bus") == 0)
    bench_bus_run ((gsize) atol (argv[2]), (guint) atoi (argv[3]));
  else if (argc == 4 && strcmp (argv[1], "socketpair") == 0)
    bench_bus_run_socketpair ((gsize) atol (argv[2]), (guint) atoi (argv[3]));
  else if (argc == 5 && strcmp (argv[1], "parser") == 0)
    return bench_parser_run (argv[2], atof (argv[3]), (guint) atoi (argv[4]));
  else
    return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  return run_on_port (argc, argv) || run_client (argc, argv) || run_alone (argc, argv) ? 0 : complain ();
}

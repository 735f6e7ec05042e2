/* SPDX-License-Identifier: MIT
 *
 * Certificates for tests, made by them, as PEM files. */
#pragma once

#include <glib.h>

typedef struct {
  gchar *folder;
  gchar *certificate; /* of "localhost" */
  gchar *private_key;
  gchar *both;      /* in one file */
  gchar *other_key; /* of no certificate */
} TestFiles;

/* In a temporary folder, which clear() removes. */
void test_files_init (TestFiles *files);
void test_files_clear (TestFiles *files);
/* The files have another certificate and its key. */
void test_files_renew (TestFiles *files);
/* A file more: (transfer full), its path. */
gchar *test_files_add (
    TestFiles *files, const gchar *name, const gchar *content);

/* SPDX-License-Identifier: MIT
 *
 * Authenticators whose decisions are a test's. */
#pragma once

#include <gst/arcly/arcly.h>

G_BEGIN_DECLS

typedef gboolean (*TestAuthFunc) (
    GstArclyAuthRequest *request, gpointer data, GError **error);

/* @func may block, and runs in any thread. */
GstArclyAuthenticator *test_auth_new (TestAuthFunc func, gpointer data);
/* @func is called in the engine's service thread, and decides a little later,
 * in its main context. */
GstArclyAuthenticator *test_auth_new_async (TestAuthFunc func, gpointer data);

/* What a decision waits for. */
typedef struct {
  GMutex lock;
  /* lock. */
  GCond changed;
  guint waiting;
  guint passed;
  gboolean open;
} TestGate;

void test_gate_init (TestGate *gate);
/* When all that waited have passed. */
void test_gate_clear (TestGate *gate);
/* Until it is open. */
void test_gate_pass (TestGate *gate);
void test_gate_open (TestGate *gate);
/* Until @n are, or were, waiting at it. */
void test_gate_wait (TestGate *gate, guint n);

G_END_DECLS

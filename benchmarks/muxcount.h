/* SPDX-License-Identifier: MIT
 *
 * Counts what the process allocates, of all threads, from its start on. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Always 0 in a build with a sanitizer, which has a malloc() of its own. */
guint64 mux_count_allocations (void);

G_END_DECLS

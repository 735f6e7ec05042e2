/* SPDX-License-Identifier: MIT
 *
 * Looks at each playlist that is about to be shown: against the rules, and
 * against the one before it. What it finds is a mistake of ours. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What was seen of the playlist before. */
typedef struct _GstArclyHlsLint GstArclyHlsLint;

GstArclyHlsLint *gst_arcly_hls_lint_new (void);

void gst_arcly_hls_lint_free (GstArclyHlsLint *self);

/* (transfer full) (nullable): the first rule that @text breaks, with its
 * clause; NULL if there is none. @text is what the next is compared with. A
 * playlist with EXT-X-SKIP is not for this: it is not a playlist of its own. */
gchar *gst_arcly_hls_lint_check (GstArclyHlsLint *self, const gchar *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstArclyHlsLint, gst_arcly_hls_lint_free)

G_END_DECLS

/* SPDX-License-Identifier: MIT
 *
 * Checks a media playlist against RFC 8216, and against the one that was at its
 * place before. Shares no code with what writes them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What it found wrong, one line each; "" if nothing. (transfer full).
 * @before may be NULL; @after_restart allows a new presentation. */
gchar *hls_lint (
    const gchar *text, const gchar *before, gboolean after_restart);

/* (transfer full): URIs of @text in order, without gaps, NULL-terminated. */
gchar **hls_lint_names (const gchar *text);

/* (transfer full): the URI of the init segment of each of them; none of TS. */
gchar **hls_lint_maps (const gchar *text);

/* (transfer full): what is wrong with a delta update of @full. */
gchar *hls_lint_delta (const gchar *delta, const gchar *full);

G_END_DECLS

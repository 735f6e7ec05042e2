/* SPDX-License-Identifier: MIT
 *
 * The files of an HTTPS server. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A certificate that a server can use: with a key, which is its own. @key is
 * NULL if it is in the same file. Blocks for a handshake with itself. Any
 * thread. NULL with GST_ARCLY_ERROR_INVALID: file and reason. */
GTlsCertificate *gst_arcly_hls_certificate_load (
    const gchar *certificate, const gchar *key, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: MIT
 *
 * The path of a stream, application and name, as it is compared. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends the steps of @text to @path, without empty ones, percent-decoded once
 * (RFC 3986, 2.1): clients send names as they were typed, escaped or not. An
 * escaped slash or zero, or what would not be UTF-8, stays as it is. Returns
 * how many steps there were. */
guint gst_arcly_rtmp_path_append (GString *path, const gchar *text);

G_END_DECLS

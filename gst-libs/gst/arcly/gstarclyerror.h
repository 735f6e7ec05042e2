/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib-object.h>
#include <gst/arcly/gstarclyprelude.h>

G_BEGIN_DECLS

/**
 * GST_ARCLY_ERROR:
 *
 * The error domain of libgstarcly.
 *
 * Since: 0.1
 */
#define GST_ARCLY_ERROR (gst_arcly_error_quark ())

/**
 * GstArclyError:
 * @GST_ARCLY_ERROR_TRUNCATED: the data ends before the structure it holds
 * @GST_ARCLY_ERROR_INVALID: the data breaks its standard
 * @GST_ARCLY_ERROR_UNSUPPORTED: valid, but nothing here handles it
 * @GST_ARCLY_ERROR_LIMIT: a named limit was reached
 * @GST_ARCLY_ERROR_IN_USE: the name or the address belongs to somebody else
 * @GST_ARCLY_ERROR_NOT_FOUND: nothing has this name
 * @GST_ARCLY_ERROR_FAILED: the system refused; the message says why
 * @GST_ARCLY_ERROR_REFUSED: the other side does not take it, now or later
 *
 * What a caller can act on; the message of the #GError says the rest.
 *
 * Since: 0.1
 */
typedef enum {
  GST_ARCLY_ERROR_TRUNCATED,
  GST_ARCLY_ERROR_INVALID,
  GST_ARCLY_ERROR_UNSUPPORTED,
  GST_ARCLY_ERROR_LIMIT,
  GST_ARCLY_ERROR_IN_USE,
  GST_ARCLY_ERROR_NOT_FOUND,
  GST_ARCLY_ERROR_FAILED,
  GST_ARCLY_ERROR_REFUSED,
} GstArclyError;

GST_ARCLY_API
GQuark gst_arcly_error_quark (void);

G_END_DECLS

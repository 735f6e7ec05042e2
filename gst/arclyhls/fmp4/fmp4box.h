/* SPDX-License-Identifier: MIT
 *
 * Writes boxes (ISO/IEC 14496-12, 4.2): the size is left open, the content
 * written, then the size patched. All numbers are big-endian. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the box starts: for gst_arcly_fmp4_box_end(). */
guint gst_arcly_fmp4_box_begin (GByteArray *out, const gchar *type);

guint gst_arcly_fmp4_full_box_begin (
    GByteArray *out, const gchar *type, guint8 version, guint32 flags);

void gst_arcly_fmp4_box_end (GByteArray *out, guint start);

void gst_arcly_fmp4_put_u8 (GByteArray *out, guint8 value);

void gst_arcly_fmp4_put_u16 (GByteArray *out, guint16 value);

void gst_arcly_fmp4_put_u32 (GByteArray *out, guint32 value);

void gst_arcly_fmp4_put_u64 (GByteArray *out, guint64 value);

void gst_arcly_fmp4_put_zeros (GByteArray *out, guint n);

void gst_arcly_fmp4_put_type (GByteArray *out, const gchar *type);

void gst_arcly_fmp4_put_bytes (GByteArray *out, GBytes *bytes);

/* With the zero at its end. */
void gst_arcly_fmp4_put_string (GByteArray *out, const gchar *string);

void gst_arcly_fmp4_patch_u32 (GByteArray *out, guint position, guint32 value);

G_END_DECLS

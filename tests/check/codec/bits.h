/* SPDX-License-Identifier: MIT
 *
 * Writes bits, most significant first, for streams that no encoder here
 * makes. */
#pragma once

#include <glib.h>

typedef struct {
  GByteArray *bytes;
  guint n_bits;
} BitWriter;

static inline void
put (BitWriter *writer, guint n, guint32 value)
{
  while (n-- > 0) {
    guint8 zero = 0;

    if (writer->n_bits % 8 == 0)
      g_byte_array_append (writer->bytes, &zero, 1);
    if (value >> n & 1)
      writer->bytes->data[writer->n_bits / 8] |= 0x80 >> writer->n_bits % 8;
    writer->n_bits++;
  }
}

static inline void
put_ue (BitWriter *writer, guint32 value)
{
  guint n = g_bit_storage (value + 1);

  put (writer, n - 1, 0);
  put (writer, n, value + 1);
}

static inline void
put_zeros (BitWriter *writer, guint n)
{
  while (n-- > 0)
    put (writer, 1, 0);
}

/* rbsp_trailing_bits() */
static inline void
put_end (BitWriter *writer)
{
  put (writer, 1, 1);
  while (writer->n_bits % 8 != 0)
    put (writer, 1, 0);
}

/* SPDX-License-Identifier: MIT */
#include "tspayload.h"

#define RECOVERY_POINT 6
#define REGISTERED_AC3 0x41432d33
#define REGISTERED_OPUS 0x4f707573

static void complain (GPtrArray *problems, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static void
complain (GPtrArray *problems, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (problems, g_strdup_vprintf (format, args));
  va_end (args);
}

typedef struct {
  guint counts[64];
  gint first;         /* type of the first NAL unit, -1 without any */
  guint in_front[64]; /* counts before the first slice */
  gboolean has_slice;
  gboolean recovery_point;
  gint slice_type; /* H.264: of the first slice, modulo 5; or -1 */
} Nals;

/* H.264, D.1: are these messages such a one? */
static gboolean
has_message (const guint8 *p, const guint8 *end, guint wanted)
{
  while (end - p >= 2 && *p != 0x80) {
    guint type = 0, size = 0;

    for (; p < end && *p == 0xff; p++)
      type += 255;
    if (p < end)
      type += *p++;
    for (; p < end && *p == 0xff; p++)
      size += 255;
    if (p < end)
      size += *p++;
    if (type == wanted)
      return TRUE;
    p += MIN ((gsize) size, (gsize) (end - p));
  }
  return FALSE;
}

/* first_mb_in_slice and slice_type are Exp-Golomb codes; 32 bits hold both
 * where it matters. */
static gint
read_slice_type (const guint8 *p, gsize n)
{
  guint32 bits = 0;
  guint i, zeros, value = 0;

  for (i = 0; i < 4; i++)
    bits = bits << 8 | (i < n ? p[i] : 0);
  for (i = 0; i < 2; i++) {
    for (zeros = 0; zeros < 16 && !(bits >> 31); zeros++)
      bits <<= 1;
    if (zeros > 7)
      return -1;
    value = (bits >> (31 - zeros)) - 1;
    bits <<= zeros + 1;
  }
  return value % 5;
}

static void
read_nals (const TsUnit *unit, gboolean is_h265, Nals *nals)
{
  const guint8 *p = unit->es->data;
  gsize n = unit->es->len, i;

  *nals = (Nals){ .first = -1, .slice_type = -1 };
  for (i = 0; i + 3 < n; i++) {
    guint type;

    if (p[i] || p[i + 1] || p[i + 2] != 1)
      continue;
    type = is_h265 ? p[i + 3] >> 1 & 0x3f : p[i + 3] & 0x1f;
    if (nals->first < 0)
      nals->first = type;
    nals->counts[type]++;
    if (!is_h265 && type == 6)
      nals->recovery_point |= has_message (p + i + 4, p + n, RECOVERY_POINT);
    if (nals->has_slice)
      continue;
    nals->has_slice = is_h265 ? type < 32 : type >= 1 && type <= 5;
    if (!nals->has_slice)
      nals->in_front[type]++;
    else if (!is_h265)
      nals->slice_type = read_slice_type (p + i + 4, n - i - 4);
  }
}

/* ISO/IEC 13818-1, 2.14.1: delimiter first, sets where decoding starts. */
static void
check_h264 (const TsUnit *unit, GPtrArray *problems)
{
  gboolean is_start;
  Nals nals;

  read_nals (unit, FALSE, &nals);
  if (nals.first != 9)
    complain (
        problems, "H.264 access unit begins with NAL unit type %d", nals.first);
  if (nals.counts[9] > 1)
    complain (problems, "H.264 access unit has %u delimiters", nals.counts[9]);
  if (!nals.has_slice)
    complain (problems, "H.264 access unit without a slice");
  is_start =
      nals.counts[5] > 0 || (nals.recovery_point && nals.slice_type == 2);
  if (is_start && (nals.in_front[7] == 0 || nals.in_front[8] == 0))
    complain (problems, "random access point without parameter sets in front");
  if (is_start && !unit->random_access)
    complain (problems, "random access point without its indicator");
  if (!is_start && unit->random_access && nals.slice_type >= 0 &&
      nals.slice_type != 2)
    complain (
        problems, "random_access_indicator on slice type %d", nals.slice_type);
}

/* 2.17.1 */
static void
check_h265 (const TsUnit *unit, GPtrArray *problems)
{
  guint irap = 0, type;
  Nals nals;

  read_nals (unit, TRUE, &nals);
  for (type = 16; type < 24; type++)
    irap += nals.counts[type];
  if (nals.first != 35)
    complain (
        problems, "H.265 access unit begins with NAL unit type %d", nals.first);
  if (nals.counts[35] > 1)
    complain (problems, "H.265 access unit has %u delimiters", nals.counts[35]);
  if (!nals.has_slice)
    complain (problems, "H.265 access unit without a slice");
  if (irap > 0 && (nals.in_front[32] == 0 || nals.in_front[33] == 0 ||
                      nals.in_front[34] == 0))
    complain (problems, "random access point without parameter sets in front");
  if (irap > 0 && !unit->random_access)
    complain (problems, "random access point without its indicator");
  if (irap == 0 && unit->random_access)
    complain (problems, "random_access_indicator on no IRAP");
}

static guint
adts_size (const guint8 *p, guint left)
{
  if (left < 7 || p[0] != 0xff || (p[1] & 0xf6) != 0xf0)
    return 0;
  return (p[3] & 3) << 11 | p[4] << 3 | p[5] >> 5;
}

/* Layer III of MPEG-1, and of MPEG-2 with half the samples. */
static guint
mpeg_audio_size (const guint8 *p, guint left)
{
  static const guint16 kbps[2][16] = { { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80,
                                           96, 112, 128, 144, 160, 0 },
    { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0 } };
  static const guint rates[] = { 44100, 48000, 32000, 1 };
  guint v1, rate;

  if (left < 4 || p[0] != 0xff || (p[1] & 0xe0) != 0xe0)
    return 0;
  v1 = p[1] >> 3 & 1;
  rate = rates[p[2] >> 2 & 3] / (v1 ? 1 : p[1] & 0x10 ? 2 : 4);
  if (rate == 0)
    return 0;
  return (v1 ? 144000u : 72000u) * kbps[v1][p[2] >> 4] / rate + (p[2] >> 1 & 1);
}

/* ATSC A/52, table 5.18, by sample rate; E-AC-3 says it itself. */
static guint
ac3_size (const guint8 *p, guint left)
{
  static const guint16 words48[] = { 64, 80, 96, 112, 128, 160, 192, 224, 256,
    320, 384, 448, 512, 640, 768, 896, 1024, 1152, 1280 };
  guint code;

  if (left < 6 || p[0] != 0x0b || p[1] != 0x77)
    return 0;
  if (p[5] >> 3 > 10)
    return 2 * (((p[2] & 7) << 8 | p[3]) + 1);
  code = p[4] & 0x3f;
  if (code / 2 >= G_N_ELEMENTS (words48))
    return 0;
  switch (p[4] >> 6) {
    case 0:
      return 2 * words48[code / 2];
    case 1:
      return 2 * (words48[code / 2] * 480 / 441 + (code & 1));
    case 2:
      return 3 * words48[code / 2];
    default:
      return 0;
  }
}

/* opus_control_header() and what it says. */
static guint
opus_size (const guint8 *p, guint left)
{
  guint at = 2, size = 0;

  if (left < 4 || p[0] != 0x7f || (p[1] & 0xe0) != 0xe0)
    return 0;
  for (; at < left && p[at] == 255; at++)
    size += 255;
  if (at >= left)
    return 0;
  size += p[at++];
  at += (p[1] & 0x10 ? 2 : 0) + (p[1] & 0x08 ? 2 : 0);
  return at + size;
}

static void
check_frames (const TsUnit *unit, const gchar *name,
    guint (*frame_size) (const guint8 *, guint), GPtrArray *problems)
{
  const guint8 *p = unit->es->data;
  guint left = unit->es->len;

  while (left > 0) {
    guint size = frame_size (p, left);

    if (size == 0 || size > left) {
      complain (problems, "%s frames do not fill the PES", name);
      return;
    }
    p += size;
    left -= size;
  }
}

GPtrArray *
ts_payload_check (const TsUnit *unit)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func (g_free);

  switch (unit->stream_type) {
    case 0x03:
    case 0x04:
      check_frames (unit, "MPEG audio", mpeg_audio_size, problems);
      break;
    case 0x0f:
      check_frames (unit, "ADTS", adts_size, problems);
      break;
    case 0x1b:
      check_h264 (unit, problems);
      break;
    case 0x24:
      check_h265 (unit, problems);
      break;
    case 0x81:
    case 0x87:
      check_frames (unit, "AC-3", ac3_size, problems);
      break;
    case 0x06:
      if (unit->registration == REGISTERED_OPUS)
        check_frames (unit, "Opus", opus_size, problems);
      else if (unit->registration == REGISTERED_AC3)
        check_frames (unit, "AC-3", ac3_size, problems);
      break;
    case 0x15:
      if (unit->es->len < 10 || memcmp (unit->es->data, "ID3", 3) != 0)
        complain (problems, "no ID3 tag");
      break;
    default:
      break;
  }
  return problems;
}

/* SPDX-License-Identifier: MIT */
#include "rtmpamf.h"

#include <math.h>
#include <string.h>

static const GstArclyAmfLimits limits = { 32, 1000 };

/* An exact copy: a sanitizer then sees a read of one byte too many. */
static GPtrArray *
read_exact (const guint8 *data, gsize size, const GstArclyAmfLimits *within,
    GError **error)
{
  g_autofree guint8 *exact = g_memdup2 (data, size);
  GPtrArray *values = gst_arcly_amf_read (exact, size, within, error);

  if (error)
    g_assert_true ((values == NULL) == (*error != NULL));
  return values;
}

static GPtrArray *
read_ok (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *values = read_exact (data, size, &limits, &error);

  g_assert_no_error (error);
  return values;
}

static void
assert_fails (
    const guint8 *data, gsize size, const GstArclyAmfLimits *within, gint code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (read_exact (data, size, within, &error));
  g_assert_error (error, GST_ARCLY_ERROR, code);
}

/* Types */

typedef struct {
  const gchar *name;
  const gchar *bytes;
  gsize size;
  GstArclyAmfType type;
  gdouble number;      /* what value_number() gives, with fallback -7 */
  const gchar *string; /* what value_string() gives */
  guint n_members;
  const gchar *written; /* NULL: as read */
  gsize written_size;
} Row;

#define BYTES(literal) literal, sizeof (literal) - 1

static const Row rows[] = {
  { "number", BYTES ("\0\x3f\xf8\0\0\0\0\0\0"), GST_ARCLY_AMF_NUMBER, 1.5 },
  { "not a number", BYTES ("\0\x7f\xf8\0\0\0\0\0\0"), GST_ARCLY_AMF_NUMBER,
      NAN },
  { "true", BYTES ("\1\1"), GST_ARCLY_AMF_BOOLEAN, -7 },
  { "true, not 1", BYTES ("\1\xff"), GST_ARCLY_AMF_BOOLEAN, -7, NULL, 0,
      BYTES ("\1\1") },
  { "false", BYTES ("\1\0"), GST_ARCLY_AMF_BOOLEAN, -7 },
  { "string", BYTES ("\2\0\4live"), GST_ARCLY_AMF_STRING, -7, "live" },
  { "empty string", BYTES ("\2\0\0"), GST_ARCLY_AMF_STRING, -7, "" },
  { "string with NUL", BYTES ("\2\0\3a\0b"), GST_ARCLY_AMF_STRING, -7,
      "a\357\277\275b", 0, BYTES ("\2\0\5a\357\277\275b") },
  { "string not in UTF-8", BYTES ("\2\0\2\xff!"), GST_ARCLY_AMF_STRING, -7,
      "\357\277\275!", 0, BYTES ("\2\0\4\357\277\275!") },
  { "long string", BYTES ("\x0c\0\0\0\2hi"), GST_ARCLY_AMF_STRING, -7, "hi", 0,
      BYTES ("\2\0\2hi") },
  { "empty long string", BYTES ("\x0c\0\0\0\0"), GST_ARCLY_AMF_STRING, -7, "",
      0, BYTES ("\2\0\0") },
  { "XML", BYTES ("\x0f\0\0\0\4<a/>"), GST_ARCLY_AMF_STRING, -7, "<a/>", 0,
      BYTES ("\2\0\4<a/>") },
  { "object", BYTES ("\3\0\1a\5\0\1b\1\1\0\0\x09"), GST_ARCLY_AMF_OBJECT, -7,
      NULL, 2 },
  { "empty object", BYTES ("\3\0\0\x09"), GST_ARCLY_AMF_OBJECT, -7 },
  { "object with an empty name", BYTES ("\3\0\0\5\0\0\x09"),
      GST_ARCLY_AMF_OBJECT, -7, NULL, 1 },
  { "typed object", BYTES ("\x10\0\3Foo\0\1a\5\0\0\x09"), GST_ARCLY_AMF_OBJECT,
      -7, NULL, 1, BYTES ("\3\0\1a\5\0\0\x09") },
  { "null", BYTES ("\5"), GST_ARCLY_AMF_NULL, -7 },
  { "undefined", BYTES ("\6"), GST_ARCLY_AMF_UNDEFINED, -7 },
  { "unsupported", BYTES ("\x0d"), GST_ARCLY_AMF_UNDEFINED, -7, NULL, 0,
      BYTES ("\6") },
  { "reference", BYTES ("\7\1\2"), GST_ARCLY_AMF_REFERENCE, -7 },
  { "reference to itself", BYTES ("\3\0\1a\7\0\0\0\0\x09"),
      GST_ARCLY_AMF_OBJECT, -7, NULL, 1 },
  { "ECMA array", BYTES ("\x08\0\0\0\1\0\1a\5\0\0\x09"),
      GST_ARCLY_AMF_ECMA_ARRAY, -7, NULL, 1 },
  { "ECMA array, announces 0", BYTES ("\x08\0\0\0\0\0\1a\5\0\0\x09"),
      GST_ARCLY_AMF_ECMA_ARRAY, -7, NULL, 1,
      BYTES ("\x08\0\0\0\1\0\1a\5\0\0\x09") },
  { "ECMA array, announces 2^32-1",
      BYTES ("\x08\xff\xff\xff\xff\0\1a\5\0\0\x09"), GST_ARCLY_AMF_ECMA_ARRAY,
      -7, NULL, 1, BYTES ("\x08\0\0\0\1\0\1a\5\0\0\x09") },
  { "strict array", BYTES ("\x0a\0\0\0\2\5\1\1"), GST_ARCLY_AMF_STRICT_ARRAY,
      -7, NULL, 2 },
  { "empty strict array", BYTES ("\x0a\0\0\0\0"), GST_ARCLY_AMF_STRICT_ARRAY,
      -7 },
  { "date", BYTES ("\x0b\x40\x8f\x40\0\0\0\0\0\0\0"), GST_ARCLY_AMF_DATE,
      1000 },
  { "date with a time zone", BYTES ("\x0b\x40\x8f\x40\0\0\0\0\0\0\x3c"),
      GST_ARCLY_AMF_DATE, 1000, NULL, 0,
      BYTES ("\x0b\x40\x8f\x40\0\0\0\0\0\0\0") },
};

static void
check_row (const Row *row)
{
  g_autoptr (GPtrArray) values =
      read_ok ((const guint8 *) row->bytes, row->size);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const gchar *written = row->written ? row->written : row->bytes;
  gsize size = row->written ? row->written_size : row->size;
  const GstArclyAmfValue *value;
  gdouble number;

  g_assert_cmpuint (values->len, ==, 1);
  value = values->pdata[0];
  g_assert_cmpuint (gst_arcly_amf_value_type (value), ==, row->type);
  number = gst_arcly_amf_value_number (value, -7);
  g_assert_true (
      number == row->number || (isnan (number) && isnan (row->number)));
  g_assert_cmpstr (gst_arcly_amf_value_string (value), ==, row->string);
  g_assert_cmpuint (gst_arcly_amf_value_n_members (value), ==, row->n_members);
  g_assert_null (gst_arcly_amf_value_member (value, row->n_members, NULL));

  gst_arcly_amf_value_write (value, out);
  g_assert_cmpmem (out->data, out->len, written, size);
  again = read_ok (out->data, out->len);
  g_assert_cmpuint (again->len, ==, 1);
  g_assert_true (gst_arcly_amf_value_equal (value, again->pdata[0]));
}

static void
test_types (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].name);
    check_row (&rows[i]);
  }
}

static void
test_truncated (void)
{
  guint i;
  gsize size;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (size = 1; size < rows[i].size; size++) {
      g_test_message ("%s, %" G_GSIZE_FORMAT " bytes", rows[i].name, size);
      assert_fails ((const guint8 *) rows[i].bytes, size, &limits,
          GST_ARCLY_ERROR_TRUNCATED);
    }
  }
}

static void
test_different (void)
{
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GPtrArray) a =
        read_ok ((const guint8 *) rows[i].bytes, rows[i].size);

    g_assert_false (gst_arcly_amf_value_equal (a->pdata[0], NULL));
    for (j = 0; j < G_N_ELEMENTS (rows); j++) {
      g_autoptr (GPtrArray) b =
          read_ok ((const guint8 *) rows[j].bytes, rows[j].size);

      if (rows[i].type != rows[j].type)
        g_assert_false (gst_arcly_amf_value_equal (a->pdata[0], b->pdata[0]));
      g_assert_true (gst_arcly_amf_value_equal (a->pdata[0], b->pdata[0]) ==
                     gst_arcly_amf_value_equal (b->pdata[0], a->pdata[0]));
    }
  }
}

static void
test_bad (void)
{
  static const struct {
    const gchar *name;
    const gchar *bytes;
    gsize size;
    gint code;
  } bad[] = {
    { "movie clip", BYTES ("\4"), GST_ARCLY_ERROR_INVALID },
    { "record set", BYTES ("\x0e"), GST_ARCLY_ERROR_INVALID },
    { "end of no object", BYTES ("\x09"), GST_ARCLY_ERROR_INVALID },
    { "end as a member", BYTES ("\3\0\1a\x09"), GST_ARCLY_ERROR_INVALID },
    { "end in a strict array", BYTES ("\x0a\0\0\0\1\x09"),
        GST_ARCLY_ERROR_INVALID },
    { "no such marker", BYTES ("\x12"), GST_ARCLY_ERROR_INVALID },
    { "last marker", BYTES ("\xff"), GST_ARCLY_ERROR_INVALID },
    { "AMF3", BYTES ("\x11\1"), GST_ARCLY_ERROR_UNSUPPORTED },
    { "AMF3 in an object", BYTES ("\3\0\1a\x11\1\0\0\x09"),
        GST_ARCLY_ERROR_UNSUPPORTED },
    { "after a good value", BYTES ("\5\x12"), GST_ARCLY_ERROR_INVALID },
    { "strict array of 2^32-1", BYTES ("\x0a\xff\xff\xff\xff\5\5"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "strict array, one too many", BYTES ("\x0a\0\0\0\3\5\5"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "string of 65535",
        BYTES ("\2\xff\xff"
               "ab"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "long string of 2^32-1",
        BYTES ("\x0c\xff\xff\xff\xff"
               "ab"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "name of 65535",
        BYTES ("\3\xff\xff"
               "ab"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "class of 65535",
        BYTES ("\x10\xff\xff"
               "ab"),
        GST_ARCLY_ERROR_TRUNCATED },
    { "object without an end", BYTES ("\3\0\1a\5\0\1b\5"),
        GST_ARCLY_ERROR_TRUNCATED },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_test_message ("%s", bad[i].name);
    assert_fails (
        (const guint8 *) bad[i].bytes, bad[i].size, &limits, bad[i].code);
  }
}

static void
test_empty (void)
{
  g_autoptr (GPtrArray) values = gst_arcly_amf_read (NULL, 0, &limits, NULL);

  g_assert_nonnull (values);
  g_assert_cmpuint (values->len, ==, 0);
}

/* Limits */

typedef struct {
  const gchar *name;
  const gchar *open;
  gsize open_size;
  const gchar *close;
  gsize close_size;
} Nesting;

static const Nesting nestings[] = {
  { "object", BYTES ("\3\0\1a"), BYTES ("\0\0\x09") },
  { "typed object", BYTES ("\x10\0\1T\0\1a"), BYTES ("\0\0\x09") },
  { "ECMA array", BYTES ("\x08\0\0\0\1\0\1a"), BYTES ("\0\0\x09") },
  { "strict array", BYTES ("\x0a\0\0\0\1"), BYTES ("") },
};

static GByteArray *
nest (const Nesting *nesting, guint depth, gboolean closed)
{
  GByteArray *out = g_byte_array_new ();
  guint i;

  for (i = 0; i < depth; i++)
    g_byte_array_append (
        out, (const guint8 *) nesting->open, nesting->open_size);
  g_byte_array_append (out, (const guint8 *) "\5", 1);
  for (i = 0; closed && i < depth; i++)
    g_byte_array_append (
        out, (const guint8 *) nesting->close, nesting->close_size);
  return out;
}

/* One such connect command ended other servers. */
static void
test_deep (void)
{
  static const guint depths[] = { 33, 257, 1000, 30000, 100000 };
  static const GstArclyAmfLimits none = { G_MAXUINT, G_MAXUINT };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (nestings); i++) {
    for (j = 0; j < G_N_ELEMENTS (depths); j++) {
      g_autoptr (GByteArray) open = nest (&nestings[i], depths[j], FALSE);
      g_autoptr (GByteArray) closed = nest (&nestings[i], depths[j], TRUE);

      g_test_message ("%s, %u deep", nestings[i].name, depths[j]);
      assert_fails (open->data, open->len, &limits, GST_ARCLY_ERROR_LIMIT);
      assert_fails (closed->data, closed->len, &limits, GST_ARCLY_ERROR_LIMIT);
      if (depths[j] > 256)
        assert_fails (closed->data, closed->len, &none, GST_ARCLY_ERROR_LIMIT);
    }
  }
}

static void
test_depth_allowed (void)
{
  static const GstArclyAmfLimits most = { 256, 1000 };
  static const GstArclyAmfLimits scalars = { 0, 1000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (nestings); i++) {
    g_autoptr (GByteArray) data = nest (&nestings[i], 256, TRUE);
    g_autoptr (GByteArray) one = nest (&nestings[i], 1, TRUE);
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) values =
        read_exact (data->data, data->len, &most, &error);
    g_autoptr (GPtrArray) again = NULL;

    g_assert_no_error (error);
    gst_arcly_amf_value_write (values->pdata[0], out);
    again = read_exact (out->data, out->len, &most, &error);
    g_assert_no_error (error);
    g_assert_true (
        gst_arcly_amf_value_equal (values->pdata[0], again->pdata[0]));
    assert_fails (one->data, one->len, &scalars, GST_ARCLY_ERROR_LIMIT);
  }
}

/* Depth counts what is open, not what was: a long flat message is fine. */
static void
test_flat (void)
{
  static const GstArclyAmfLimits shallow = { 1, 1000 };
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GPtrArray) values = NULL;
  guint i;

  for (i = 0; i < 1000; i++)
    g_byte_array_append (data, (const guint8 *) "\3\0\0\x09", 4);
  values = read_exact (data->data, data->len, &shallow, NULL);
  g_assert_nonnull (values);
  g_assert_cmpuint (values->len, ==, 1000);
  g_byte_array_append (data, (const guint8 *) "\5", 1);
  assert_fails (data->data, data->len, &shallow, GST_ARCLY_ERROR_LIMIT);
}

/* Members count as values do, wherever they are. */
static void
test_many_members (void)
{
  static const GstArclyAmfLimits few = { 4, 4 };
  static const gchar four[] = "\x0a\0\0\0\3\5\5\5";
  static const gchar five[] = "\x0a\0\0\0\4\5\5\5\5";
  static const gchar named[] = "\3\0\1a\5\0\1a\5\0\1a\5\0\1a\5\0\0\x09";
  g_autoptr (GPtrArray) values =
      read_exact ((const guint8 *) four, sizeof four - 1, &few, NULL);

  g_assert_nonnull (values);
  assert_fails (
      (const guint8 *) five, sizeof five - 1, &few, GST_ARCLY_ERROR_LIMIT);
  assert_fails (
      (const guint8 *) named, sizeof named - 1, &few, GST_ARCLY_ERROR_LIMIT);
}

/* Access */

static void
test_members (void)
{
  static const gchar data[] =
      "\3\0\1a\2\0\1x\0\1b\0\x40\x14\0\0\0\0\0\0\0\1a\2\0\1y\0\0\x09";
  g_autoptr (GPtrArray) values =
      read_ok ((const guint8 *) data, sizeof data - 1);
  const GstArclyAmfValue *object = values->pdata[0];
  const gchar *name = NULL;

  g_assert_cmpuint (gst_arcly_amf_value_n_members (object), ==, 3);
  g_assert_cmpstr (gst_arcly_amf_value_get_string (object, "a"), ==, "y");
  g_assert_cmpfloat (gst_arcly_amf_value_get_number (object, "b", 0), ==, 5);
  g_assert_cmpstr (gst_arcly_amf_value_string (
                       gst_arcly_amf_value_member (object, 0, &name)),
      ==, "x");
  g_assert_cmpstr (name, ==, "a");
  g_assert_null (gst_arcly_amf_value_member (object, 3, &name));
  g_assert_null (name);

  g_assert_null (gst_arcly_amf_value_get (object, "c"));
  g_assert_null (gst_arcly_amf_value_get_string (object, "b"));
  g_assert_cmpfloat (gst_arcly_amf_value_get_number (object, "a", 8), ==, 8);
}

static void
test_strict_array_members (void)
{
  static const gchar data[] = "\x0a\0\0\0\1\2\0\1x";
  g_autoptr (GPtrArray) values =
      read_ok ((const guint8 *) data, sizeof data - 1);
  const gchar *name = NULL;

  g_assert_nonnull (gst_arcly_amf_value_member (values->pdata[0], 0, &name));
  g_assert_cmpstr (name, ==, "");
  g_assert_null (gst_arcly_amf_value_get (values->pdata[0], ""));
}

/* Whatever is missing, no accessor minds. */
static void
test_nothing (void)
{
  g_autoptr (GstArclyAmfValue) empty =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  const GstArclyAmfValue *values[] = { NULL, empty };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (values); i++) {
    g_assert_null (gst_arcly_amf_value_string (values[i]));
    g_assert_cmpfloat (gst_arcly_amf_value_number (values[i], 3), ==, 3);
    g_assert_true (gst_arcly_amf_value_boolean (values[i], TRUE));
    g_assert_false (gst_arcly_amf_value_boolean (values[i], FALSE));
    g_assert_cmpuint (gst_arcly_amf_value_n_members (values[i]), ==, 0);
    g_assert_null (gst_arcly_amf_value_member (values[i], 0, NULL));
    g_assert_null (gst_arcly_amf_value_get (values[i], "a"));
    g_assert_null (gst_arcly_amf_value_get_string (values[i], "a"));
  }
  g_assert_cmpuint (
      gst_arcly_amf_value_type (NULL), ==, GST_ARCLY_AMF_UNDEFINED);
  gst_arcly_amf_value_free (NULL);
}

/* Writing */

/* RTMP 1.0, 7.2.1.1: the answer to connect, byte by byte. */
static void
test_build (void)
{
  static const gchar expected[] =
      "\2\0\7_result\0\x3f\xf0\0\0\0\0\0\0\5"
      "\3\0\4code\2\0\2ok\0\1n\0\x40\0\0\0\0\0\0\0\0\1t\1\1"
      "\0\1l\x0a\0\0\0\1\5\0\1e\x08\0\0\0\1\0\1k\5\0\0\x09\0\0\x09";
  g_autoptr (GstArclyAmfValue) object =
      gst_arcly_amf_value_new (GST_ARCLY_AMF_OBJECT);
  GstArclyAmfValue *list = gst_arcly_amf_value_new (GST_ARCLY_AMF_STRICT_ARRAY);
  GstArclyAmfValue *ecma = gst_arcly_amf_value_new (GST_ARCLY_AMF_ECMA_ARRAY);
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gst_arcly_amf_value_add_string (object, "code", "ok");
  gst_arcly_amf_value_add_number (object, "n", 2);
  gst_arcly_amf_value_add (object, "t", gst_arcly_amf_value_new_boolean (TRUE));
  gst_arcly_amf_value_add (
      list, "ignored", gst_arcly_amf_value_new (GST_ARCLY_AMF_NULL));
  gst_arcly_amf_value_add (object, "l", list);
  gst_arcly_amf_value_add (
      ecma, "k", gst_arcly_amf_value_new (GST_ARCLY_AMF_NULL));
  gst_arcly_amf_value_add (object, "e", ecma);

  g_assert_cmpstr (gst_arcly_amf_value_get_string (object, "code"), ==, "ok");
  gst_arcly_amf_write_string ("_result", out);
  gst_arcly_amf_write_number (1, out);
  gst_arcly_amf_write_null (out);
  gst_arcly_amf_value_write (object, out);
  g_assert_cmpmem (out->data, out->len, expected, sizeof expected - 1);
}

static void
test_long_strings (void)
{
  static const struct {
    gsize size;
    guint8 marker;
    gsize header;
  } sizes[] = { { 65535, 2, 3 }, { 65536, 0x0c, 5 }, { 100000, 0x0c, 5 } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *text = g_strnfill (sizes[i].size, 'x');
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_autoptr (GPtrArray) values = NULL;

    gst_arcly_amf_write_string (text, out);
    g_assert_cmpuint (out->data[0], ==, sizes[i].marker);
    g_assert_cmpuint (out->len, ==, sizes[i].size + sizes[i].header);
    values = read_ok (out->data, out->len);
    g_assert_cmpstr (gst_arcly_amf_value_string (values->pdata[0]), ==, text);
  }
}

/* Each wrong byte of a name becomes three, which may exceed what a name can
 * be: it is cut between characters and can be written. */
static void
test_long_name (void)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) values = NULL, again = NULL;
  g_autofree guint8 *wrong = g_malloc (65535);
  const gchar *name = NULL;

  memset (wrong, 0xff, 65535);
  wrong[0] = 'a';
  g_byte_array_append (data, (const guint8 *) "\3\xff\xff", 3);
  g_byte_array_append (data, wrong, 65535);
  g_byte_array_append (data, (const guint8 *) "\5\0\0\x09", 4);

  values = read_ok (data->data, data->len);
  g_assert_nonnull (gst_arcly_amf_value_member (values->pdata[0], 0, &name));
  g_assert_cmpuint (strlen (name), ==, 65533);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  gst_arcly_amf_value_write (values->pdata[0], out);
  again = read_ok (out->data, out->len);
  g_assert_true (gst_arcly_amf_value_equal (values->pdata[0], again->pdata[0]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpamf/types", test_types);
  g_test_add_func ("/rtmpamf/truncated", test_truncated);
  g_test_add_func ("/rtmpamf/different", test_different);
  g_test_add_func ("/rtmpamf/bad", test_bad);
  g_test_add_func ("/rtmpamf/empty", test_empty);
  g_test_add_func ("/rtmpamf/deep", test_deep);
  g_test_add_func ("/rtmpamf/depth-allowed", test_depth_allowed);
  g_test_add_func ("/rtmpamf/flat", test_flat);
  g_test_add_func ("/rtmpamf/many-members", test_many_members);
  g_test_add_func ("/rtmpamf/members", test_members);
  g_test_add_func ("/rtmpamf/strict-array-members", test_strict_array_members);
  g_test_add_func ("/rtmpamf/nothing", test_nothing);
  g_test_add_func ("/rtmpamf/build", test_build);
  g_test_add_func ("/rtmpamf/long-strings", test_long_strings);
  g_test_add_func ("/rtmpamf/long-name", test_long_name);
  return g_test_run ();
}

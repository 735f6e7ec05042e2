/* SPDX-License-Identifier: MIT
 *
 * What a build without GnuTLS says of rtmps. */
#include <string.h>

#include <gst/arcly/gstarclyerror.h>

#include "rtmptls.h"

static void
test_unsupported (void)
{
  const GstArclyRtmpTlsFiles files = { "certificate.pem", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_arcly_rtmp_tls_new (&files, &error));
  g_assert_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "-Drtmps=enabled"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmpnotls/unsupported", test_unsupported);
  return g_test_run ();
}

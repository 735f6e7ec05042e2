/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include <gst/arcly/http/gstarclyhttprequest.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const gchar *text = (const gchar *) data;
  GstArclyHttpRequest request, again;
  gsize i;

  if (gst_arcly_http_request_parse (&request, text, size) !=
      GST_ARCLY_HTTP_REQUEST_SIMPLE)
    return 0;
  g_assert (request.size <= size);
  g_assert (request.target == text + 4 && request.target[0] == '/');
  g_assert (request.target_size < request.size);
  g_assert (memcmp (text + request.size - 4, "\r\n\r\n", 4) == 0);
  for (i = 0; i < request.target_size; i++)
    g_assert (request.target[i] > ' ' && request.target[i] != '%');
  g_assert (!g_strstr_len (request.target, request.target_size, "/."));
  /* What comes behind makes no difference, nothing less will do. */
  g_assert (gst_arcly_http_request_parse (&again, text, request.size) ==
            GST_ARCLY_HTTP_REQUEST_SIMPLE);
  g_assert (again.size == request.size && again.gzip == request.gzip);
  g_assert (gst_arcly_http_request_parse (&again, text, request.size - 1) ==
            GST_ARCLY_HTTP_REQUEST_MORE);
  return 0;
}

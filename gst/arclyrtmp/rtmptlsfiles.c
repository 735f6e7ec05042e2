/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "rtmptlspriv.h"

#include <string.h>

#include <gnutls/x509.h>

#include <gst/arcly/gstarclyerror.h>

static const gchar versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

typedef GstArclyRtmpTlsStamp Stamp;

/* A certificate, all that follow it, or a key. */
typedef struct {
  gchar *text;
  gsize size;
} File;

static void
file_clear (File *file)
{
  if (file->text)
    gnutls_memset (file->text, 0, file->size); /* it may be a key */
  g_free (file->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (File, file_clear)

static gboolean
file_read (File *file, const gchar *name, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (g_file_get_contents (name, &file->text, &file->size, &local))
    return TRUE;
  g_set_error_literal (
      error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID, local->message);
  return FALSE;
}

static gboolean
invalid (GError **error, const gchar *name, const gchar *what, gint code)
{
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "\"%s\" has no %s: %s", name, what, gnutls_strerror (code));
  return FALSE;
}

static gboolean
use_pair (GstArclyRtmpTls *tls, const GstArclyRtmpTlsFiles *files,
    gnutls_x509_crt_t *chain, guint n, gnutls_x509_privkey_t key,
    GError **error)
{
  gint code;

  code = gnutls_certificate_set_x509_key (tls->credentials, chain, n, key);
  if (code >= 0)
    return TRUE;
  g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_INVALID,
      "the key in \"%s\" is not that of the certificate in \"%s\": %s",
      files->private_key ? files->private_key : files->certificate,
      files->certificate, gnutls_strerror (code));
  return FALSE;
}

static gboolean
use_key (GstArclyRtmpTls *tls, const GstArclyRtmpTlsFiles *files,
    gnutls_x509_crt_t *chain, guint n, GError **error)
{
  const gchar *name =
      files->private_key ? files->private_key : files->certificate;
  g_auto (File) file = { 0 };
  gnutls_x509_privkey_t key;
  gboolean ok;
  gint code;

  if (!file_read (&file, name, error))
    return FALSE;
  code = gnutls_x509_privkey_init (&key);
  if (code < 0)
    return invalid (error, name, "usable key", code);
  code = gnutls_x509_privkey_import2 (key,
      &(gnutls_datum_t){ (guint8 *) file.text, file.size }, GNUTLS_X509_FMT_PEM,
      NULL, 0);
  ok = code < 0 ? invalid (error, name,
                      files->private_key
                          ? "usable key"
                          : "usable key, and no tls-private-key is set",
                      code)
                : use_pair (tls, files, chain, n, key, error);
  gnutls_x509_privkey_deinit (key);
  return ok;
}

static gboolean
use_files (
    GstArclyRtmpTls *tls, const GstArclyRtmpTlsFiles *files, GError **error)
{
  g_auto (File) file = { 0 };
  gnutls_x509_crt_t *chain = NULL;
  gboolean ok;
  guint n = 0, i;
  gint code;

  if (!file_read (&file, files->certificate, error))
    return FALSE;
  code = gnutls_x509_crt_list_import2 (&chain, &n,
      &(gnutls_datum_t){ (guint8 *) file.text, file.size }, GNUTLS_X509_FMT_PEM,
      0);
  if (code < 0)
    return invalid (error, files->certificate, "usable certificate", code);
  ok = use_key (tls, files, chain, n, error);
  for (i = 0; i < n; i++)
    gnutls_x509_crt_deinit (chain[i]);
  gnutls_free (chain);
  return ok;
}

static void
look_at_file (const gchar *name, Stamp *stamp)
{
  struct stat info;

  *stamp = (Stamp){ 0 };
  if (name == NULL || stat (name, &info) != 0)
    return;
  stamp->device = info.st_dev;
  stamp->inode = info.st_ino;
  stamp->size = info.st_size;
  stamp->modified = info.st_mtim;
}

static gboolean
stamp_equal (const Stamp *a, const Stamp *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->modified.tv_sec == b->modified.tv_sec &&
         a->modified.tv_nsec == b->modified.tv_nsec;
}

/* TRUE: they are not those of before. */
static gboolean
look_at_files (GstArclyRtmpTls *tls)
{
  Stamp stamps[2];
  gboolean changed;

  look_at_file (tls->certificate, &stamps[0]);
  look_at_file (tls->private_key, &stamps[1]);
  changed = !stamp_equal (&stamps[0], &tls->stamps[0]) ||
            !stamp_equal (&stamps[1], &tls->stamps[1]);
  memcpy (tls->stamps, stamps, sizeof stamps);
  return changed;
}

GstArclyRtmpTls *
gst_arcly_rtmp_tls_new (const GstArclyRtmpTlsFiles *files, GError **error)
{
  g_autoptr (GstArclyRtmpTls) tls = g_new0 (GstArclyRtmpTls, 1);
  gint code;

  g_return_val_if_fail (files && files->certificate, NULL);

  g_atomic_ref_count_init (&tls->refs);
  tls->certificate = g_strdup (files->certificate);
  tls->private_key = g_strdup (files->private_key);
  /* First: what changes while it is read is read again. */
  look_at_files (tls);
  code = gnutls_certificate_allocate_credentials (&tls->credentials);
  if (code >= 0)
    code = gnutls_priority_init (&tls->priority, versions, NULL);
  if (code < 0) {
    g_set_error (error, GST_ARCLY_ERROR, GST_ARCLY_ERROR_FAILED,
        "TLS does not work here: %s", gnutls_strerror (code));
    return NULL;
  }
  if (!use_files (tls, files, error))
    return NULL;
  return g_steal_pointer (&tls);
}

void
gst_arcly_rtmp_tls_unref (GstArclyRtmpTls *tls)
{
  if (!g_atomic_ref_count_dec (&tls->refs))
    return;
  if (tls->priority)
    gnutls_priority_deinit (tls->priority);
  if (tls->credentials)
    gnutls_certificate_free_credentials (tls->credentials);
  g_free (tls->certificate);
  g_free (tls->private_key);
  g_free (tls);
}

gboolean
gst_arcly_rtmp_tls_update (GstArclyRtmpTls **tls, GError **error)
{
  GstArclyRtmpTls *fresh;

  if (!look_at_files (*tls))
    return FALSE;
  fresh = gst_arcly_rtmp_tls_new (
      &(GstArclyRtmpTlsFiles){ (*tls)->certificate, (*tls)->private_key },
      error);
  if (fresh == NULL)
    return FALSE;
  gst_arcly_rtmp_tls_unref (*tls);
  *tls = fresh;
  return TRUE;
}

/* SPDX-License-Identifier: MIT */
#include "testcertificate.h"

#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define CHECK(code) g_assert_cmpint (code, >=, 0)

static gnutls_x509_privkey_t
make_key (void)
{
  gnutls_x509_privkey_t key;

  CHECK (gnutls_x509_privkey_init (&key));
  CHECK (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
      GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0));
  return key;
}

static gchar *
take_text (gnutls_datum_t *datum)
{
  gchar *text = g_strndup ((gchar *) datum->data, datum->size);

  gnutls_free (datum->data);
  return text;
}

static gchar *
show_key (gnutls_x509_privkey_t key)
{
  gnutls_datum_t datum;

  CHECK (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &datum));
  return take_text (&datum);
}

static gchar *
make_certificate (gnutls_x509_privkey_t key)
{
  static const gchar name[] = "localhost";
  const time_t now = time (NULL);
  gnutls_x509_crt_t certificate;
  gnutls_datum_t datum;

  CHECK (gnutls_x509_crt_init (&certificate));
  CHECK (gnutls_x509_crt_set_version (certificate, 3));
  CHECK (gnutls_x509_crt_set_serial (certificate, "\1", 1));
  CHECK (gnutls_x509_crt_set_activation_time (certificate, now - 60));
  CHECK (gnutls_x509_crt_set_expiration_time (certificate, now + 24 * 3600));
  CHECK (gnutls_x509_crt_set_dn_by_oid (
      certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, strlen (name)));
  CHECK (gnutls_x509_crt_set_subject_alt_name (
      certificate, GNUTLS_SAN_DNSNAME, name, strlen (name), 0));
  CHECK (gnutls_x509_crt_set_key (certificate, key));
  CHECK (gnutls_x509_crt_sign2 (
      certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
  CHECK (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &datum));
  gnutls_x509_crt_deinit (certificate);
  return take_text (&datum);
}

gchar *
test_files_add (TestFiles *files, const gchar *name, const gchar *content)
{
  gchar *path = g_build_filename (files->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  return path;
}

static void
add_pair (TestFiles *files)
{
  gnutls_x509_privkey_t key = make_key ();
  g_autofree gchar *certificate = make_certificate (key);
  g_autofree gchar *text = show_key (key);
  g_autofree gchar *both = g_strconcat (text, certificate, NULL);

  files->certificate = test_files_add (files, "certificate.pem", certificate);
  files->private_key = test_files_add (files, "key.pem", text);
  files->both = test_files_add (files, "both.pem", both);
  gnutls_x509_privkey_deinit (key);
}

static void
free_pair (TestFiles *files)
{
  g_free (files->certificate);
  g_free (files->private_key);
  g_free (files->both);
}

void
test_files_renew (TestFiles *files)
{
  free_pair (files);
  add_pair (files);
}

void
test_files_init (TestFiles *files)
{
  gnutls_x509_privkey_t other = make_key ();
  g_autofree gchar *text = show_key (other);

  files->folder = g_dir_make_tmp ("arcly-XXXXXX", NULL);
  g_assert_nonnull (files->folder);
  files->other_key = test_files_add (files, "other.pem", text);
  add_pair (files);
  gnutls_x509_privkey_deinit (other);
}

void
test_files_clear (TestFiles *files)
{
  GDir *dir = g_dir_open (files->folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (files->folder, name, NULL);

    g_unlink (path);
  }
  g_dir_close (dir);
  g_rmdir (files->folder);
  g_free (files->folder);
  g_free (files->other_key);
  free_pair (files);
}

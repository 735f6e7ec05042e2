/* SPDX-License-Identifier: MIT
 *
 * Shared by rtmptls.c (streams) and rtmptlsfiles.c (what they show). */
#pragma once

#include <sys/stat.h>

#include <gnutls/gnutls.h>

#include "rtmptls.h"

G_BEGIN_DECLS

/* Of a file: another one if any of it differs. 0: there is none. */
typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec modified;
} GstArclyRtmpTlsStamp;

struct _GstArclyRtmpTls {
  gatomicrefcount refs;

  /* Constant. */
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
  gchar *certificate;
  gchar *private_key; /* nullable */

  /* Who calls update(). */
  GstArclyRtmpTlsStamp stamps[2];
};

G_END_DECLS

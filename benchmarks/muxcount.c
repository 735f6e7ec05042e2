/* SPDX-License-Identifier: MIT */
#include "muxcount.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic guint64 n_allocations;

#ifndef MUX_SANITIZED
/* glibc's names for what is behind malloc(). */
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

static void
count (void)
{
  atomic_fetch_add_explicit (&n_allocations, 1, memory_order_relaxed);
}

/* Defined in a program, these serve its libraries, too. */
void *
malloc (size_t size)
{
  count ();
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count ();
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  count ();
  return __libc_realloc (old, size);
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  count ();
  *memory = __libc_memalign (alignment, size);
  return *memory ? 0 : ENOMEM;
}
#endif

guint64
mux_count_allocations (void)
{
  return atomic_load_explicit (&n_allocations, memory_order_relaxed);
}

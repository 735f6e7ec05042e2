/* SPDX-License-Identifier: MIT
 *
 * ThreadSanitizer does not see GLib's mutexes: GLib is not instrumented and
 * builds them on futexes, so data that a GMutex guards is reported as a race.
 * Linked into each test of a ThreadSanitizer build, this file puts itself in
 * front of GLib's lock functions and tells ThreadSanitizer what each orders:
 * what was done before an unlock is seen after the next lock. The same for the
 * reference counts of objects: what was done before a g_object_unref() is seen
 * by who drops the last one.
 *
 * The real functions are looked up at the first call, which comes from GLib's
 * own constructor: before main(), while there is one thread. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdlib.h>
#include <glib-object.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

static struct {
  void (*mutex_lock) (GMutex *);
  gboolean (*mutex_trylock) (GMutex *);
  void (*mutex_unlock) (GMutex *);
  void (*rec_mutex_lock) (GRecMutex *);
  gboolean (*rec_mutex_trylock) (GRecMutex *);
  void (*rec_mutex_unlock) (GRecMutex *);
  void (*reader_lock) (GRWLock *);
  gboolean (*reader_trylock) (GRWLock *);
  void (*reader_unlock) (GRWLock *);
  void (*writer_lock) (GRWLock *);
  gboolean (*writer_trylock) (GRWLock *);
  void (*writer_unlock) (GRWLock *);
  void (*cond_wait) (GCond *, GMutex *);
  gboolean (*cond_wait_until) (GCond *, GMutex *, gint64);
  void (*object_unref) (gpointer);
} real;

static void *
find (const char *name)
{
  void *function = dlsym (RTLD_NEXT, name);

  if (!function)
    abort ();
  return function;
}

/* dlsym() gives an object pointer; ISO C wants the detour over memory. */
#define FIND(field, name) *(void **) &real.field = find (name)

static void
find_real_functions (void)
{
  if (G_LIKELY (real.cond_wait_until))
    return;
  FIND (mutex_lock, "g_mutex_lock");
  FIND (mutex_trylock, "g_mutex_trylock");
  FIND (mutex_unlock, "g_mutex_unlock");
  FIND (rec_mutex_lock, "g_rec_mutex_lock");
  FIND (rec_mutex_trylock, "g_rec_mutex_trylock");
  FIND (rec_mutex_unlock, "g_rec_mutex_unlock");
  FIND (reader_lock, "g_rw_lock_reader_lock");
  FIND (reader_trylock, "g_rw_lock_reader_trylock");
  FIND (reader_unlock, "g_rw_lock_reader_unlock");
  FIND (writer_lock, "g_rw_lock_writer_lock");
  FIND (writer_trylock, "g_rw_lock_writer_trylock");
  FIND (writer_unlock, "g_rw_lock_writer_unlock");
  FIND (cond_wait, "g_cond_wait");
  FIND (object_unref, "g_object_unref");
  FIND (cond_wait_until, "g_cond_wait_until");
}

void
g_mutex_lock (GMutex *mutex)
{
  find_real_functions ();
  real.mutex_lock (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  find_real_functions ();
  locked = real.mutex_trylock (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  find_real_functions ();
  __tsan_release (mutex);
  real.mutex_unlock (mutex);
}

void
g_rec_mutex_lock (GRecMutex *mutex)
{
  find_real_functions ();
  real.rec_mutex_lock (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_rec_mutex_trylock (GRecMutex *mutex)
{
  gboolean locked;

  find_real_functions ();
  locked = real.rec_mutex_trylock (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_rec_mutex_unlock (GRecMutex *mutex)
{
  find_real_functions ();
  __tsan_release (mutex);
  real.rec_mutex_unlock (mutex);
}

void
g_rw_lock_reader_lock (GRWLock *lock)
{
  find_real_functions ();
  real.reader_lock (lock);
  __tsan_acquire (lock);
}

gboolean
g_rw_lock_reader_trylock (GRWLock *lock)
{
  gboolean locked;

  find_real_functions ();
  locked = real.reader_trylock (lock);
  if (locked)
    __tsan_acquire (lock);
  return locked;
}

void
g_rw_lock_reader_unlock (GRWLock *lock)
{
  find_real_functions ();
  __tsan_release (lock);
  real.reader_unlock (lock);
}

void
g_rw_lock_writer_lock (GRWLock *lock)
{
  find_real_functions ();
  real.writer_lock (lock);
  __tsan_acquire (lock);
}

gboolean
g_rw_lock_writer_trylock (GRWLock *lock)
{
  gboolean locked;

  find_real_functions ();
  locked = real.writer_trylock (lock);
  if (locked)
    __tsan_acquire (lock);
  return locked;
}

void
g_rw_lock_writer_unlock (GRWLock *lock)
{
  find_real_functions ();
  __tsan_release (lock);
  real.writer_unlock (lock);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  find_real_functions ();
  __tsan_release (mutex);
  real.cond_wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  find_real_functions ();
  __tsan_release (mutex);
  signalled = real.cond_wait_until (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* Each but the last reference is dropped here, so that the last one comes after
 * all that the others released. Nobody in the tests has toggle references.
 * ThreadSanitizer is told what to see; the counter itself GLib touches unseen.
 */
__attribute__ ((no_sanitize ("thread"))) void
g_object_unref (gpointer data)
{
  GObject *object = data;
  guint count;

  __tsan_release (object);
  count = __atomic_load_n (&object->ref_count, __ATOMIC_ACQUIRE);
  while (count > 1)
    if (__atomic_compare_exchange_n (&object->ref_count, &count, count - 1,
            FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return;
  __tsan_acquire (object);
  real.object_unref (object);
}
